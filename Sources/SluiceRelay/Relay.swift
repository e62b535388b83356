package import SluiceBase
internal import SluiceJSON
package import SluiceOutbox
internal import Synchronization
package import Zizq

/// Sends the jobs of the outbox to Zizq. `RelayLane` makes the decisions; this class does the I/O.
package final class Relay: Sendable {
    private let configuration: RelayConfiguration
    private let writer: OutboxWriter
    private let feed: JobFeed
    private let client: ZizqClient
    private let time: any TimeSource
    private let pause: @Sendable (Duration) async throws -> Void
    private let observe: @Sendable (RelayEvent) -> Void
    private let signal = JobSignal()
    private let state: Mutex<RelayState>
    private let health = Mutex(RelayHealth())
    private let finishLimit = Mutex<Duration?>(nil)
    /// The last job that was stored before this process started.
    private let lastOfEarlierProcess: Int64
    /// When the last batch was sent, on the monotonic clock.
    private let lastSent = Mutex<Int64>(.min)
    /// When the server was last asked for its version, on the monotonic clock.
    private let versionAsked = Mutex<Int64?>(nil)

    /// - Parameters:
    ///   - reader: used by this service only.
    ///   - pause: returns after a back-off, or throws when its task is cancelled.
    ///   - observe: receives each event, in order for each lane, from any thread; must be short.
    package init(
        configuration: RelayConfiguration, writer: OutboxWriter, reader: sending OutboxReader, client: ZizqClient,
        time: any TimeSource = SystemTime(),
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        observe: @escaping @Sendable (RelayEvent) -> Void
    ) {
        self.configuration = configuration
        self.writer = writer
        feed = JobFeed(reader, queues: writer.queues)
        self.client = client
        self.time = time
        self.pause = pause
        self.observe = observe
        lastOfEarlierProcess = writer.status.lastJobID
        let mayHaveSetAside = writer.status.parkedJobs > 0
        state = Mutex(RelayState(uniqueKeys: configuration.uniqueKeys, mayHaveSetAside: mayHaveSetAside))
    }

    /// The number of jobs set aside because Zizq refused them, until it is clear whether they or Zizq are the cause.
    package var suspects: Int { state.withLock { $0.refusals.suspects } }

    /// The alarms that are active in any lane.
    package var alarms: Set<RelayAlarm> { health.withLock { $0.alarms } }

    /// Whether jobs are sent, and if not, why.
    package var condition: RelayCondition {
        // A lane notices only after a wait that a command has made a dead letter of its last job.
        let hasJobs = writer.status.pendingJobs > 0
        return health.withLock { $0.condition(hasJobs: hasJobs, now: now) }
    }

    /// Sends jobs until `finish`, or until the task is cancelled, which aborts requests in flight.
    package func run() async {
        if let first = try? await writer.firstPendingJobID() { await feed.start(at: first) }
        await withTaskGroup(of: Part.self) { group in
            group.addTask { await self.runLanes() }
            group.addTask { await self.announceJobs() }
            group.addTask { await self.waitForDeadline() }
            for await ended in group where ended != .announcing { group.cancelAll() }
        }
    }

    /// Makes `run` return once nothing is left to send, or once Zizq does not accept the rest at one last attempt; the
    /// rest stays in the outbox.
    ///
    /// - Parameter limit: the time after which requests in flight are aborted.
    package func finish(within limit: Duration? = nil) {
        finishLimit.withLock { $0 = limit }
        signal.finish()
    }

    /// Tasks that run concurrently.
    private enum Part {
        case lanes
        case announcing
        case deadline
    }

    private func runLanes() async -> Part {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<configuration.concurrency { group.addTask { await self.runLane(number) } }
        }
        return .lanes
    }

    private func announceJobs() async -> Part {
        for await job in writer.committedJobs { signal.announce(job) }
        return .announcing
    }

    private func waitForDeadline() async -> Part {
        await signal.waitForFinish()
        if let limit = finishLimit.withLock({ $0 }) {
            try? await pause(limit)
        } else {
            await signal.waitForCancellation()
        }
        return .deadline
    }

    // MARK: One lane

    private func runLane(_ number: Int) async {
        defer { writer.sending.end(lane: number) }
        var lane = RelayLane(
            limits: configuration.limits, timeout: configuration.timeout, seed: .random(in: 0 ... .max),
            lastOfEarlierProcess: lastOfEarlierProcess)
        var action = state.withLock { lane.started(state: &$0, now: now) }
        while true {
            report(lane.takeEvents())
            // The answer is written first: until then no command may dead-letter a job that Zizq has.
            if !lane.hasUncommittedResult { writer.sending.end(lane: number) }
            guard !Task.isCancelled || action.isChange, let next = await carryOut(action, of: &lane, number) else {
                return
            }
            action = next
        }
    }

    /// - Returns: `nil` when the lane ends.
    private func carryOut(_ action: RelayAction, of lane: inout RelayLane, _ number: Int) async -> RelayAction? {
        switch action {
        case .read(let jobs, let bytes, let wait):
            return await read(for: &lane) { () throws(OutboxError) in try await self.nextJobs(jobs, bytes, wait: wait) }
        case .readAgain(let ranges, let bytes):
            return await read(for: &lane) { () throws(OutboxError) in
                try await self.feed.take(ranges, maximumBytes: bytes)
            }
        case .readOthers(let queue, let jobs, let bytes):
            return await read(for: &lane) { () throws(OutboxError) in
                try await self.takeOthers(than: queue, jobs, bytes)
            }
        case .readSetAside(let query, let bytes): return await readSetAside(query, bytes, for: &lane)
        case .send(let request): return await send(request, for: &lane, number)
        case .change(let change): return await carryOut(change, for: &lane)
        case .wait(let duration):
            guard await waitAndContinue(after: duration) else { return nil }
            return state.withLock { lane.waitEnded(state: &$0, now: now) }
        case .pause(let duration, let recoveries):
            guard await waitAndContinue(after: duration, recoveries: recoveries), !signal.isFinishing else {
                return nil
            }
            return state.withLock { lane.waitEnded(state: &$0, now: now) }
        }
    }

    private func send(_ request: BatchRequest, for lane: inout RelayLane, _ number: Int) async -> RelayAction {
        let buried = writer.sending.begin(request.jobs, lane: number)
        guard buried.isEmpty else { return state.withLock { lane.jobsBuried(buried, state: &$0, now: now) } }
        lastSent.withLock { $0 = now }
        let body = JobObject.bulk(request.jobs.map(\.job), withKeys: request.withKeys, size: request.byteCount)
        let answer = await client.postBulk(body, timeout: request.timeout)
        if answer.isNewConnection { checkVersion() }
        let result = answer.result.mapError { $0.withoutQuotations(of: body) }
        let (action, recoveries) = state.withLock { state in
            let action = lane.answered(result, isNewConnection: answer.isNewConnection, state: &state, now: now)
            return (action, state.refusals.recoveries)
        }
        signal.announceRecovery(recoveries)
        return action
    }

    /// Asks for the server's version: a new connection may lead to another server, or to a new version of the same one.
    /// The client logs a warning for a version that it does not support; no lane waits for the answer.
    private func checkVersion() {
        let past = now
        let isDue = versionAsked.withLock { asked in
            if let asked, past - asked < Self.versionNanoseconds { return false }
            asked = past
            return true
        }
        if isDue { Task { [client] in try? await client.checkVersion() } }
    }

    private static let versionNanoseconds: Int64 = 60_000_000_000

    private func carryOut(_ change: OutboxChange, for lane: inout RelayLane) async -> RelayAction {
        do throws(OutboxError) {
            try await commit(change)
            return state.withLock { lane.changeCommitted(state: &$0, now: now) }
        } catch {
            return state.withLock { lane.changeFailed("\(error)", state: &$0, now: now) }
        }
    }

    private func commit(_ change: OutboxChange) async throws(OutboxError) {
        switch change {
        case .acknowledge(let jobs): try await writer.acknowledge(jobs)
        case .deadLetter(let jobs): try await writer.deadLetter(jobs)
        case .park(let jobs, let reason): try await writer.park(jobs, because: reason)
        case .takeBack(let jobs, let accepted):
            try await writer.perform { store throws(OutboxError) in
                try store.takeBack(jobs, acknowledgements: accepted)
            }
        case .release(isAll: true): _ = try await writer.unparkAll()
        case .release(isAll: false):
            _ = try await writer.perform { store throws(OutboxError) in try store.unpark(limit: 1) }
        }
    }

    private func read(
        for lane: inout RelayLane, _ jobs: () async throws(OutboxError) -> [StoredJob]?
    ) async -> RelayAction? {
        do throws(OutboxError) {
            guard let jobs = try await jobs() else { return nil }
            let heldBack = state.withLock { $0.refusals.heldBack }
            // `writer.status` may lag behind a change of this lane.
            let isLast = jobs.isEmpty ? try await writer.perform { $0.status.pendingJobs == 0 } : false
            return state.withLock { state in
                // Another lane may have held back a job that came after the look at the outbox.
                let isLast = isLast && state.refusals.heldBack == heldBack
                return lane.jobsRead(jobs, isLast: isLast, state: &state, now: now)
            }
        } catch {
            return state.withLock { lane.readFailed("\(error)", state: &$0) }
        }
    }

    private func readSetAside(_ query: SetAsideQuery, _ bytes: Int, for lane: inout RelayLane) async -> RelayAction {
        do throws(OutboxError) {
            let page = try await feed.setAsideJobs(query, maximumBytes: bytes)
            return state.withLock { lane.setAsideRead(page, state: &$0, now: now) }
        } catch {
            return state.withLock { lane.readFailed("\(error)", state: &$0) }
        }
    }

    // MARK: Waiting

    /// - Returns: `nil` if nothing is left and the lane must not wait.
    private func nextJobs(
        _ maximumJobs: Int, _ maximumBytes: Int, wait: RelayAction.ReadWait
    ) async throws(OutboxError) -> [StoredJob]? {
        if case .untilSomeCome = wait { await gather(maximumJobs) }
        while true {
            // Taken before the read, so that a commit after it ends the wait.
            let mark = signal.latest
            let jobs = try await take(maximumJobs, maximumBytes)
            if !jobs.isEmpty { return jobs }
            if signal.isFinishing || Task.isCancelled { return nil }
            switch wait {
            case .untilSomeCome: await signal.wait(beyond: mark)
            case .atMost(let duration):
                await waitForJobs(beyond: mark, atMost: duration, isRoom: maximumJobs > 0)
                return try await take(maximumJobs, maximumBytes)
            }
        }
    }

    private func take(_ maximumJobs: Int, _ maximumBytes: Int) async throws(OutboxError) -> [StoredJob] {
        try await feed.take(maximumJobs: maximumJobs, maximumBytes: maximumBytes, inTurns: mayTakeTurns)
    }

    private func takeOthers(
        than queue: String, _ maximumJobs: Int, _ maximumBytes: Int
    ) async throws(OutboxError) -> [StoredJob] {
        guard mayTakeTurns else { return [] }
        return try await feed.take(notOf: queue, maximumJobs: maximumJobs, maximumBytes: maximumBytes)
    }

    /// Whether the outbox can still record cheaply which jobs are finished out of order.
    private var mayTakeTurns: Bool { writer.status.finishedGroups < Self.maximumGroups }

    private static let maximumGroups = 4000

    /// Waits for more jobs under load: a batch costs the same few system calls and one transaction for its
    /// acknowledgement, whether it has ten jobs or a thousand. The first job after a pause is sent immediately.
    private func gather(_ maximumJobs: Int) async {
        let (sent, past) = lastSent.withLock { ($0, now) }
        guard sent > past - Self.gatherNanoseconds, !signal.isFinishing else { return }
        guard signal.latest - (await feed.position) < Int64(maximumJobs) else { return }
        try? await pause(.nanoseconds(sent + Self.gatherNanoseconds - past))
    }

    private static let gatherNanoseconds: Int64 = 20_000_000

    private func waitForJobs(beyond mark: Int64, atMost duration: Duration, isRoom: Bool) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.pause(duration) }
            if isRoom { group.addTask { await self.signal.wait(beyond: mark) } }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits for a back-off. `finish` ends it early for one last attempt; a job that is refused after that stays in the
    /// outbox.
    ///
    /// - Parameter recoveries: the wait also ends when the number of recoveries is larger.
    /// - Returns: whether the lane continues.
    private func waitAndContinue(after duration: Duration, recoveries: Int = .max) async -> Bool {
        if signal.isFinishing { return false }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await self.pause(duration) }
            group.addTask { await self.signal.waitForRecovery(beyond: recoveries) }
            await group.next()
            group.cancelAll()
        }
        return !Task.isCancelled
    }

    // MARK: Events

    private var now: Int64 { time.monotonicNanoseconds() }

    private func report(_ events: [RelayEvent]) {
        guard !events.isEmpty else { return }
        health.withLock { health in
            for event in events { health.record(event, now: now) }
        }
        for event in events { observe(event) }
    }
}

