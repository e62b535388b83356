public import Logging
internal import SluiceBase

/// The server that a client connects to, with timeouts, TLS and retries.
///
/// ```swift
/// var configuration = ZizqConfiguration(url: "https://zizq.internal:7890")
/// configuration.readTimeout = .seconds(60)
/// configuration.caCertificatePath = "/etc/zizq/ca.pem"
/// configuration.headers = [(name: "authorization", value: "Bearer \(token)")]
/// let client = try ZizqClient(configuration)
/// ```
public struct ZizqConfiguration: Sendable {
    /// `http://host:port` or `https://host:port`, with a path in front of Zizq's own path if a proxy needs one.
    public var url: String
    /// The time to resolve the name, connect and complete the TLS handshake.
    public var connectTimeout: Duration = .seconds(10)
    /// The time from having a connection to the end of the answer; the default for calls.
    public var readTimeout: Duration = .seconds(30)
    /// A PEM file of trusted certificate authorities, in addition to the system's.
    public var caCertificatePath: String?
    /// A PEM file with the client's certificate chain.
    public var clientCertificatePath: String?
    /// A PEM file with the certificate's key; not needed if the certificate's file contains it.
    public var clientKeyPath: String?
    /// Sent with every request, such as a token that a proxy requires.
    public var headers: [(name: String, value: String)] = []
    /// Concurrent connections, 1–256; further calls wait for one.
    public var maximumConnections = 4
    /// For calls that are safe to repeat: queries, and enqueues in which every job has a unique key.
    public var retryPolicy = RetryPolicy.standard
    /// Receives messages about reconnecting, and about a server with another major version. By default nothing is
    /// logged.
    public var logger: Logger?

    /// A configuration for the server at this URL, with defaults for everything else.
    public init(url: String = "http://127.0.0.1:7890") { self.url = url }
}

extension ZizqConfiguration {
    /// Refuses values that cannot be sent, or that would change the request.
    func check() throws(ZizqError) {
        guard 1...256 ~= maximumConnections else {
            throw .invalidArgument("maximumConnections must be between 1 and 256")
        }
        guard connectTimeout > .zero, readTimeout > .zero else {
            throw .invalidArgument("a timeout must be longer than zero")
        }
        guard retryPolicy.tries > 0 else { throw .invalidArgument("a retry policy needs at least one try") }
        for (name, value) in headers { try Self.check(name, value) }
    }

    private static func check(_ name: String, _ value: String) throws(ZizqError) {
        let isToken =
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0) }
        guard isToken else { throw .invalidArgument("a header name contains an invalid character") }
        guard !ownHeaders.contains(name.lowercased()) else {
            throw .invalidArgument("the header \(name) is set by the client")
        }
        // The value may be a secret, so it is not repeated.
        guard value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalidArgument("the value of the header \(name) has a control character")
        }
    }

    private static let ownHeaders: Set = [
        "host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "expect", "upgrade",
        "te", "trailer",
    ]
}

/// Whether, how often and how soon the client retries a call.
///
/// ```swift
/// try await client.enqueue(SendEmail(to: "alice@example.com"), retry: RetryPolicy(tries: 5, repeatsUnknown: true))
/// ```
///
/// Retries errors that are `isRetryable` (no connection, a timeout, 408, 429, 5xx) after a random delay, up to a bound
/// that doubles with each attempt, or after the delay that the server requests.
public struct RetryPolicy: Sendable, Hashable {
    /// The maximum number of attempts; 1 disables retries.
    public var tries: Int
    /// The maximum delay before the second attempt.
    public var firstDelay: Duration
    /// The maximum delay before any attempt, even if the server requests more.
    public var longestDelay: Duration
    /// Whether to repeat a call that the server may have processed (`isAmbiguous`). Jobs without a unique key may then
    /// be enqueued twice.
    public var repeatsUnknown: Bool

    /// Creates a policy.
    public init(
        tries: Int, firstDelay: Duration = .milliseconds(100), longestDelay: Duration = .seconds(5),
        repeatsUnknown: Bool = false
    ) {
        self.tries = tries
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.repeatsUnknown = repeatsUnknown
    }

    /// One attempt.
    public static let off = RetryPolicy(tries: 1)
    /// Four attempts within a few seconds, even if the result of one is unknown: for calls that are safe to repeat.
    public static let standard = RetryPolicy(tries: 4, repeatsUnknown: true)

    /// The delay before the next attempt.
    ///
    /// - Parameters:
    ///   - tried: the number of attempts so far, at least 1.
    ///   - pick: returns a random number of nanoseconds from 0 up to a bound.
    /// - Returns: `nil` if there is no further attempt.
    func delay(
        after error: ZizqError, tried: Int, pick: (_ bound: Int64) -> Int64 = { Int64.random(in: 0...$0) }
    ) -> Duration? {
        guard tried < tries, error.isRetryable, repeatsUnknown || !error.isAmbiguous else { return nil }
        if let asked = error.retryAfter { return min(asked, longestDelay) }
        let (doublings, longest) = (Int64(min(tried - 1, 20)), longestDelay.wholeNanoseconds)
        let first = min(firstDelay.wholeNanoseconds, longest >> doublings)
        let bound = first < firstDelay.wholeNanoseconds ? longest : first << doublings
        return .nanoseconds(pick(max(0, bound)))
    }
}
