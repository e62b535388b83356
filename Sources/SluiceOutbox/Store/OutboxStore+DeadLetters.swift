package import SluiceBase

/// One row for the table `dead_letters`.
struct DeadLetterRow {
    let delivery: Int64
    let letter: DeadLetter
    /// `nil` for a dead letter about the delivery's request.
    let job: Job?
    /// The job's id and checksum, if it was stored as a job before.
    let stored: (id: Int64, checksum: Int64)?
    /// The checksum of the request, for a dead letter without a job.
    var requestChecksum: Int64?

    init(_ letter: DeadLetter, ofDelivery row: Int64, job: Job? = nil) {
        (delivery, self.letter, self.job, stored) = (row, letter, job, nil)
    }

    /// Creates the row for a stored job.
    init(_ job: StoredJob, reason: DeadLetterReason, detail: String) {
        (delivery, letter) = (job.delivery, DeadLetter(reason: reason, detail: detail))
        (self.job, stored) = (job.job, (job.id, job.checksum))
    }

    /// The size that counts towards `outbox.max_bytes`, without the request.
    var byteCost: Int { letter.byteCost + (job.map { $0.byteCost - Job.rowOverhead } ?? 0) }
}

extension OutboxStore {
    /// Inserts a row, inside a transaction.
    ///
    /// - Returns: its number.
    @discardableResult
    func insertDeadLetter(_ row: DeadLetterRow, at now: Int64) throws(SQLiteError) -> Int64 {
        let (letter, job) = (row.letter, row.job)
        let checksum =
            row.stored?.checksum ?? job.map { Int64(bitPattern: StoredJob.checksum($0)) } ?? row.requestChecksum
        try session.insertDeadLetter.runAndUnbind(
            row.delivery, now, letter.reason.rawValue, letter.detail, row.byteCost, job?.type, job?.queue,
            job?.uniqueKey, job?.uniqueWhile?.rawValue, job?.options.members, job?.payload, letter.share.element,
            letter.share.rule, row.stored?.id, checksum, letter.madeBy?.kind, letter.madeBy?.type, letter.madeBy?.queue,
            letter.madeBy?.digest)
        ledger.deadLetters += 1
        ledger.deadLetterBytes += Int64(row.byteCost)
        ledger.isChanged = true
        return session.connection.lastInsertedRow
    }

    /// Appends the job of a dead letter to the sending order, and removes the dead letter.
    ///
    /// - Returns: the job's new id.
    /// - Throws: `notFound`, `needsRendering` for a dead letter with a request, or `checksumMismatch`: such a job is
    ///   never sent.
    package func retryDeadLetter(_ id: Int64) throws(OutboxError) -> Int64 {
        let found = try deadLetterJob(id)
        guard let job = found.job else { throw .needsRendering }
        guard found.isIntact else { throw .checksumMismatch }
        return try replaceDeadLetter(id, found, with: [job])[0]
    }

    /// Appends jobs that were rendered again from a dead letter's request to the sending order, and removes the dead
    /// letter. Their keys get the generation of the delivery.
    ///
    /// - Returns: the jobs' ids.
    package func replaceDeadLetter(_ id: Int64, with jobs: [Job]) throws(OutboxError) -> [Int64] {
        let found = try deadLetterJob(id)
        let generation = try answer(try remembered(found.delivery)?.holder.generation ?? 0)
        return try replaceDeadLetter(id, found, with: jobs.map { $0.marked(generation: generation) })
    }

    private struct Found {
        let delivery: Int64
        let bytes: Int64
        var job: Job?
        var isIntact = true
    }

    private func replaceDeadLetter(_ id: Int64, _ found: Found, with jobs: [Job]) throws(OutboxError) -> [Int64] {
        let now = clock.now
        return try urgentTransaction { () throws(SQLiteError) in
            try removeDeadLetter(id, bytes: found.bytes)
            var ids: [Int64] = []
            for job in jobs { ids.append(try requeue(job, delivery: found.delivery, at: now)) }
            try releaseRequest(ofDelivery: found.delivery)
            return ids
        }
    }

    /// Removes a dead letter permanently.
    ///
    /// - Parameter forgetsKey: whether to forget the unique key of its delivery, too, so that the delivery is accepted
    ///   when it is sent again.
    /// - Returns: the number of forgotten keys; 0 if the delivery has no remembered key.
    package func discardDeadLetter(_ id: Int64, forgetsKey: Bool) throws(OutboxError) -> Int {
        let found = try deadLetterJob(id)
        return try urgentTransaction { () throws(SQLiteError) in
            try removeDeadLetter(id, bytes: found.bytes)
            try releaseRequest(ofDelivery: found.delivery)
            guard forgetsKey, let key = try key(ofDelivery: found.delivery) else { return 0 }
            return try forget(key) == nil ? 0 : 1
        }
    }

    /// Removes the dead letter of a job that Zizq accepted in the meantime.
    ///
    /// - Returns: whether there was one.
    func removeDeadLetterOfDelivered(_ job: Int64) throws(SQLiteError) -> Bool {
        let found = try session.selectDeadLetterOfJob.first(job) { ($0.int64(0), $0.int64(1), $0.size(2)) }
        guard let (id, delivery, bytes) = found else { return false }
        try removeDeadLetter(id, bytes: bytes)
        try releaseRequest(ofDelivery: delivery)
        return true
    }

    private func removeDeadLetter(_ id: Int64, bytes: Int64) throws(SQLiteError) {
        try session.deleteDeadLetter.run(id)
        ledger.deadLetters -= 1
        ledger.deadLetterBytes = max(0, ledger.deadLetterBytes - bytes)
        ledger.isChanged = true
    }

    private func deadLetterJob(_ id: Int64) throws(OutboxError) -> Found {
        let found = try answer(
            try session.selectDeadLetter.first(id) { row in
                var found = Found(delivery: row.int64(0), bytes: row.size(1))
                guard !row.isNull(3) else { return found }
                let job = StoredJob.job(row, from: 3)
                found.job = job
                found.isIntact = DeadLetterContent.isIntact(job, checksum: row.checksum(8), reason: row.text(2))
                return found
            })
        guard let found else { throw .notFound }
        return found
    }
}
