internal import SluiceBase

/// A request that stands in a route file, and what must come of it.
struct RouteExample: Sendable {
    /// As the file calls it, or `example 2`.
    let name: String
    let place: Place
    let method: String
    /// Path and query, percent-encoded.
    let target: String
    let headers: [RequestToSign.Header]
    let body: Body
    let signing: Signing
    /// When it comes, in milliseconds since 1970; `nil` for the time of the run.
    let clock: Int64?
    /// `nil` for an address that the route takes.
    let sender: PeerAddress?
    let expectation: Expectation

    enum Body: Sendable {
        case bytes([UInt8])
        /// The name of a file, relative to the routes folder, and where it is named.
        case file(String, Place)
    }

    /// How the request gets its signature, unless it brings one.
    enum Signing: Sendable {
        /// By the route's scheme, with a secret that nobody knows.
        case throwAway
        /// By the route's scheme and this secret, which is the only one to match; a signature that the request brings was made with it.
        case secret(String, Place)
        case unsigned
    }
}

/// What must come of an example; what is `nil` may be anything.
struct Expectation: Sendable {
    let place: Place
    var status: Expected<Int>?
    var duplicate: Expected<Bool>?
    var refused: Expected<ErrorCode>?
    var jobs: Expected<[ExpectedJob]>?
    var deadLetters: Expected<DeadLetters>?
    var replyHeaders: [(name: HeaderName, value: Expected<String>)] = []
    var replyBody: ExpectedJSON?

    enum DeadLetters: Sendable {
        case count(Int)
        /// In order.
        case reasons([DeadLetterReason])
    }
}

/// Something expected, and where that is said.
struct Expected<Value: Sendable>: Sendable {
    let value: Value
    let place: Place
}

/// What a job must have, each field as Zizq gets it.
struct ExpectedJob: Sendable {
    let place: Place
    var fields: [(name: String, value: ExpectedJSON)]
}