extension RelayAction {
    /// Whether it changes the outbox. A change is written even during a forced stop, so that the next process does not
    /// send again what Zizq has accepted.
    fileprivate var isChange: Bool {
        switch self {
        case .change: true
        case .read, .readAgain, .readOthers, .readSetAside, .send, .wait, .pause: false
        }
    }
}

/// The `zizq.…` settings of the relay; the client has the others.
package struct RelayConfiguration: Sendable {
    /// `zizq.batch_jobs`, `zizq.batch_bytes`.
    package var limits: BatchLimits
    /// `zizq.timeout`: the time limit for an answer.
    package var timeout: Duration
    /// `zizq.concurrency`: lanes, 1–16. With more than one, jobs may arrive out of commit order.
    package var concurrency: Int
    /// `zizq.unique_keys`.
    package var uniqueKeys: UniqueKeyPolicy

    package init(
        limits: BatchLimits = BatchLimits(), timeout: Duration = .seconds(30), concurrency: Int = 1,
        uniqueKeys: UniqueKeyPolicy = .auto
    ) {
        precondition(1...16 ~= concurrency, "between one and sixteen batches may be in flight")
        self.limits = limits
        self.timeout = timeout
        self.concurrency = concurrency
        self.uniqueKeys = uniqueKeys
    }
}

/// Size limits of a batch: the settings `zizq.batch_jobs` and `zizq.batch_bytes`.
package struct BatchLimits: Sendable, Hashable {
    /// 1–10,000.
    package var jobs: Int
    /// Bytes; a larger job goes alone.
    package var bytes: Int

    package init(jobs: Int = 1000, bytes: Int = 8 << 20) {
        self.jobs = jobs
        self.bytes = bytes
    }
}

/// Whether `unique_key` is sent: the setting `zizq.unique_keys`.
package enum UniqueKeyPolicy: String, Sendable, CaseIterable {
    /// Until the server says that it has no licence for it; tested again from time to time.
    case auto
    /// Always: a server without the licence counts as set up wrongly.
    case always
    /// Never.
    case never
}
