package import SluiceBase
package import SluiceNet

/// Answers the requests of a listener. There is one object per event loop, created and called only on its thread.
///
/// It must not block: all other connections of the loop would wait.
package protocol HTTPService: AnyObject, SendableMetatype {
    /// The state of a request from its head to its answer: a reference, so that a connection stores it in one word.
    associatedtype Context: AnyObject = NoContext

    /// The sender's address according to the head, also behind trusted proxies.
    func sender(of request: borrowing RequestView) -> PeerAddress

    /// Decides on a request by its head, before the body is read.
    func admit(_ request: borrowing RequestView) -> Admission<Context>

    /// Answers a complete request, now or later.
    ///
    /// - Parameters:
    ///   - context: the result of `admit`.
    ///   - exchange: identifies the request for `HTTPServerLoop.complete` if the reply is `.later`.
    func respond(to request: borrowing RequestView, context: Context, exchange: ExchangeID) -> ServiceReply

    /// Handles the refusal of an admitted request before it was complete: its body is too large, too slow or malformed,
    /// or there is no memory.
    ///
    /// - Parameters:
    ///   - reason: the rule that it broke; never any part of the request itself.
    ///   - peer: the result of `sender(of:)`.
    ///   - context: the result of `admit`.
    /// - Returns: whether the service has counted it; if not, the observer is called.
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context: Context) -> Bool
}

extension HTTPService {
    package func sender(of request: borrowing RequestView) -> PeerAddress { request.peer }

    package func refused(_ code: ErrorCode, reason: String, peer: PeerAddress, context: Context) -> Bool { false }
}

/// Whether to read a request's body.
package enum Admission<Context: AnyObject> {
    /// Read the body, up to `limit` bytes, and pass it to `respond` with `context`.
    case body(limit: Int, context: Context)
    /// Answer immediately; the body is not read, and the connection closes if there is one.
    case refuse(HTTPResponse)
}

extension Admission<NoContext> {
    /// Read the body, up to `limit` bytes, and pass it to `respond`.
    package static func body(limit: Int) -> Admission { .body(limit: limit, context: .none) }
}

/// The context of a service without state between a request's head and its answer.
package final class NoContext: Sendable {
    static let none = NoContext()
}

/// A service's reply to a request.
package enum ServiceReply {
    case now(HTTPResponse)
    /// The answer follows with `HTTPServerLoop.complete`, on the same loop.
    case later
    /// The head is sent immediately with the first bytes of the body; the rest follows with `HTTPServerLoop.send`,
    /// until `HTTPServerLoop.end`. The function receives the stream's events on the loop.
    case stream(HTTPResponse, (StreamEvent) -> Void)
    /// Close the connection without an answer.
    case drop
}

/// A service for one connection, which stores the context of the current request in the service's own type.
protocol ConnectionService: AnyObject {
    func sender(of request: borrowing RequestView) -> PeerAddress
    func admit(_ request: borrowing RequestView) -> HeadVerdict
    func respond(to request: borrowing RequestView, exchange: ExchangeID) -> ServiceReply
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) -> Bool
}

/// The decision on a request by its head.
enum HeadVerdict {
    case body(limit: Int)
    case refuse(HTTPResponse)
}

/// Stores the context from `admit` to `respond` or `refused`.
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
        // An admitted request is processed once.
        guard let context = context.take() else { return .drop }
        return service.respond(to: request, context: context, exchange: exchange)
    }

    /// - Returns: whether the service has counted it; `false` if it does not know the request yet.
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) -> Bool {
        guard let context = context.take() else { return false }
        return service.refused(code, reason: reason, peer: peer, context: context)
    }
}

/// Events for the service of a streamed answer.
package enum StreamEvent: Sendable, Hashable {
    /// There may be work: the head was sent, a slow receiver has made room, `HTTPServerLoop.wake` was called, or the
    /// time of `HTTPServerLoop.setAlarm` has come.
    case wake
    /// The receiver has closed the connection or does not read, or the server has ended the stream. Sent once and last,
    /// and not after `HTTPServerLoop.end`.
    case over
}

/// Identifies a request in progress: the connection, and which of its requests.
package struct ExchangeID: Sendable, Hashable {
    /// The connection's registration on its loop.
    package let connection: UInt64
    /// Counts the connection's requests.
    package let sequence: UInt32
}

/// Receives events of a listener other than requests that reached their service; for metrics and the log. Called on
/// event loops.
package protocol HTTPServerObserver: Sendable {
    /// A request was refused before it reached its service.
    ///
    /// - Parameter reason: the rule that it broke; never any part of the request itself.
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress)
    /// A connection was refused or closed for another one.
    ///
    /// - Parameter peer: unknown if none was accepted.
    func shed(_ reason: ConnectionShedding, peer: PeerAddress)
    /// A TLS handshake failed, or a connection was closed because of a flood of records without application data.
    func handshakeFailed(_ error: TLSError, peer: PeerAddress)
}

/// Why a connection was refused, or closed for another one.
package enum ConnectionShedding: String, CaseIterable, Sendable {
    /// The longest idle connection was closed for a new one at the limit.
    case idleClosedForNew = "idle_closed_for_new"
    /// A connection without an accepted request was closed for a new one at the limit, or at that of its address.
    case unverifiedClosedForNew = "unverified_closed_for_new"
    /// Too many TLS handshakes were in progress; the oldest of the address with the most of them was closed.
    case handshakeDisplaced = "handshake_displaced"
    /// The limit was reached and no connection was idle: the new one was closed.
    case atCap = "at_cap"
    /// A request arrived just after the connection was closed because it was idle. It is not answered.
    case idleRace = "idle_race"
    /// Its address has reached its limit, and each of its connections has had a request accepted.
    case perAddress = "per_address"
    /// The process or the system has no free descriptor.
    case outOfDescriptors = "out_of_descriptors"
}
