internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet

/// Carries out the replies of `DevQueueService` on their connections. Belongs to its event loop.
final class DevQueueEndpoint: HTTPService {
    private let service: DevQueueService
    private unowned let loop: HTTPServerLoop

    init(service: DevQueueService, loop: HTTPServerLoop) {
        self.service = service
        self.loop = loop
    }

    /// Larger than any batch. A Zizq server has no limit.
    private static let bodyLimit = 256 << 20

    func admit(_ request: borrowing RequestView) -> Admission<NoContext> {
        if let refusal = service.refusal(of: request) { return .refuse(refusal) }
        return .body(limit: Self.bodyLimit)
    }

    func respond(to request: borrowing RequestView, context: NoContext, exchange: ExchangeID) -> ServiceReply {
        switch service.respond(to: request) {
        case .answer(let response): return .now(response)
        case .drop: return .drop
        case .silence: return .later
        case .take(let request): return stream(request, on: exchange)
        case .bytesThenClose(let bytes):
            finish(exchange, with: .bytesThenClose(bytes), after: .zero)
            return .later
        case .delayed(let duration, let reply):
            finish(exchange, with: reply, after: duration)
            return .later
        }
    }

    private func stream(_ request: TakeRequest, on exchange: ExchangeID) -> ServiceReply {
        let mailbox = loop.mailbox
        let stream = TakeStream(request, store: service.store, loop: loop, exchange: exchange) {
            mailbox.post { $0.wake(exchange) }
        }
        let head = HTTPResponse(status: 200, headers: [("content-type", "application/x-ndjson")])
        return .stream(head) { stream.note($0) }
    }

    /// Replies to the exchange later, when the loop waits for its answer.
    private func finish(_ exchange: ExchangeID, with reply: DevQueueReply, after delay: Duration) {
        let mailbox = loop.mailbox
        Task {
            try? await Task.sleep(for: delay)
            mailbox.post { $0.carryOut(reply, on: exchange) }
        }
    }
}

extension HTTPServerLoop {
    fileprivate func carryOut(_ reply: DevQueueReply, on exchange: ExchangeID) {
        switch reply {
        case .answer(let response): complete(exchange, with: response)
        case .bytesThenClose(let bytes): breakOff(exchange, with: bytes)
        case .drop: drop(exchange)
        case .silence, .delayed, .take: break
        }
    }
}

/// The answer to one `GET /jobs/take`. Belongs to its event loop.
final class TakeStream {
    private let request: TakeRequest
    private let store: DevQueueStore
    private unowned let loop: HTTPServerLoop
    private let exchange: ExchangeID
    private let wake: @Sendable () -> Void
    private var worker: JobWorkers.ID?
    /// The time of the next heartbeat, in monotonic nanoseconds.
    private var nextBeat: Int64

    private static let heartbeatNanoseconds: Int64 = 3_000_000_000
    /// The approximate number of bytes of jobs sent in one piece.
    private static let pieceBytes = 64 * 1024

    /// - Parameter wake: makes the loop wake the stream; can be called on any thread.
    init(
        _ request: TakeRequest, store: DevQueueStore, loop: HTTPServerLoop, exchange: ExchangeID,
        wake: @escaping @Sendable () -> Void
    ) {
        self.request = request
        self.store = store
        self.loop = loop
        self.exchange = exchange
        self.wake = wake
        nextBeat = loop.loop.now + Self.heartbeatNanoseconds
    }

    func note(_ event: StreamEvent) {
        switch event {
        case .wake:
            let worker = worker ?? store.addWorker(request, wake: wake)
            self.worker = worker
            sendJobs(to: worker)
            sendHeartbeat()
            setAlarm()
        case .over:
            if let worker { store.closeWorker(worker) }
        }
    }

    private func sendJobs(to worker: JobWorkers.ID) {
        while loop.hasRoom(on: exchange) {
            let piece = nextPiece(for: worker)
            guard !piece.isEmpty else { return }
            loop.send(piece, on: exchange)
        }
    }

    private func nextPiece(for worker: JobWorkers.ID) -> [UInt8] {
        var piece: [UInt8] = []
        while piece.count < Self.pieceBytes, let job = store.takeJob(for: worker) {
            job.appendJSON(to: &piece, as: .whole)
            piece.append(ASCII.lineFeed)
        }
        return piece
    }

    private func sendHeartbeat() {
        let now = loop.loop.now
        guard nextBeat <= now else { return }
        nextBeat = now + Self.heartbeatNanoseconds
        // A worker that does not read needs no heartbeat.
        if loop.hasRoom(on: exchange) { loop.send([ASCII.lineFeed], on: exchange) }
    }

    /// Sets the wake-up time to the next heartbeat, or to a job that is ready earlier.
    private func setAlarm() {
        // A job may be scheduled for a time beyond the range of nanoseconds.
        let milliseconds = min(store.millisecondsUntilNextJob() ?? .max, UInt64(Self.heartbeatNanoseconds / 1_000_000))
        loop.setAlarm(at: min(nextBeat, loop.loop.now + Int64(milliseconds) * 1_000_000), for: exchange)
    }
}
