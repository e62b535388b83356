package import SluiceBase
package import SluiceRoutes

/// A request that stands in a route file, and what must come of it.
package struct RouteExample: Sendable {
    /// As the file calls it, or `example 2`.
    package let name: String
    package let place: SourceLocation
    package let method: String
    /// Path and query, percent-encoded.
    package let target: String
    package let headers: [RequestToSign.Header]
    package let body: Body
    package let signing: Signing
    /// When it comes, in milliseconds since 1970; `nil` for the time of the run.
    package let clock: Int64?
    /// `nil` for an address that the route takes.
    package let sender: PeerAddress?
    package let expectation: Expectation

    package enum Body: Sendable {
        case bytes([UInt8])
        /// The name of a file, relative to the routes folder, and where it is named.
        case file(String, SourceLocation)
    }

    /// How the request gets its signature, unless it brings one.
    package enum Signing: Sendable {
        /// By the route's scheme, with a secret that nobody knows.
        case throwAway
        /// By the route's scheme and this secret, which is the only one to match; a signature that the request brings
        /// was made with it.
        case secret(String, SourceLocation)
        case unsigned
    }
}

/// What must come of an example; what is `nil` may be anything.
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

/// Something expected, and where that is said.
package struct Expected<Value: Sendable>: Sendable {
    package let value: Value
    package let place: SourceLocation
}

/// What a job must have, each field as Zizq gets it.
package struct ExpectedJob: Sendable {
    package let place: SourceLocation
    package var fields: [(name: String, value: ExpectedJSON)]
}

/// Percent-encoding (RFC 3986 §2.1) of what stands in a file as people write it.
package enum PercentEncoding {
    /// A path; a `%` stays, because it begins an escape already.
    package static func path(_ text: String) -> String { encode(text, keeping: "/%:@!$&'()*+,;=") }

    /// A query as a whole, likewise.
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
