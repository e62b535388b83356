package import SluiceBase
package import SluiceRoutes

/// A request in a route file, with its expected result.
package struct RouteExample: Sendable {
    /// The name in the file, or `example 2`.
    package let name: String
    package let place: SourceLocation
    package let method: String
    /// Path and query, percent-encoded.
    package let target: String
    package let headers: [RequestToSign.Header]
    package let body: Body
    package let signing: Signing
    /// The time of its arrival, in milliseconds since 1970; `nil` for the time of the run.
    package let clock: Int64?
    /// `nil` for an address that the route allows.
    package let sender: PeerAddress?
    package let expectation: Expectation

    package enum Body: Sendable {
        case bytes([UInt8])
        /// The name of a file, relative to the routes folder, and the location of the name.
        case file(String, SourceLocation)
    }

    /// How the request is signed, unless it has a signature.
    package enum Signing: Sendable {
        /// With the route's scheme and a random secret.
        case throwAway
        /// With the route's scheme and this secret, the only one that is valid; a signature in the request was made
        /// with it.
        case secret(String, SourceLocation)
        case unsigned
    }
}

/// The expected result of an example; `nil` means any value.
package struct Expectation: Sendable {
    package let place: SourceLocation
    package var status: Expected<Int>?
    package var duplicate: Expected<Bool>?
    package var handshake: Expected<Bool>?
    package var refused: Expected<ErrorCode>?
    package var jobs: Expected<[ExpectedJob]>?
    package var deadLetters: Expected<DeadLetters>?
    package var replyHeaders: [(name: HeaderName, value: Expected<String>)] = []
    package var replyBody: ExpectedJSON?

    package enum DeadLetters: Sendable {
        case count(Int)
        /// In order.
        case reasons([DeadLetterReason])
    }
}

/// An expected value, with its location.
package struct Expected<Value: Sendable>: Sendable {
    package let value: Value
    package let place: SourceLocation
}

/// The expected fields of a job, as Zizq gets them.
package struct ExpectedJob: Sendable {
    package let place: SourceLocation
    package var fields: [(name: String, value: ExpectedJSON)]
}

/// Percent-encodes (RFC 3986 §2.1) readable text from a file.
package enum PercentEncoding {
    /// A path; a `%` is kept, because it starts an existing escape.
    package static func path(_ text: String) -> String { encode(text, keeping: "/%:@!$&'()*+,;=") }

    /// A whole query; a `%` is kept, too.
    package static func query(_ text: String) -> String { encode(text, keeping: "/?%:@!$&'()*+,;=") }

    /// A name or a value of a query.
    static func component(_ text: String) -> String { encode(text, keeping: "") }

    private static func encode(_ text: String, keeping delimiters: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if isUnreserved(byte) || delimiters.utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// RFC 3986 §2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "-._~".utf8.contains(byte)
    }
}
