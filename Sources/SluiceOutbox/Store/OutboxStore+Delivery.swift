internal import SluiceBase

extension OutboxStore {
    /// Records jobs that Zizq accepted, which are not sent again. Written even if the disk is full, from the reserve.
    ///
    /// Removes about as many delivered jobs as their retention allows, in the same transaction. Skips jobs that are
    /// already acknowledged.
    package func acknowledge(_ acknowledgements: [Acknowledgement]) throws(OutboxError) {
        let now = clock.now
        try urgentTransaction { () throws(SQLiteError) in
            for acknowledgement in acknowledgements where acknowledgement.job < ledger.nextJob {
                let isFinished = ledger.isFinished(acknowledgement.job)
                if isFinished, try removeDeadLetterOfDelivered(acknowledgement.job) { continue }
                try insertDelivered(acknowledgement, at: now)
                if !isFinished { try finish(acknowledgement.job) }
            }
            try refreshPendingMark()
            _ = try trimDelivered(at: clock.retention, limit: 2 * acknowledgements.count + 100)
        }
    }

    /// Moves jobs that cannot be sent to the dead letters. Skips jobs that are not pending.
    package func deadLetter(_ jobs: [FailedJob]) throws(OutboxError) {
        let now = clock.now
        try urgentTransaction { () throws(SQLiteError) in
            for failed in jobs {
                guard let stored = try pendingJob(failed.job) else { continue }
                try insertDeadLetter(DeadLetterRow(stored, reason: failed.reason, detail: failed.detail), at: now)
                try deleteJob(failed.job)
                try holdRequest(ofDelivery: stored.delivery)
            }
            try refreshMarks()
        }
    }

    /// Removes jobs from the sending order: until `unpark` if they are unlicensed, otherwise until `takeBack`. Skips
    /// jobs that are not pending.
    package func park(_ jobs: [Int64], because reason: ParkReason) throws(OutboxError) {
        let now = clock.now
        try urgentTransaction { () throws(SQLiteError) in
            for job in jobs {
                guard let stored = try pendingJob(job) else { continue }
                try session.insertParked.run(job, now, reason.detail, reason == .unlicensed ? Int?.none : 1)
                ledger.parked += 1
                ledger.parkedBytes += Int64(stored.job.byteCost)
                try deleteJob(job)
                try holdRequest(ofDelivery: stored.delivery)
            }
            try refreshMarks()
        }
    }

    /// Moves the oldest jobs that wait for a licence to the end of the sending order, with new ids.
    ///
    /// - Returns: the number; less than `limit` means that none is left.
    package func unpark(limit: Int = 500) throws(OutboxError) -> Int {
        let now = clock.now
        return try urgentTransaction { () throws(SQLiteError) in
            let jobs = try session.selectParked.all(limit) { StoredJob($0) }
            for stored in jobs { _ = try putBack(stored, at: now) }
            try refreshMarks()
            return jobs.count
        }
    }

    /// Ends the parking of jobs that were sent while parked. Skips jobs that are not parked.
    ///
    /// - Parameter acknowledgements: of those that Zizq accepted; the others go to the end of the sending order.
    package func takeBack(_ jobs: [Int64], acknowledgements: [Acknowledgement]) throws(OutboxError) {
        let now = clock.now
        let accepted = Dictionary(acknowledgements.map { ($0.job, $0) }) { first, _ in first }
        try urgentTransaction { () throws(SQLiteError) in
            for job in jobs { try takeBack(job, accepted[job], at: now) }
            try refreshMarks()
        }
    }

    private func takeBack(_ job: Int64, _ accepted: Acknowledgement?, at now: Int64) throws(SQLiteError) {
        guard let parked = try parkedJob(job) else {
            if accepted != nil { _ = try removeDeadLetterOfDelivered(job) }
            return
        }
        guard let id = try putBack(parked, at: now), var accepted else { return }
        accepted.job = id
        try insertDelivered(accepted, at: now)
        try finish(id)
    }

    /// - Returns: its new id; nil for one with a wrong checksum, which becomes a dead letter.
    private func putBack(_ parked: StoredJob, at now: Int64) throws(SQLiteError) -> Int64? {
        try removeParked(parked)
        guard parked.isIntact else {
            try insertDeadLetter(
                DeadLetterRow(parked, reason: .checksumMismatch, detail: StoredJob.damaged), at: now)
            return nil
        }
        let id = try requeue(parked.job, delivery: parked.delivery, at: now)
        try releaseRequest(ofDelivery: parked.delivery)
        return id
    }

    func removeParked(_ parked: StoredJob) throws(SQLiteError) {
        try session.deleteParked.run(parked.id)
        ledger.parked -= 1
        ledger.parkedBytes -= Int64(parked.job.byteCost)
        ledger.isChanged = true
    }

    private func insertDelivered(_ acknowledgement: Acknowledgement, at now: Int64) throws(SQLiteError) {
        try session.insertDelivered.run(
            acknowledgement.job, now, acknowledgement.zizqID, acknowledgement.isDropped ? 1 : Int?.none)
        if ledger.oldestDeliveredAt == nil { ledger.oldestDeliveredAt = now }
    }

    /// Appends a job of an earlier delivery, whose key then stays valid until that job is removed, too.
    @discardableResult
    func requeue(_ job: Job, delivery: Int64, at now: Int64) throws(SQLiteError) -> Int64 {
        let id = try insert(job, delivery: delivery, at: now)
        try session.setLastJob.run(delivery, id)
        ledger.isChanged = true
        return id
    }

    func pendingJob(_ id: Int64) throws(SQLiteError) -> StoredJob? {
        try session.selectJob.first(id) { StoredJob($0) }
    }

    func deleteJob(_ id: Int64) throws(SQLiteError) {
        // Called first because it may read the row.
        try finish(id)
        try session.deleteJob.run(id)
    }

    /// Records that a pending job is delivered, parked or dead.
    private func finish(_ id: Int64) throws(SQLiteError) {
        ledger.finish(id, bytes: id == ledger.finishedEnd ? 0 : try bytes(ofJob: id))
    }

    /// The size of a job, from its position and that of the next one, if that exists.
    private func bytes(ofJob id: Int64) throws(SQLiteError) -> Int64 {
        guard let job = try firstJob(from: id), job.id == id else { return 0 }
        if id + 1 == ledger.nextJob { return ledger.nextPosition - job.mark.position }
        if damage == nil, let next = try firstJob(from: id + 1), next.id == id + 1 {
            return next.mark.position - job.mark.position
        }
        return try Int64(pendingJob(id)?.job.byteCost ?? 0)
    }

    func parkedJob(_ id: Int64) throws(SQLiteError) -> StoredJob? {
        try session.selectParkedJob.first(id) { StoredJob($0) }
    }
}
