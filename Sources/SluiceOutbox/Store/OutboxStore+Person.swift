package import SluiceBase

/// What people ask for on the command line.
extension OutboxStore {
    /// What forgetting a key came to.
    package struct ForgottenKeys: Sendable, Hashable {
        /// How many keys were remembered until now.
        package let count: Int
        /// Whether a job of the forgotten deliveries is pending, parked or dead.
        package let isUndelivered: Bool
    }

    /// More buried jobs are not kept in mind: those with the lowest numbers are sent or gone by then.
    private static let mostBuriedJobs = 100_000

    /// Takes a pending or parked job out of the sending order for good, as a dead letter.
    ///
    /// A lane that has read the job already does not send it any more (`OutboxStatus.buriedJobs`). A request with it
    /// may be on its way at this moment: if Zizq takes it, its acknowledgement removes the dead letter.
    ///
    /// - Returns: the dead letter's number.
    /// - Throws: `notFound` for a job that is neither pending nor parked.
    package func bury(_ id: Int64) throws(OutboxError) -> Int64 {
        let now = clock.now
        let letter: Int64? = try urgentTransaction { () throws(SQLiteError) in
            guard let stored = try takeOut(id) else { return nil }
            let detail = "the job was removed from the sending order with sluice outbox bury"
            let letter = try insertDeadLetter(DeadLetterRow(stored, reason: .buried, detail: detail), at: now)
            try holdRequest(ofDelivery: stored.delivery)
            try refreshPlaces()
            return letter
        }
        guard let letter else { throw .notFound }
        if buriedJobs.count >= Self.mostBuriedJobs, let oldest = buriedJobs.min() { buriedJobs.remove(oldest) }
        buriedJobs.insert(id)
        return letter
    }

    private func takeOut(_ id: Int64) throws(SQLiteError) -> StoredJob? {
        if let pending = try pendingJob(id) {
            try deleteJob(id)
            return pending
        }
        session.selectParkedJob.bind(id, at: 1)
        let parked = try session.selectParkedJob.step() ? StoredJob(session.selectParkedJob) : nil
        session.selectParkedJob.reset()
        guard let parked else { return nil }
        session.deleteParked.bind(id, at: 1)
        try session.deleteParked.run()
        ledger.parked -= 1
        ledger.parkedBytes -= Int64(parked.job.byteCost)
        ledger.isChanged = true
        return parked
    }

    // MARK: Keys

    /// Forgets the unique keys of a delivery, so that it is taken as new when it is sent again. Its jobs then get the
    /// next generation of the key, so that Zizq does not take them for those of this delivery.
    ///
    /// - Throws: `notFound` for a delivery that is not remembered.
    package func forgetKeys(ofDelivery deliveryID: String) throws(OutboxError) -> ForgottenKeys {
        guard let keys = try keys(ofDelivery: deliveryID) else { throw .notFound }
        return try forgetKeys(keys)
    }

    private func keys(ofDelivery deliveryID: String) throws(OutboxError) -> [Fingerprint]? {
        do throws(SQLiteError) {
            guard let rows = try DeliverySearch(connection: session.connection).rows(of: deliveryID) else { return nil }
            var keys: [Fingerprint] = []
            for row in rows {
                if let key = try key(ofDelivery: row) { keys.append(key) }
            }
            return keys
        } catch {
            throw OutboxError(error)
        }
    }

    /// Forgets unique keys by their hashes; those that are not remembered are passed over.
    package func forgetKeys(_ keys: [Fingerprint]) throws(OutboxError) -> ForgottenKeys {
        try urgentTransaction { () throws(SQLiteError) in
            var count = 0
            var isUndelivered = false
            for key in keys {
                guard let delivery = try forget(key) else { continue }
                count += 1
                if try self.isUndelivered(row: delivery.holder.row, lastJob: delivery.lastJob) { isUndelivered = true }
            }
            return ForgottenKeys(count: count, isUndelivered: isUndelivered)
        }
    }

    /// Inside a transaction. The row stays, so that the next acceptance of the key counts its generation on.
    ///
    /// - Returns: the newest delivery with the key; nil if there is none, or its key was forgotten before.
    func forget(_ key: Fingerprint) throws(SQLiteError) -> Remembered? {
        guard let delivery = try newest(key), !delivery.isKeyForgotten else { return nil }
        session.forgetKey.bind(delivery.holder.row, at: 1)
        session.forgetKey.bind(clock.now, at: 2)
        try session.forgetKey.run()
        return delivery
    }

    /// The key of a row in `deliveries`.
    func key(ofDelivery row: Int64) throws(SQLiteError) -> Fingerprint? {
        session.selectKey.bind(row, at: 1)
        defer { session.selectKey.reset() }
        return try session.selectKey.step() ? session.selectKey.key(0) : nil
    }
}
