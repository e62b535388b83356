internal import SluiceBase

/// One row for the table `dead_letters`.
struct DeadLetterRow {
    let delivery: Int64
    let reason: DeadLetterReason
    let detail: String
    /// nil: it is about the delivery's request.
    var job: IngestJob?
    var element: Int?
    var rule: Int?

    /// Its bytes against `outbox.max_bytes`, without the request.
    var byteCost: Int { (job?.byteCost ?? IngestJob.overhead) + detail.utf8.count }
}

extension OutboxStore {
    /// Inside a transaction.
    func insertDeadLetter(_ row: DeadLetterRow, at now: Int64) throws(SQLiteError) {
        let statement = session.insertDeadLetter
        statement.bind(row.delivery, at: 1)
        statement.bind(now, at: 2)
        statement.bind(row.reason.rawValue, at: 3)
        statement.bind(row.detail, at: 4)
        statement.bind(Int64(row.byteCost), at: 5)
        statement.bind(row.job?.type, at: 6)
        statement.bind(row.job?.queue, at: 7)
        statement.bind(row.job?.uniqueKey, at: 8)
        statement.bind(row.job?.uniqueWhile, at: 9)
        statement.bind(row.job?.options, at: 10)
        statement.bind(row.job?.payload, at: 11)
        statement.bind(optional: row.element, at: 12)
        statement.bind(optional: row.rule, at: 13)
        try statement.runAndUnbind()
        ledger.deadLetters += 1
        ledger.deadLetterBytes += Int64(row.byteCost)
        ledger.isChanged = true
    }

    /// Puts the job of a dead letter back at the end of the sending order, and removes the dead letter.
    ///
    /// - Returns: the job's new id.
    /// - Throws: `notFound`, or `needsRendering` where the dead letter holds a request.
    package func retryDeadLetter(_ id: Int64) throws(OutboxError) -> Int64 {
        guard let found = try deadLetterJob(id) else { throw .notFound }
        guard let job = found.job else { throw .needsRendering }
        let ids = try replaceDeadLetter(id, found, with: [job])
        guard let requeued = ids.first else { throw .notFound }
        return requeued
    }

    /// Puts jobs that were rendered anew from a dead letter's request at the end of the sending order, and removes the dead letter.
    /// Their keys are marked as those of any job of that delivery.
    ///
    /// - Returns: the jobs' ids.
    package func replaceDeadLetter(_ id: Int64, with jobs: [IngestJob]) throws(OutboxError) -> [Int64] {
        guard let found = try deadLetterJob(id) else { throw .notFound }
        let generation = try generation(ofDelivery: found.delivery)
        return try replaceDeadLetter(id, found, with: jobs.map { $0.marked(generation: generation) })
    }

    private func generation(ofDelivery row: Int64) throws(OutboxError) -> Int64 {
        do throws(SQLiteError) { return try remembered(row)?.generation ?? 0 } catch { throw OutboxError(error) }
    }

    private typealias Found = (delivery: Int64, bytes: Int64, job: IngestJob?)

    private func replaceDeadLetter(_ id: Int64, _ found: Found, with jobs: [IngestJob]) throws(OutboxError) -> [Int64] {
        let now = time.wallMilliseconds()
        return try urgentTransaction { () throws(SQLiteError) in
            session.deleteDeadLetter.bind(id, at: 1)
            try session.deleteDeadLetter.run()
            ledger.deadLetters -= 1
            ledger.deadLetterBytes -= found.bytes
            var ids: [Int64] = []
            for job in jobs { ids.append(try requeue(job, delivery: found.delivery, at: now)) }
            try releaseRequest(ofDelivery: found.delivery)
            ledger.isChanged = true
            return ids
        }
    }

    private func deadLetterJob(_ id: Int64) throws(OutboxError) -> Found? {
        do throws(SQLiteError) {
            let row = session.selectDeadLetter
            row.bind(id, at: 1)
            defer { row.reset() }
            guard try row.step() else { return nil }
            guard let type = row.optionalText(2), let queue = row.optionalText(3) else { return (row.int64(0), row.int64(1), nil) }
            let job = IngestJob(
                type: type, queue: queue, options: row.bytes(6), uniqueKey: row.optionalText(4), uniqueWhile: row.optionalText(5),
                payload: row.bytes(7))
            return (row.int64(0), row.int64(1), job)
        } catch {
            throw OutboxError(error)
        }
    }
}
