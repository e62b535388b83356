internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceRoutes
internal import Synchronization

/// The thread for requests that cost more than an event loop may spend on one: large bodies, many secrets, gzip that grows. One at a time,
/// so that what is made of them for a moment is made once.
final class BodyWorker: Sendable {
    /// What an event loop does itself, by `Route.work`: at 40 ns a byte, the slowest body of that size takes 10 ms.
    static let loopWork = 256 * 1024
    /// So many wait at most. Their bodies count to the memory budget, which is usually full before.
    static let mostWaiting = 256

    private let group: EventLoopGroup
    private let scratch = LoopLocal<Scratch>()
    private let waiting = Atomic<Int>(0)

    private final class Scratch {
        var route = RouteScratch()
    }

    init() throws(SystemCallError) { group = try EventLoopGroup(count: 1, name: "bodies") }

    /// Evaluates a request on the thread, and hands the result on there.
    ///
    /// - Returns: `false` where too many wait; nothing is done then.
    func evaluate(
        _ request: IngestRequest, _ shared: SharedRequest, isVerified: Bool, memory: MemoryBudget, time: any TimeSource,
        _ done: @escaping @Sendable (IngestRequest.Evaluation) -> Void
    ) -> Bool {
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostWaiting else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        return group.mailboxes[0].post { [self] loop in
            let mine = loop[scratch] ?? Scratch()
            loop.set(mine, for: scratch)
            let evaluation = shared.read { view in
                request.evaluate(view, isVerified: isVerified, memory: memory, time: time, scratch: &mine.route)
            }
            waiting.wrappingSubtract(1, ordering: .relaxed)
            done(evaluation)
        }
    }

    /// Ends the thread after what it is at.
    func stop() async { await group.stop() }
}
