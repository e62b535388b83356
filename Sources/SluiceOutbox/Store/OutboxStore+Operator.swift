package import SluiceBase
internal import Synchronization

/// The commands of the command line.
extension OutboxStore {
    /// The result of forgetting a key.
    package struct ForgottenKeys: Sendable, Hashable {
        /// The number of keys that were remembered.
        package let count: Int
        /// Whether a job of the forgotten deliveries is pending, parked or dead.
        package let isUndelivered: Bool
    }

    /// Moves a pending or parked job to the dead letters, so that it is not sent, even if a lane has already read it.
    ///
    /// - Returns: the dead letter's number.
    /// - Throws: `notFound` for a job that is neither pending nor parked, `beingSent` for one without Zizq's answer:
    ///   Zizq may already have it.
    package func bury(_ id: Int64) throws(OutboxError) -> Int64 {
        try sending.bury(id) { () throws(OutboxError) in try deadLetterBuried(id) }
    }

    private func deadLetterBuried(_ id: Int64) throws(OutboxError) -> Int64 {
        let now = clock.now
        let letter: Int64? = try urgentTransaction { () throws(SQLiteError) in
            guard let stored = try takeOut(id) else { return nil }
            let detail = "the job was removed from the sending order with sluice outbox bury"
            let letter = try insertDeadLetter(DeadLetterRow(stored, reason: .buried, detail: detail), at: now)
            try holdRequest(ofDelivery: stored.delivery)
            try refreshMarks()
            return letter
        }
        guard let letter else { throw .notFound }
        return letter
    }

    private func takeOut(_ id: Int64) throws(SQLiteError) -> StoredJob? {
        if let pending = try pendingJob(id) {
            try deleteJob(id)
            return pending
        }
        guard let parked = try parkedJob(id) else { return nil }
        try removeParked(parked)
        return parked
    }

    // MARK: Keys

    /// Forgets the unique keys of a delivery, so that it is accepted as new when it is sent again. Its jobs then get
    /// the next generation of the key, so that Zizq does not drop them as duplicates of this delivery's.
    ///
    /// - Throws: `notFound` for a delivery that is not remembered.
    package func forgetKeys(ofDelivery deliveryID: String) throws(OutboxError) -> ForgottenKeys {
        let search = DeliverySearch(connection: session.connection)
        guard let rows = try answer(try search.rows(of: deliveryID)) else { throw .notFound }
        var keys: [Fingerprint] = []
        for row in rows {
            if let key = try answer(try key(ofDelivery: row)) { keys.append(key) }
        }
        return try forgetKeys(keys)
    }

    /// Forgets unique keys by their hashes; those that are not remembered are skipped.
    ///
    /// - Parameter text: the `unique_key` that a job of the delivery must have; nil for no condition.
    package func forgetKeys(_ keys: [Fingerprint], ofJob text: String? = nil) throws(OutboxError) -> ForgottenKeys {
        try urgentTransaction { () throws(SQLiteError) in
            var count = 0
            var isUndelivered = false
            for key in keys {
                if let text, try !hasJob(text, key) { continue }
                guard let delivery = try forget(key) else { continue }
                count += 1
                if try self.isUndelivered(row: delivery.holder.row, lastJob: delivery.lastJob) { isUndelivered = true }
            }
            return ForgottenKeys(count: count, isUndelivered: isUndelivered)
        }
    }

    /// Whether the newest delivery with a key has a job that is still in the outbox with this `unique_key`.
    private func hasJob(_ text: String, _ key: Fingerprint) throws(SQLiteError) -> Bool {
        guard let id = try newest(key)?.holder.deliveryID else { return false }
        return try queries.request(ofDelivery: id)?.jobs.contains { $0.uniqueKey == text } ?? false
    }

