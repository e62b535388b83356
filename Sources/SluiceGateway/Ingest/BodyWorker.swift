internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceRoutes
internal import Synchronization

/// The threads for requests that would occupy an event loop for too long: large bodies, several signatures of public
/// keys, gzip that expands. One thread for most of them, and one for the largest, so that these only delay each other.
/// Each handles one request at a time, so that temporary memory is needed once, in the order of `FairQueue`. Senders of
/// which a request was verified here get every other turn and half of the places: junk from many addresses does not
/// displace them, and they do not displace others.
final class BodyWorker: Sendable {
    /// The limit of `Route.work` for event loops: HMACs of 256 KiB take a fifth of a millisecond per secret.
    static let loopWork = 256 * 1024
    /// The limit of rendered payloads for event loops, in bytes: 4 ms.
    static let loopRendering = 1 << 20
    /// The limit for the thread of the largest requests, in the same unit.
    static let largeWork = 4 << 20
    /// The maximum number of requests that wait for a thread; above it, one of the sender that is furthest ahead is
    /// refused. Their bodies count towards the memory budget, which is usually full earlier.
    static let maximumWaiting = 256
    /// The number of senders that are known.
    static let maximumKnown = 4096

    /// A waiting request, with the handler of its result.
    private struct Job: Sendable {
        let request: IngestRequest
        let shared: SharedRequest
        let stage: Route.Stage
        let done: @Sendable (IngestRequest.Evaluation) -> Void
    }

    private final class Lane: Sendable {
        let waiting = Mutex(KnownFirst<Job>(limit: BodyWorker.maximumWaiting))
    }

    private final class Scratch {
        var route = RouteScratch()
    }

    private let group: EventLoopGroup
    private let lanes = [Lane(), Lane()]
    private let known = Mutex(RecentSenders(limit: BodyWorker.maximumKnown))
    private let scratch = LoopLocal<Scratch>()
    private let memory: MemoryBudget
    private let time: any TimeSource

    init(memory: MemoryBudget, time: any TimeSource) throws(SystemCallError) {
        self.memory = memory
        self.time = time
        group = try EventLoopGroup(count: lanes.count, name: "bodies")
        // Event loops and the outbox serve everyone; these threads serve one sender at a time.
        for mailbox in group.mailboxes { mailbox.post { _ in SystemThread.lowerPriority() } }
    }

    /// Evaluates a request on one of the threads, and calls `done` there.
    ///
    /// - Parameters:
    ///   - work: its `Route.work`.
    ///   - stage: the first remaining stage.
    ///   - done: called once, on any thread; with a refusal if too many requests wait.
    func evaluate(
        _ request: IngestRequest, _ shared: SharedRequest, work: Int, from stage: Route.Stage,
        done: @escaping @Sendable (IngestRequest.Evaluation) -> Void
    ) {
        let lane = work > Self.largeWork ? 1 : 0
        let job = Job(request: request, shared: shared, stage: stage, done: done)
        let sender = request.peer.network
        let isKnown = known.withLock { $0.contains(sender) }
        let displaced = lanes[lane].waiting.withLock { $0.insert(job, of: sender, isKnown: isKnown, work: work) }
        displaced?.done(.tooManyWait)
        group.mailboxes[lane].post { [self] loop in runNext(of: lanes[lane], on: loop) }
    }

    /// Runs the next request, which need not be the one that woke the thread: each one has woken it once.
    private func runNext(of lane: Lane, on loop: EventLoop) {
        guard let job = lane.waiting.withLock({ $0.next() }) else { return }
        let mine = loop[scratch] ?? Scratch()
        loop.set(mine, for: scratch)
        let evaluation = job.shared.read { view in
            job.request.evaluate(view, from: job.stage, memory: memory, time: time, scratch: &mine.route)
        }
        if Self.accepts(evaluation.outcome), job.request.entry.route.isVerified {
            known.withLock { $0.insert(job.request.peer.network) }
        }
        job.done(evaluation)
    }

    private static func accepts(_ outcome: RouteOutcome) -> Bool {
        switch outcome {
        case .store, .acknowledged: true
        case .refused, .rateLimited, .handshake, .learns, .call, .tooLargeForThread, .needsKey: false
        }
    }

    /// Ends the threads after their current requests.
    func stop() async { await group.stop() }
}
