package import SluiceBase
package import SluiceRoutes

/// A request in a route file, with its expected result.
package struct RouteExample: Sendable {
    /// The name in the file, or `example 2`.
    package let name: String
    package let location: SourceLocation
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

    /// Where the body of the request comes from.
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
    package let location: SourceLocation
    package var status: Expected<Int>?
    package var duplicate: Expected<Bool>?
    package var handshake: Expected<Bool>?
    package var refused: Expected<ErrorCode>?
    package var jobs: Expected<[ExpectedJob]>?
    package var deadLetters: Expected<DeadLetters>?
    package var replyHeaders: [(name: HeaderName, value: Expected<String>)] = []
    package var replyBody: ExpectedJSON?

    /// The expected dead letters.
    package enum DeadLetters: Sendable {
        case count(Int)
        /// In order.
        case reasons([DeadLetterReason])
    }
}

/// An expected value, with its location.
package struct Expected<Value: Sendable>: Sendable {
    package let value: Value
    package let location: SourceLocation
}

/// The expected fields of a job, as Zizq gets them.
package struct ExpectedJob: Sendable {
    package let location: SourceLocation
    package var fields: [(name: String, value: ExpectedJSON)]
}
