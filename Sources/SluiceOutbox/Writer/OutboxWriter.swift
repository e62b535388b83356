package import Logging
package import SluiceBase
internal import Synchronization

/// The outbox's thread: stores the submissions of the event loops in as few transactions as the disk allows, and
/// reports the results when they are durable. Callable from any thread.
///
/// The order of its work: all waiting acknowledgements in one transaction; then the operations of `perform`, each in
/// its own transaction; then one batch of deliveries; then maintenance and the requests for the quarantine, at most
/// four times a second.
package final class OutboxWriter: Sendable {
    /// Receives results, once for each origin that has some; called on the writer's thread or, for refusals without a
    /// transaction, on another one. Must be short and must not block.
    package typealias Delivered = @Sendable (_ origin: Int, _ results: [IngestResult]) -> Void

    /// An operation on the store, run on its thread.
    typealias Operation = @Sendable (OutboxStore?) -> Void

    struct Work {
        var queue: CommitQueue
        var operations: [Operation] = []
        var acknowledgements: [WaitingAcknowledgement] = []
        var quarantined: [QuarantineEntry] = []
        /// Whether deliveries were refused with `commit_too_slow` since the thread last started a batch.
        var isTooSlow = false
        var isClosing = false
        var isClosed = false
        var whenClosed: [CheckedContinuation<Void, Never>] = []

        var hasWork: Bool { !queue.isEmpty || !operations.isEmpty || !acknowledgements.isEmpty || isClosing }
    }

    /// The acknowledgements of one lane of the relay that wait to be written.
    struct WaitingAcknowledgement: Sendable {
        let jobs: [Acknowledgement]
        let done: CheckedContinuation<Result<Void, OutboxError>, Never>
    }

    /// How long the thread sleeps without work.
    private static let idleNanoseconds: Int64 = 1_000_000_000

    let work: Monitor<Work>
    /// The jobs that the lanes of the relay are sending.
    package let sending = SendingJobs()
    /// The queues of the stored jobs.
    package let queues = QueueMap()
    /// The figures of the quarantine.
    package let quarantine: QuarantineFigures
    /// Whether the writer's thread has ended; separate from `work`, so that not every delivery wakes the thread that
    /// watches the deadline.
    private let ended = Monitor(false)
    private let configuration: OutboxConfiguration
    private let time: any TimeSource
    private let log: Logger
    private let delivered: Delivered
    private let latest: Mutex<OutboxStatus>
    private let damage = Mutex(false)
    private let commits: AsyncStream<Int64>.Continuation
    /// The id of the last job on the disk, after each transaction that stored some; a slow reader gets only the newest.
    /// For one reader.
    package let committedJobs: AsyncStream<Int64>

    /// Opens the outbox on a new thread, and returns when it is open.
    ///
    /// - Parameters:
    ///   - time: for expiry, retention and deadlines.
    ///   - delivered: receives the results.
    /// - Throws: as `OutboxStore.init`.
    package init(
        _ configuration: OutboxConfiguration, time: any TimeSource, log: Logger, delivered: @escaping Delivered
    ) throws(StartupError) {
        self.configuration = configuration
        self.time = time
        self.log = log
        self.delivered = delivered
        let limits = CommitQueue.Limits(deadlineNanoseconds: configuration.commitDeadline.wholeNanoseconds)
        work = Monitor(Work(queue: CommitQueue(limits: limits)))
        latest = Mutex(OutboxStatus())
        quarantine = QuarantineFigures(limit: configuration.maximumQuarantineBytes)
        (committedJobs, commits) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let opening = Monitor<Result<Void, StartupError>?>(nil)
        try Self.startThread("outbox") { [self] in run(opening) }
        let result = opening.wait(upTo: nil, until: { $0 != nil }, then: { $0 })
        try result?.get()
        try Self.startThread("outbox-deadline") { [self] in refuseOverdueUntilClosed() }
    }

    private static func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) throws(StartupError) {
        do throws(SystemThread.StartError) {
            try SystemThread.start(name: name, body)
        } catch {
            throw StartupError(.unavailable, "cannot start a thread for the outbox (error \(error.code))")
        }
    }

    /// Submits one delivery. Its result always comes through the callback.
    package func submit(_ submission: Submission) {
        let admission = work.withLock { $0.queue.submitted(submission) }
        switch admission {
        case .queued(isFirst: true): work.wake()
        case .queued(isFirst: false): break
        case .refused(let code):
            delivered(submission.origin, [IngestResult(ticket: submission.ticket, outcome: .refused(code))])
        }
    }

    /// The figures after the last transaction; `failing` while a transaction takes so long that deliveries are refused.
    package var status: OutboxStatus {
        var status = latest.withLock { $0 }
        if status.condition == .storing, work.withLock({ $0.isTooSlow }) { status.condition = .failing }
        return status
    }

    /// Whether an unreadable page was found since the start.
    package var isDamaged: Bool { damage.withLock { $0 } }

    /// Records an unreadable page. Callable from any thread; logs once.
    package func foundDamage(_ error: SQLiteError) {
        let wasKnown = damage.withLock { damage in
            defer { damage = true }
            return damage
        }
        guard !wasKnown else { return }
        log.error(
            "outbox damaged: some pages cannot be read, and their contents may be lost; the rest is still in use",
            metadata: Self.fields([.reason: "\(error)\(Self.salvageHint)"]))
    }

    /// The number of deliveries that wait for a transaction.
    package var waiting: Int { work.withLock { $0.queue.count } }

    /// Stops: refuses new deliveries, stores waiting ones, and closes the file. Returns when the file is closed, also
    /// if called again.
    package func close() async {
        await withCheckedContinuation { continuation in
            let isClosed = work.withLockAndWake { work in
                work.isClosing = true
                work.queue.closed()
                if !work.isClosed { work.whenClosed.append(continuation) }
                return work.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }

    // MARK: The writer's thread

    private func run(_ opening: Monitor<Result<Void, StartupError>?>) {
        // The store, and with it the lock, is released before callers learn that the outbox is closed.
        if work(opening) { finish() }
    }

    /// - Returns: false if the outbox could not be opened.
    private func work(_ opening: Monitor<Result<Void, StartupError>?>) -> Bool {
        let store: OutboxStore
        do throws(StartupError) {
            store = try OutboxStore(
                configuration, time: time, sending: sending, queues: queues, quarantine: quarantine,
                held: { [log] in log.warning("\($0)") },
                salvaging: { [log, configuration] in
                    configuration.salvageBegan?()
                    log.error(
                        """
                        the outbox is damaged: saving what can be read into a new one, which can take minutes; do not \
                        end the process
                        """, metadata: Self.fields([.reason: "\($0)"]))
                })
        } catch {
            opening.withLockAndWake { $0 = .failure(error) }
            return false
        }
        switch store.filesystem {
        case .suitable: break
        case .warning(let sentence), .unsuitable(let sentence): log.warning("\(sentence)")
        }
        logDamage(store)
        publish(store)
        opening.withLockAndWake { $0 = .success(()) }
        loop(store)
        store.close()
        return true
    }

    private func logDamage(_ store: OutboxStore) {
        if store.replacesOutbox {
            log.error(
                """
                the outbox file was missing or empty, although an outbox existed before; created an empty one. Stored \
                jobs and unique keys are lost unless you find the file or restore a backup
                """,
                metadata: Self.fields([.file: configuration.path]))
        }
        if store.isHeaderCorrected {
            log.error(
                "the header of the outbox had wrong bits, which were corrected; check the disk",
                metadata: Self.fields([.file: configuration.path]))
        }
        if let log = store.damagedLog {
            let transactions = "\(log.transactions) transaction\(log.transactions == 1 ? "" : "s")"
            self.log.error(
                """
                the write-ahead log of the outbox was damaged: the last transactions are lost; a copy of the log was \
                kept
                """,
                metadata: Self.fields([
                    .file: log.copyPath,
                    .reason: """
                    wrong checksum; lost from there on: \(log.frames) page\(log.frames == 1 ? "" : "s") of \
                    \(transactions); have the providers resend the webhooks of that time
                    """,
                ]))
        }
        if let report = store.salvaged {
            log.error(
                "the outbox was damaged: it was renamed, and what could be read was saved into a new one",
                metadata: Self.fields([
                    .file: report.damagedPath,
                    .reason: "\(report.cause); \(report.lines.joined(separator: "; "))",
                ]))
        } else if !store.earlierDamagedFiles.isEmpty {
            let lists = store.lostLists.joined(separator: ", ")
            log.warning(
                "a damaged outbox was renamed earlier; move it away when you no longer need it",
                metadata: Self.fields([
                    .file: store.earlierDamagedFiles.joined(separator: ", "),
                    .reason: lists.isEmpty
                        ? "no webhooks are listed as lost" : "webhooks that providers must send again are in \(lists)",
                ]))
        }
    }

    private func loop(_ store: OutboxStore) {
        var maintenance = MaintenancePace(at: time.monotonicNanoseconds())
        var quarantineAt = time.monotonicNanoseconds()
        while true {
            if store.fault != nil { maintenance.endRest() }
            let (acknowledgements, operations) = nextRequests(
                maintenanceAt: maintenance.nextStepAt, quarantineAt: quarantineAt)
            acknowledge(acknowledgements, in: store)
            for operation in operations { operation(store) }
            // Not earlier: while an operation runs, the deadline may still remove deliveries from the queue.
            let (results, isClosing) = storeNextBatch(store)
            // Before a sender learns that its delivery was refused, and before maintenance, which can take a second.
            publish(store)
            hand(results)
            let isIdle = acknowledgements.isEmpty && operations.isEmpty && results.isEmpty
            let now = time.monotonicNanoseconds()
            if !isIdle { maintenance.worked(at: now) }
            if now >= quarantineAt || isIdle && isClosing, keepQuarantined(in: store) {
                quarantineAt = now + MaintenancePace.interval
            }
            if isIdle, isClosing { return }
            if maintenance.isDue(at: now, isIdle: isIdle) {
                let hasMore = store.maintainIdle()
                publish(store)
                maintenance.finished(
                    startedAt: now, at: time.monotonicNanoseconds(), hasMore: hasMore)
            } else {
                store.maintain()
            }
        }
    }

    /// Waits for work.
    ///
    /// - Parameters:
    ///   - maintenanceAt: when the next step of maintenance is due, on the monotonic clock; nil if none is known to be.
    ///   - quarantineAt: when requests may be stored in the quarantine again, on the monotonic clock. Anyone can send
    ///     such requests at any rate, and each transaction costs a sync.
    private func nextRequests(
        maintenanceAt: Int64?, quarantineAt: Int64
    ) -> ([WaitingAcknowledgement], [Operation]) {
        let now = time.monotonicNanoseconds()
        let pause = quarantineAt - now
        var longest = pause > 0 ? min(pause, Self.idleNanoseconds) : Self.idleNanoseconds
        if let maintenanceAt { longest = min(longest, max(now, maintenanceAt) - now) }
        return work.wait(upTo: longest, until: { $0.hasWork || pause <= 0 && !$0.quarantined.isEmpty }) { work in
            defer { (work.acknowledgements, work.operations) = ([], []) }
            return (work.acknowledgements, work.operations)
        }
    }

    private func acknowledge(_ waiting: [WaitingAcknowledgement], in store: OutboxStore) {
        guard !waiting.isEmpty else { return }
        let jobs = waiting.count == 1 ? waiting[0].jobs : waiting.flatMap(\.jobs)
        let result = Result { () throws(OutboxError) in try store.acknowledge(jobs) }
        for acknowledgement in waiting { acknowledgement.done.resume(returning: result) }
    }

    /// Stores the next batch. The deliveries are freed when this returns, before anyone gets their results and returns
    /// their memory to the budget.
    private func storeNextBatch(_ store: OutboxStore) -> (results: ResultsByOrigin, isClosing: Bool) {
        let now = time.monotonicNanoseconds()
        let (batch, isClosing) = work.withLock { work in
            work.isTooSlow = false
            return (work.queue.writerBecameReady(at: now), work.isClosing)
        }
        var results = ResultsByOrigin()
        results.refuse(batch.overdue, .commitTooSlow)
        if !batch.deliveries.isEmpty { results.add(store.commit(batch.deliveries), of: batch.deliveries) }
        return (results, isClosing)
    }

    private func publish(_ store: OutboxStore) {
        let status = store.status
        let before = latest.withLock { latest in
            defer { latest = status }
            return latest
        }
        if status.lastJobID != before.lastJobID { commits.yield(status.lastJobID) }
        if let error = store.unreportedError {
            store.unreportedError = nil
            if error.kind == .damaged { foundDamage(error) }
            log.error(
                "outbox error",
                metadata: Self.fields([
                    .reason: "\(error)\(error.kind == .damaged ? Self.salvageHint : "")",
                    .condition: status.condition.rawValue,
                ]))
        } else if status.condition != before.condition {
            log.notice(
                "the condition of the outbox changed", metadata: Self.fields([.condition: status.condition.rawValue]))
        }
        if status.isDeadLimitReached, !before.isDeadLimitReached {
            log.error(
                "dead letters have reached outbox.max_dead_bytes: deliveries that would become dead letters are refused"
            )
        } else if before.isDeadLimitReached, !status.isDeadLimitReached {
            log.notice("dead letters are accepted again")
        }
        if status.isKeyLimitReached, !before.isKeyLimitReached {
            log.error("dropping unique keys before they expire: outbox.max_keys is reached")
        }
        publishDrift(status.clockDriftMilliseconds, before: before.clockDriftMilliseconds)
        publishLog(status, before: before)
    }

    private func publishLog(_ status: OutboxStatus, before: OutboxStatus) {
        if status.isLogHeld, !before.isLogHeld {
            let readers = OutboxFile.lockHolders(of: configuration.path + "-shm").joined(separator: ", ")
            log.error(
                """
                another program reads the outbox in one long transaction, so that its write-ahead log only grows: end \
                that program
                """,
                metadata: Self.fields([
                    .bytes: "\(status.heldLogBytes)", .reason: readers.isEmpty ? "the reader is unknown" : readers,
                ]))
        } else if before.isLogHeld, status.heldLogBytes == 0 {
            log.notice("the write-ahead log of the outbox is checkpointed again")
        }
    }

    private static let salvageHint = "; stop sluice, run sluice outbox salvage, and start it again"

    private func publishDrift(_ drift: Int64, before: Int64) {
        if drift != 0, before == 0 {
            log.error(
                """
                the clock was set \(drift < 0 ? "back" : "forward") by about \(OutboxClock.rounded(drift)) since the \
                start: unique keys do not expire until the \
                clock is corrected; if the new time is correct, restart sluice
                """)
        } else if drift == 0, before != 0 {
            log.notice("the clock was corrected: unique keys expire again")
        }
    }

    private static func fields(_ fields: [LogKey: String]) -> Logger.Metadata {
        Dictionary(uniqueKeysWithValues: fields.map { ($0.key.rawValue, .string($0.value)) })
    }

    private func finish() {
        let left = work.withLockAndWake { work in
            defer {
                (work.isClosed, work.operations, work.acknowledgements, work.whenClosed) = (true, [], [], [])
                work.quarantined = []
            }
            return (
                operations: work.operations, acknowledgements: work.acknowledgements, waiters: work.whenClosed,
                quarantined: work.quarantined
            )
        }
        ended.withLockAndWake { $0 = true }
        for acknowledgement in left.acknowledgements { acknowledgement.done.resume(returning: .failure(.closed)) }
        for operation in left.operations { operation(nil) }
        for entry in left.quarantined { entry.done(.outbox) }
        commits.finish()
        for waiter in left.waiters { waiter.resume() }
    }

    // MARK: Refusals

    /// Refuses overdue deliveries on another thread, because the deadline also applies while the writer's thread hangs
    /// in a sync.
    private func refuseOverdueUntilClosed() {
        let limit = configuration.commitDeadline.wholeNanoseconds
        var pause = limit
        while true {
            let isClosed = ended.wait(upTo: pause, until: { $0 }, then: { $0 })
            if isClosed { return }
            pause = refuseOverdue().map { max(1_000_000, $0 - time.monotonicNanoseconds()) } ?? limit
        }
    }

    /// Refuses the deliveries that have waited for too long.
    ///
    /// - Returns: the next deadline.
    @discardableResult
    func refuseOverdue() -> Int64? {
        let (results, next) = takeOverdue()
        hand(results)
        return next
    }

    private func takeOverdue() -> (results: ResultsByOrigin, nextDeadline: Int64?) {
        let now = time.monotonicNanoseconds()
        let (overdue, next) = work.withLock { work in
            let overdue = work.queue.deadlinePassed(at: now)
            if !overdue.isEmpty { work.isTooSlow = true }
            return (overdue, work.queue.nextDeadline)
        }
        var results = ResultsByOrigin()
        results.refuse(overdue, .commitTooSlow)
        return (results, next)
    }

    /// Reports results, together for each origin.
    private func hand(_ results: ResultsByOrigin) {
        for (origin, results) in results.byOrigin { delivered(origin, results) }
    }
}

/// Results by the event loop that waits for them. Does not retain the deliveries.
private struct ResultsByOrigin {
    private(set) var byOrigin: [Int: [IngestResult]] = [:]

    var isEmpty: Bool { byOrigin.isEmpty }

    mutating func add(_ results: [IngestResult], of deliveries: [Submission]) {
        for (delivery, result) in zip(deliveries, results) { byOrigin[delivery.origin, default: []].append(result) }
    }

    mutating func refuse(_ deliveries: [Submission], _ code: ErrorCode) {
        for delivery in deliveries {
            byOrigin[delivery.origin, default: []].append(
                IngestResult(ticket: delivery.ticket, outcome: .refused(code)))
        }
    }
}

/// Decides when the writer does the next step of maintenance. While there is other work, steps take at most a tenth of
/// the time, so that deliveries do not wait for it. Times are in nanoseconds on the monotonic clock.
struct MaintenancePace {
    /// How often a step is due while there is no pause between batches.
    static let interval: Int64 = 250_000_000
    /// The rest after a step, as a multiple of its length.
    static let restFactor: Int64 = 9
    /// Without other work for this long, steps follow one another without a rest.
    static let quietAfter: Int64 = 1_000_000_000

    private var intervalEnd: Int64
    private var restEnd: Int64
    private var quietAt: Int64
    private var hasMore = true

    /// A start counts as other work: senders may wait for it.
    init(at now: Int64) { (intervalEnd, restEnd, quietAt) = (now, now, now + Self.quietAfter) }

    /// When the next step is due if there is no other work; nil if none is known to be.
    var nextStepAt: Int64? { hasMore ? min(restEnd, quietAt) : nil }

    /// Records that the writer did other work.
    mutating func worked(at now: Int64) { quietAt = now + Self.quietAfter }

    /// - Parameter isIdle: whether nothing else waits.
    func isDue(at now: Int64, isIdle: Bool) -> Bool {
        now >= (isIdle ? min(restEnd, quietAt) : max(restEnd, intervalEnd))
    }

    /// Ends the rest, because deliveries are refused until maintenance has ended the cause.
    mutating func endRest() { restEnd = .min }

    /// Records that a step was done.
    ///
    /// - Parameter hasMore: whether another step has something to do.
    mutating func finished(startedAt start: Int64, at end: Int64, hasMore: Bool) {
        self.hasMore = hasMore
        intervalEnd = start + Self.interval
        restEnd = end + Self.restFactor * (end - start)
    }
}
