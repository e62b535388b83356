internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import Synchronization

/// Does on the connections what `DevQueueService` decides. Belongs to its event loop.
final class DevQueueEndpoint: HTTPService {
    private let service: DevQueueService
    private unowned let loop: HTTPServerLoop
    private let endpoints: DevQueueEndpoints

    init(service: DevQueueService, loop: HTTPServerLoop, endpoints: DevQueueEndpoints) {
        self.service = service
        self.loop = loop
        self.endpoints = endpoints
    }

    /// More than any batch; a genuine server has no limit.
    private static let bodyLimit = 256 << 20

    func admit(_ request: borrowing RequestView) -> Admission {
        if let refusal = service.refusal(of: request) { return .refuse(refusal) }
        return .body(limit: Self.bodyLimit, context: nil)
    }

    func respond(to request: borrowing RequestView, context: AnyObject?, exchange: ExchangeID) -> ServiceReply {
        switch service.respond(to: request) {
        case .answer(let response): return .now(response)
        case .drop: return .drop
        case .silence: return .later
        case .take(let request): return stream(request, on: exchange)
        case .answerThenClose(let response):
            finish(exchange, with: .answerThenClose(response), after: .zero)
            return .later
        case .bytesThenClose(let bytes):
            finish(exchange, with: .bytesThenClose(bytes), after: .zero)
            return .later
        case .delayed(let duration, let reply):
            finish(exchange, with: reply, after: duration)
            return .later
        }
    }

    private func stream(_ request: TakeRequest, on exchange: ExchangeID) -> ServiceReply {
        let index = loop.loop.index
        let stream = TakeStream(request, store: service.store, loop: loop, exchange: exchange) { [endpoints] in
            endpoints.server?.post(to: index) { $0.wake(exchange) }
        }
        let head = HTTPResponse(status: 200, headers: [("content-type", request.format.streamType)])
        return .stream(head) { stream.note($0) }
    }

    /// Comes back to the exchange, once the loop waits for its answer.
    private func finish(_ exchange: ExchangeID, with reply: DevQueueReply, after delay: Duration) {
        let index = loop.loop.index
        Task { [endpoints] in
            try? await Task.sleep(for: delay)
            endpoints.server?.post(to: index) { $0.carryOut(reply, on: exchange) }
        }
    }
}

extension HTTPServerLoop {
    fileprivate func carryOut(_ reply: DevQueueReply, on exchange: ExchangeID) {
        switch reply {
        case .answer(let response): complete(exchange, with: response)
        case .answerThenClose(let response):
            var bytes: [UInt8] = []
            ResponseWriter.append(response, date: [], connection: .close, to: &bytes)
            breakOff(exchange, with: bytes)
        case .bytesThenClose(let bytes): breakOff(exchange, with: bytes)
        case .drop: drop(exchange)
        case .silence, .delayed, .take: break
        }
    }
}

/// Lets the endpoints, which are made before it is finished, find their server.
final class DevQueueEndpoints: Sendable {
    private let held = Mutex<HTTPServer?>(nil)

    var server: HTTPServer? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}

/// Nobody watches the development queue.
struct DevQueueObserver: HTTPServerObserver {
    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {}
    func shed(_ reason: ConnectionShedding, peer: PeerAddress) {}
    func handshakeFailed(_ error: TLSError, peer: PeerAddress) {}
}
