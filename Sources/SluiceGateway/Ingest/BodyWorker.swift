internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceRoutes
internal import Synchronization

/// The threads for requests that cost more than an event loop may spend on one: large bodies, many secrets, gzip that
/// grows. One thread for most of them, and one for the largest, so that these hold up none but each other. On each a
/// request at a time, so that what is made of them for a moment is made once, and in the order of `FairQueue`.
final class BodyWorker: Sendable {
    /// What an event loop does itself, by `Route.work`: HMACs of 256 KiB take a fifth of a millisecond a secret.
    static let loopWork = 256 * 1024
    /// What goes to the thread for the largest, in the same unit.
    static let largeWork = 4 << 20
    /// So many wait for a thread at most; then one of the sender that is furthest ahead of the others goes. Their
    /// bodies count to the memory budget, which is usually full before.
    static let mostWaiting = 256

    /// A request that waits, and who is told of the result.
    private struct Job: Sendable {
        let request: IngestRequest
        let shared: SharedRequest
        let isVerified: Bool
        let done: @Sendable (IngestRequest.Evaluation) -> Void
    }

    private final class Lane: Sendable {
        let waiting = Mutex(FairQueue<Job>(limit: BodyWorker.mostWaiting))
    }

    private final class Scratch {
        var route = RouteScratch()
    }

    private let group: EventLoopGroup
    private let lanes = [Lane(), Lane()]
    private let scratch = LoopLocal<Scratch>()
    private let memory: MemoryBudget
    private let time: any TimeSource

    init(memory: MemoryBudget, time: any TimeSource) throws(SystemCallError) {
        self.memory = memory
        self.time = time
        group = try EventLoopGroup(count: lanes.count, name: "bodies")
        // Event loops and the outbox serve everybody; these threads serve one sender at a time.
        for mailbox in group.mailboxes { mailbox.post { _ in SystemThread.lowerPriority() } }
    }

    /// Evaluates a request on one of the threads, and hands the result on there.
    ///
    /// - Parameters:
    ///   - work: what it costs, by `Route.work`.
    ///   - isVerified: whether only its jobs are left to render.
    ///   - done: called once, on any thread; with a refusal where too many wait.
    func evaluate(
        _ request: IngestRequest, _ shared: SharedRequest, work: Int, isVerified: Bool,
        done: @escaping @Sendable (IngestRequest.Evaluation) -> Void
    ) {
        let lane = work > Self.largeWork ? 1 : 0
        let job = Job(request: request, shared: shared, isVerified: isVerified, done: done)
        let displaced = lanes[lane].waiting.withLock { $0.insert(job, of: request.peer.network, work: work) }
        displaced?.done(.tooManyWait)
        group.mailboxes[lane].post { [self] loop in runNext(of: lanes[lane], on: loop) }
    }

    /// Runs the request whose turn it is, which need not be the one that woke the thread: each one has woken it once.
    private func runNext(of lane: Lane, on loop: EventLoop) {
        guard let job = lane.waiting.withLock({ $0.next() }) else { return }
        let mine = loop[scratch] ?? Scratch()
        loop.set(mine, for: scratch)
        let evaluation = job.shared.read { view in
            job.request.evaluate(view, isVerified: job.isVerified, memory: memory, time: time, scratch: &mine.route)
        }
        job.done(evaluation)
    }

    /// Ends the threads after what they are at.
    func stop() async { await group.stop() }
}
