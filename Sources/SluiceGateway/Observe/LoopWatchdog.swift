internal import Logging
internal import SluiceBase
internal import SluiceNet
internal import Synchronization

/// Counts and logs long turns of event loops, which delay other connections. Can be used from any thread.
final class LoopWatchdog: Sendable {
    private struct Watched {
        let name: String
        let mailbox: LoopMailbox
        /// The start of the last turn that was logged before its end.
        var loggedTurn: Int64?
    }

    /// The age at which a turn is counted and logged before its end.
    private static let longTurn: Int64 = 1_000_000_000
    /// The age at which a turn is not expected to end.
    private static let endlessTurn: Int64 = 30_000_000_000

    private let metrics: MetricsRegistry
    private let logger: Logger
    private let time: any TimeSource
    private let loops = Mutex<[Watched]>([])

    init(metrics: MetricsRegistry, logger: Logger, time: any TimeSource = SystemTime()) {
        self.metrics = metrics
        self.logger = logger
        self.time = time
    }

    /// Starts watched event loops, with their counters at 0.
    func loops(_ count: Int, name: String) throws(SystemCallError) -> EventLoopGroup {
        let group = try EventLoopGroup(count: count, name: name, time: time) { [weak self] in self?.stalled($0, $1) }
        for (index, mailbox) in group.mailboxes.enumerated() {
            let name = "\(name)-\(index)"
            _ = metrics.counter(.loopStalls, labels: [name])
            loops.withLock { $0.append(Watched(name: name, mailbox: mailbox)) }
        }
        return group
    }

    /// Whether a loop is in a turn that is not expected to end: only a restart helps its connections.
    var isStuck: Bool { loops.withLock { $0.contains { age(of: $0.mailbox.currentTurn) > Self.endlessTurn } } }

    /// Counts each turn that takes long and has not ended, and logs it the first time. Called once a second.
    func look() {
        let long = loops.withLock { loops in
            loops.indices.compactMap { index -> (name: String, age: Int64, isNew: Bool)? in
                let turn = loops[index].mailbox.currentTurn
                guard age(of: turn) > Self.longTurn else { return nil }
                defer { loops[index].loggedTurn = turn }
                return (loops[index].name, age(of: turn), loops[index].loggedTurn != turn)
            }
        }
        for turn in long {
            metrics.counter(.loopStalls, labels: [turn.name]).increment()
            guard turn.isNew else { continue }
            logger.error(
                "an event loop is stuck: its other connections are waiting",
                metadata: .fields([.loop: turn.name, .milliseconds: turn.age / 1_000_000]))
        }
    }

    private func age(of turn: Int64?) -> Int64 { turn.map { time.monotonicNanoseconds() - $0 } ?? 0 }

    private func stalled(_ loop: String, _ stall: LoopStall) {
        // Looked up each time: stalls are rare and much longer than a lock.
        metrics.counter(.loopStalls, labels: [loop]).increment()
        logger.warning(
            "an event loop was busy for too long: its other connections had to wait",
            metadata: .fields([
                .loop: loop, .milliseconds: stall.time.wholeNanoseconds / 1_000_000,
                .processorMilliseconds: stall.processorTime.wholeNanoseconds / 1_000_000,
            ]))
    }
}
