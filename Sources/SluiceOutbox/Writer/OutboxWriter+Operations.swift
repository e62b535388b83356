extension OutboxWriter {
    /// Asks the store for something, on its thread, before the next batch of deliveries.
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

    /// Zizq took these jobs. When this returns they will not be sent again, not even after a crash.
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

    /// Takes jobs out of the sending order, until `unpark` or `takeBack`.
    package func park(_ jobs: [Int64], because reason: ParkReason) async throws(OutboxError) {
        try await perform { store throws(OutboxError) in try store.park(jobs, because: reason) }
    }

    /// Puts all jobs that wait for a licence back at the end of the sending order, in steps between which deliveries
    /// are stored.
    ///
    /// - Returns: how many.
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

    /// Puts the job of a dead letter back at the end of the sending order.
    ///
    /// - Returns: the job's new id.
    package func retryDeadLetter(_ id: Int64) async throws(OutboxError) -> Int64 {
        try await perform { store throws(OutboxError) in try store.retryDeadLetter(id) }
    }

    /// Where sending goes on after a start.
    package func firstPendingJobID() async throws(OutboxError) -> Int64 {
        try await perform { store throws(OutboxError) in store.firstPendingJobID }
    }
}
