internal import SluiceHTTP
internal import SluiceNet

/// The answer to one `GET /jobs/take`, for as long as it lasts. Belongs to its event loop.
final class TakeStream {
    private let request: TakeRequest
    private let store: DevQueueStore
    private unowned let loop: HTTPServerLoop
    private let exchange: ExchangeID
    private let wake: @Sendable () -> Void
    private var taker: JobTakers.ID?
    /// When the next heartbeat is due, in monotonic nanoseconds.
    private var nextBeat: Int64

    private static let heartbeatNanoseconds: Int64 = 3_000_000_000
    /// Jobs go out in pieces of about this many bytes, however many are ready.
    private static let pieceBytes = 64 * 1024

    /// - Parameter wake: makes the loop wake the stream; called on any thread.
    init(_ request: TakeRequest, store: DevQueueStore, loop: HTTPServerLoop, exchange: ExchangeID, wake: @escaping @Sendable () -> Void) {
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
            let taker = taker ?? store.openTaker(request, wake: wake)
            self.taker = taker
            sendJobs(to: taker)
            beat()
            setAlarm()
        case .over:
            if let taker { store.closeTaker(taker) }
        }
    }

    private func sendJobs(to taker: JobTakers.ID) {
        while loop.hasRoom(on: exchange) {
            let piece = nextPiece(for: taker)
            guard !piece.isEmpty else { return }
            loop.send(piece, on: exchange)
        }
    }

    private func nextPiece(for taker: JobTakers.ID) -> [UInt8] {
        var piece: [UInt8] = []
        while piece.count < Self.pieceBytes, let job = store.takeJob(for: taker) {
            var json: [UInt8] = []
            job.appendJSON(to: &json, as: .whole)
            piece += request.format.streamed(json)
        }
        return piece
    }

    private func beat() {
        let now = loop.loop.now
        guard nextBeat <= now else { return }
        nextBeat = now + Self.heartbeatNanoseconds
        // A receiver behind which there is no room is not there to be told that the queue is.
        if loop.hasRoom(on: exchange) { loop.send(request.format.heartbeat, on: exchange) }
    }

    /// Comes back for the next heartbeat, or earlier where a job becomes ready before.
    private func setAlarm() {
        // No further than the heartbeat, which may be nearer than the end of time that a job waits for.
        let milliseconds = min(store.millisecondsUntilNextJob() ?? .max, UInt64(Self.heartbeatNanoseconds / 1_000_000))
        loop.setAlarm(at: min(nextBeat, loop.loop.now + Int64(milliseconds) * 1_000_000), for: exchange)
    }
}
