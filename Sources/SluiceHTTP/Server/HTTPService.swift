package import SluiceBase
package import SluiceNet

/// Answers the requests of a listener. One object for each event loop, made and called on the loop's thread only.
///
/// Nothing in it may block: every other connection of the loop waits meanwhile.
package protocol HTTPService: AnyObject, SendableMetatype {
    /// What a request carries from its head to its answer: a reference, so that a connection holds it in one word.
    associatedtype Context: AnyObject = NoContext

    /// The address that a request comes from, behind proxies that are trusted; by its head.
    func sender(of request: borrowing RequestView) -> PeerAddress

    /// Decides on a request by its head, before the body is read.
    func admit(_ request: borrowing RequestView) -> Admission<Context>

    /// Answers a whole request, now or later.
    ///
    /// - Parameters:
    ///   - context: what `admit` returned for it.
    ///   - exchange: names the request to `HTTPServerLoop.complete` when the reply is `.later`.
    func respond(to request: borrowing RequestView, context: Context, exchange: ExchangeID) -> ServiceReply

    /// A request that was admitted is refused before it was whole: its body is too large, too slow, malformed, or there
    /// is no memory.
    ///
    /// - Parameters:
    ///   - reason: the rule that it broke; never anything of the request itself.
    ///   - peer: its sender, as `sender(of:)` says.
    ///   - context: what `admit` returned for it.
    /// - Returns: whether the service has counted it; if not, the observer is told.
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context: Context) -> Bool
}

extension HTTPService {
    package func sender(of request: borrowing RequestView) -> PeerAddress { request.peer }

    package func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context: Context) -> Bool { false }
}

/// Whether a request's body is wanted.
package enum Admission<Context: AnyObject> {
    /// Read the body, up to `limit` bytes, and hand it to `respond` with `context`.
    case body(limit: Int, context: Context)
    /// Answer at once; the body is not read, and the connection is closed where there is one.
    case refuse(HTTPResponse)
}

extension Admission<NoContext> {
    /// Read the body, up to `limit` bytes, and hand it to `respond`.
    package static func body(limit: Int) -> Admission { .body(limit: limit, context: .none) }
}

/// The context of a service that keeps nothing from a request's head to its answer.
package final class NoContext: Sendable {
    static let none = NoContext()
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

/// The service as one connection asks it, with the context of that connection's request in the service's own type.
protocol ConnectionService: AnyObject {
    func sender(of request: borrowing RequestView) -> PeerAddress
    func admit(_ request: borrowing RequestView) -> HeadVerdict
    func respond(to request: borrowing RequestView, exchange: ExchangeID) -> ServiceReply
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) -> Bool
}

/// What becomes of a request by its head.
enum HeadVerdict {
    case body(limit: Int)
    case refuse(HTTPResponse)
}

/// Holds the context from `admit` to `respond` or `refused`.
final class TypedConnectionService<Service: HTTPService>: ConnectionService {
    private let service: Service
    private var context: Service.Context?

    init(_ service: Service) { self.service = service }

    func sender(of request: borrowing RequestView) -> PeerAddress { service.sender(of: request) }

    func admit(_ request: borrowing RequestView) -> HeadVerdict {
        switch service.admit(request) {
        case .body(let limit, let context):
            self.context = context
            return .body(limit: limit)
        case .refuse(let response): return .refuse(response)
        }
    }

    func respond(to request: borrowing RequestView, exchange: ExchangeID) -> ServiceReply {
        // A request is worked on after it was admitted, once.
        guard let context = context.take() else { return .drop }
        return service.respond(to: request, context: context, exchange: exchange)
    }

    /// - Returns: whether the service has counted it; not where it does not know the request yet.
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) -> Bool {
        guard let context = context.take() else { return false }
        return service.refused(code, reason: reason, peer: peer, context: context)
    }
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
    /// It was closed because it was idle, and a request arrived on it just then. Such a request is not answered.
    case idleRace = "idle_race"
    /// Its address had as many as it may have.
    case perAddress = "per_address"
    /// The process or the system had no descriptor left.
    case outOfDescriptors = "out_of_descriptors"
}
