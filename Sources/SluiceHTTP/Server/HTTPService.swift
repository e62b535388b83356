package import SluiceBase
package import SluiceNet

/// What a listener's requests are for. One object an event loop, made and called on the loop's thread only.
///
/// Nothing in it may block: every other connection of the loop waits meanwhile.
package protocol HTTPService: AnyObject {
    /// The address that a request comes from, behind proxies that are trusted; by its head.
    func sender(of request: borrowing RequestView) -> PeerAddress

    /// Decides on a request by its head, before the body is read.
    func admit(_ request: borrowing RequestView) -> Admission

    /// Answers a whole request, now or later.
    ///
    /// - Parameters:
    ///   - context: what `admit` gave along.
    ///   - exchange: names the request to `HTTPServerLoop.complete` when the reply is `.later`.
    func respond(to request: borrowing RequestView, context: AnyObject?, exchange: ExchangeID) -> ServiceReply

    /// A request that was admitted is refused before it was whole: its body is too large, too slow, malformed, or there
    /// is no memory.
    ///
    /// - Parameters:
    ///   - reason: the rule that it broke; never anything of the request itself.
    ///   - peer: its sender, as `sender(of:)` says.
    ///   - context: what `admit` gave along.
    /// - Returns: whether the service has taken note; if not, the observer is told.
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context: AnyObject?) -> Bool
}

extension HTTPService {
    package func sender(of request: borrowing RequestView) -> PeerAddress { request.peer }

    package func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context: AnyObject?) -> Bool { false }
}

/// Whether a request's body is wanted.
package enum Admission {
    /// Read the body, up to `limit` bytes, and hand it to `respond` with `context`.
    case body(limit: Int, context: AnyObject?)
    /// Answer at once; the body is not read, and the connection is closed where there is one.
    case refuse(HTTPResponse)
}

/// A service's reply to a request.
package enum ServiceReply {
    case now(HTTPResponse)
    /// The answer will be given with `HTTPServerLoop.complete`, on the same loop.
    case later
    /// The head goes out at once, with the body's first bytes; the rest follows with `HTTPServerLoop.send`, until
    /// `HTTPServerLoop.end`. The function is told on the loop what becomes of it.
    case stream(HTTPResponse, (StreamEvent) -> Void)
    /// Close the connection without an answer.
    case drop
}

/// What the service behind a streamed answer is told.
package enum StreamEvent: Sendable, Hashable {
    /// There may be something to do: the head has gone out, there is room again behind a receiver that was slow,
    /// `HTTPServerLoop.wake` was called, or the time of `HTTPServerLoop.setAlarm` has come.
    case wake
    /// The receiver has gone or does not read, or the server ends what it is about. Comes once and last, and not after
    /// `HTTPServerLoop.end`.
    case over
}

/// Names one request in work: the connection, and which of its requests.
package struct ExchangeID: Sendable, Hashable {
    /// The connection's registration on its loop.
    package let connection: UInt64
    /// Counts the connection's requests.
    package let sequence: UInt32

    package init(connection: UInt64, sequence: UInt32) {
        self.connection = connection
        self.sequence = sequence
    }
}

/// What happened on a listener besides requests that reached their service; for metrics and the log. Called on event
/// loops.
package protocol HTTPServerObserver: Sendable {
    /// A request was refused before it reached its service.
    ///
    /// - Parameter reason: the rule that it broke; never anything of the request itself.
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress)
    /// A connection was turned away or closed for another one.
    ///
    /// - Parameter peer: unknown where none was accepted.
    func shed(_ reason: ConnectionShedding, peer: PeerAddress)
    /// A TLS handshake failed, or a connection was closed behind it because of a flood of records without application
    /// data.
    func handshakeFailed(_ error: TLSError, peer: PeerAddress)
}

/// Why a connection was turned away or closed for another one.
package enum ConnectionShedding: String, CaseIterable, Sendable {
    /// The longest idle connection was closed for a new one at the cap.
    case idleClosedForNew = "idle_closed_for_new"
    /// At the cap one without an accepted request was closed for a new one.
    case unverifiedClosedForNew = "unverified_closed_for_new"
    /// Too many TLS handshakes were under way; the oldest of the address with most of them was given up.
    case handshakeDisplaced = "handshake_displaced"
    /// At the cap and none was idle: the new one was closed.
    case atCap = "at_cap"
    /// Its address had as many as it may have.
    case perAddress = "per_address"
    /// The process or the system had no descriptor left.
    case outOfDescriptors = "out_of_descriptors"
}
