package import SluiceBase

extension OutboxWriter {
    /// Runs an operation on the store, on its thread, before the next batch of deliveries.
    ///
    /// - Throws: what `body` throws; `closed` after `close`.
    package func perform<Answer: Sendable>(
        _ body: @escaping @Sendable (OutboxStore) throws(OutboxError) -> Answer
    ) async throws(OutboxError) -> Answer {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Answer, OutboxError>, Never>) in
            let operation: Operation = { store in
                guard let store else { return continuation.resume(returning: .failure(.closed)) }
                continuation.resume(returning: Result { () throws(OutboxError) in try body(store) })
            }
            let isAccepted = work.withLockAndWake { work in
                if !work.isClosed { work.operations.append(operation) }
                return !work.isClosed
            }
            if !isAccepted { operation(nil) }
        }
        return try result.get()
    }

    /// Records jobs that Zizq accepted. After this returns they are not sent again, not even after a crash.
    package func acknowledge(_ acknowledgements: [Acknowledgement]) async throws(OutboxError) {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Void, OutboxError>, Never>) in
            let isAccepted = work.withLockAndWake { work in
                if !work.isClosed { work.acknowledgements.append(.init(jobs: acknowledgements, done: continuation)) }
                return !work.isClosed
            }
            if !isAccepted { continuation.resume(returning: .failure(.closed)) }
        }
        try result.get()
    }

    /// Moves jobs that cannot be sent to the dead letters.
    package func deadLetter(_ jobs: [FailedJob]) async throws(OutboxError) {
        try await perform { store throws(OutboxError) in try store.deadLetter(jobs) }
    }

    /// Removes jobs from the sending order, until `unpark` or `takeBack`.
    package func park(_ jobs: [Int64], because reason: ParkReason) async throws(OutboxError) {
        try await perform { store throws(OutboxError) in try store.park(jobs, because: reason) }
    }

    /// Moves all jobs that wait for a licence to the end of the sending order, in steps between which deliveries are
    /// stored.
    ///
    /// - Returns: the number of jobs.
    package func unparkAll() async throws(OutboxError) -> Int {
        var total = 0
        var isDone = false
        while !isDone {
            let count = try await perform { store throws(OutboxError) in try store.unpark(limit: Queries.page) }
            total += count
            isDone = count < Queries.page
        }
        return total
    }

    /// The job with which sending continues after a start.
    package func firstPendingJobID() async throws(OutboxError) -> Int64 {
        try await perform { store throws(OutboxError) in store.firstPendingJobID }
    }
}

/// A request to be stored in the quarantine, and the callback for the result.
struct QuarantineEntry: Sendable {
    let request: QuarantinedRequest
    let done: @Sendable (QuarantineRefusal?) -> Void
}

extension OutboxWriter {
    /// The maximum number of requests that wait to be stored in the quarantine.
    private static let maximumQuarantined = 32

    /// Stores a request for which `quarantine` has reserved space. No delivery waits for it.
    ///
    /// - Parameter done: called once, on any thread: with nil when the request is on the disk, or with the reason why
    ///   it is not kept. Its space is then free again.
    package func keep(_ request: QuarantinedRequest, _ done: @escaping @Sendable (QuarantineRefusal?) -> Void) {
        let isAccepted = work.withLock { work in
            guard !work.isClosed, work.quarantined.count < Self.maximumQuarantined else { return false }
            work.quarantined.append(QuarantineEntry(request: request, done: done))
            return true
        }
        guard isAccepted else {
            quarantine.settle(QuarantineCharge(request), isKept: false)
            return done(.busy)
        }
        work.wake()
    }

    /// Stores the waiting requests now, and returns when that is done. For people, who are rare.
    package func storeQuarantined() async throws(OutboxError) {
        try await perform { [self] store throws(OutboxError) in _ = keepQuarantined(in: store) }
    }

    /// Stores the waiting requests, on the writer's thread.
    ///
    /// - Returns: whether there were any.
    func keepQuarantined(in store: OutboxStore) -> Bool {
        let entries = work.withLock { work in
            defer { work.quarantined = [] }
            return work.quarantined
        }
        guard !entries.isEmpty else { return false }
        let isKept = store.keepQuarantined(entries.map(\.request))
        for entry in entries { entry.done(isKept ? nil : .outbox) }
        return true
    }
}