    /// Forgets a key, inside a transaction. The row stays, so that the next delivery with the key gets the next
    /// generation.
    ///
    /// - Returns: the newest delivery with the key; `nil` if there is none, or its key was forgotten before.
    func forget(_ key: Fingerprint) throws(SQLiteError) -> Remembered? {
        guard let delivery = try newest(key), !delivery.isKeyForgotten else { return nil }
        try session.forgetKey.run(delivery.holder.row, time.wallMilliseconds() + clock.shift)
        return delivery
    }

    /// The key of a row in `deliveries`.
    func key(ofDelivery row: Int64) throws(SQLiteError) -> Fingerprint? {
        try session.selectKey.first(row) { $0.key(0) } ?? nil
    }

    // MARK: Replay

    /// Appends copies of delivered jobs to the sending order, with the same unique keys. Jobs that are no longer kept
    /// are left out.
    ///
    /// - Returns: the number of added jobs, and those with a wrong checksum, which are never sent.
    /// - Throws: `refused` if there is no room for all of them.
    package func replay(_ jobs: [Int64]) throws(OutboxError) -> (replayed: Int, damaged: [Int64]) {
        let found = try answer(try deliveredJobs(jobs))
        let intact = found.filter(\.isIntact)
        guard refusal() == nil, hasRoom(for: intact.reduce(0) { $0 + $1.job.byteCost }) else {
            throw .refused("the outbox has no room for more jobs now (outbox.max_bytes, or the disk)")
        }
        try answer(try append(intact))
        return (intact.count, found.filter { !$0.isIntact }.map(\.id))
    }

    private func append(_ jobs: [StoredJob]) throws(SQLiteError) {
        let now = clock.now
        try transaction { () throws(SQLiteError) in
            for stored in jobs {
                let id = try requeue(stored.job, delivery: stored.delivery, at: now)
                try keepRequest(ofDelivery: stored.delivery, for: id)
            }
        }
    }

    private func deliveredJobs(_ ids: [Int64]) throws(SQLiteError) -> [StoredJob] {
        let statement = try session.connection.prepare(
            "SELECT id, delivery, stored_at, \(StoredJob.columns), own_key FROM jobs WHERE id = ?1")
        var jobs: [StoredJob] = []
        for id in ids { jobs += try statement.all(id) { StoredJob($0) } }
        return jobs
    }
}

/// The jobs that the relay's lanes are sending, and those that an operator has buried: a job cannot be buried while
/// Zizq may be storing it, and a buried one cannot be sent. Can be used from any thread.
package final class SendingJobs: Sendable {
    private struct State {
        var lanes: [Int: Set<Int64>] = [:]
        var buried: Set<Int64> = []
    }

    /// The maximum number of remembered buried jobs: those with the lowest numbers have been sent or removed by then.
    private static let maximumBuried = 100_000

    private let state = Mutex(State())

    /// No job is being sent.
    package init() {}

    /// Records that a lane will send these jobs.
    ///
    /// - Returns: those that were buried; if there are any, nothing may be sent.
    package func begin(_ jobs: ArraySlice<StoredJob>, lane: Int) -> Set<Int64> {
        state.withLock { state in
            let buried = state.buried.isEmpty ? [] : state.buried.intersection(jobs.lazy.map(\.id))
            if buried.isEmpty { state.lanes[lane] = Set(jobs.lazy.map(\.id)) }
            return buried
        }
    }

    /// Records that the answer for the jobs of a lane was written.
    package func end(lane: Int) { state.withLock { $0.lanes[lane] = nil } }

    /// Buries a job, which is then not sent. Lanes wait in the meantime.
    ///
    /// - Throws: `beingSent`, and the errors of `body`.
    func bury(_ job: Int64, by body: () throws(OutboxError) -> Int64) throws(OutboxError) -> Int64 {
        try state.withLock { state throws(OutboxError) in
            guard !state.lanes.values.contains(where: { $0.contains(job) }) else { throw .beingSent(job) }
            let letter = try body()
            if state.buried.count >= Self.maximumBuried, let oldest = state.buried.min() { state.buried.remove(oldest) }
            state.buried.insert(job)
            return letter
        }
    }
}
