public import Logging
internal import SluiceBase

/// Which Zizq server a client talks to, and how.
///
/// ```swift
/// var configuration = ZizqConfiguration(url: "https://zizq.internal:7890")
/// configuration.readTimeout = .seconds(60)
/// configuration.caCertificatePath = "/etc/zizq/ca.pem"
/// configuration.headers = [(name: "authorization", value: "Bearer \(token)")]
/// let client = try ZizqClient(configuration)
/// ```
public struct ZizqConfiguration: Sendable {
    /// `http://host:port` or `https://host:port`, with a path in front of Zizq's own where a proxy needs one.
    public var url: String
    /// To resolve the name, connect and shake hands.
    public var connectTimeout: Duration = .seconds(10)
    /// From having a connection to the end of an answer; a call may be given another.
    public var readTimeout: Duration = .seconds(30)
    /// A PEM file of certificate authorities that are trusted besides the system's.
    public var caCertificatePath: String?
    /// A PEM file with the certificate chain by which the client names itself.
    public var clientCertificatePath: String?
    /// A PEM file with the certificate's key; not needed where the certificate's file holds it, too.
    public var clientKeyPath: String?
    /// Sent along with every request, such as a token that a proxy wants.
    public var headers: [(name: String, value: String)] = []
    /// Connections at once, 1–256; more calls wait for one to come free.
    public var maximumConnections = 4
    /// For calls that do no harm when they are made twice: what only asks, and enqueues in which every job has a unique
    /// key.
    public var retryPolicy = RetryPolicy.standard
    /// Where the client tells what it does by itself: reconnects, and a server of another version. Nowhere unless
    /// given.
    public var logger: Logger?

    /// A server at this URL, everything else by default.
    public init(url: String = "http://127.0.0.1:7890") { self.url = url }
}

extension ZizqConfiguration {
    /// Refuses what could not be sent, or would change what is sent.
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
        // The value may be a secret: it is not repeated.
        guard value.utf8.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalidArgument("the value of the header \(name) has a control character")
        }
    }

    private static let ownHeaders: Set = [
        "host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "expect", "upgrade",
        "te", "trailer",
    ]
}

/// Whether, how often and how soon a call is tried again by the client itself.
///
/// ```swift
/// try await client.enqueue(SendEmail(to: "alice@example.com"), retry: RetryPolicy(tries: 5, repeatsUnknown: true))
/// ```
///
/// Tried again is what `ZizqError.isRetryable` says may succeed later: no connection, none in time, 408, 429, 5xx.
/// Between two tries lies a time at random, up to one that doubles with each, or what the server asks for.
public struct RetryPolicy: Sendable, Hashable {
    /// How often a call is made at most; 1 for no second try.
    public var tries: Int
    /// Up to how long the second try waits.
    public var firstDelay: Duration
    /// Up to how long any try waits, also where the server asks for more.
    public var longestDelay: Duration
    /// Whether a call is made again of which the server may have done what was asked (`isAmbiguous`). What is enqueued
    /// without a unique key may then be there twice.
    public var repeatsUnknown: Bool

    /// A policy of these.
    public init(
        tries: Int, firstDelay: Duration = .milliseconds(100), longestDelay: Duration = .seconds(5),
        repeatsUnknown: Bool = false
    ) {
        self.tries = tries
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.repeatsUnknown = repeatsUnknown
    }

    /// One try.
    public static let off = RetryPolicy(tries: 1)
    /// Four tries within a few seconds, also where the outcome of one is unknown: for calls that do no harm when they
    /// are made twice.
    public static let standard = RetryPolicy(tries: 4, repeatsUnknown: true)

    /// How long to wait before the next try.
    ///
    /// - Parameters:
    ///   - tried: how often the call was made, at least once.
    ///   - pick: picks a number of nanoseconds from 0 up to a bound.
    /// - Returns: `nil` where it is not to be made again.
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
