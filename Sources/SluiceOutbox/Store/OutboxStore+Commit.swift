internal import SluiceBase

extension OutboxStore {
    /// Stores a batch in one transaction: jobs, dead letters and keys.
    ///
    /// - Returns: one result for each delivery, in order. A delivery that is reported as stored or as a duplicate is on
    ///   the disk when this returns; if the transaction fails, all are refused.
    package func commit(_ submissions: [Submission]) -> [IngestResult] { commit(submissions) { _ in } }

    /// - Parameter finish: the last step of the transaction, given the results.
    func commit(
        _ submissions: [Submission], finish: ([IngestResult]) throws(SQLiteError) -> Void
    ) -> [IngestResult] {
        if let code = refusal() { return Self.refused(submissions, code) }
        let rowsBefore = ledger.nextDelivery
        var writes: [KeyIndex.Write] = []
        do throws(SQLiteError) {
            let results = try transaction { () throws(SQLiteError) -> [IngestResult] in
                let now = clock.earliest
                receiptShift = clock.shift
                var results: [IngestResult] = []
                results.reserveCapacity(submissions.count)
                for submission in submissions {
                    let outcome = try ingest(submission.delivery, bytes: submission.byteCost, at: now)
                    results.append(IngestResult(ticket: submission.ticket, outcome: outcome))
                }
                if !ledger.isSealed { ledger.isChanged = true }
                let added = Int(ledger.nextDelivery - rowsBefore)
                writes = try writeKeys(added: added)
                try forget(added: added)
                try finish(results)
                return results
            }
            if !writes.isEmpty { keys.apply(writes, keys: ledger.rememberedKeys) }
            freezeKeys()
            return results
        } catch {
            if error.kind == .busy { isLocked = true }
            return Self.refused(submissions, error.kind == .diskFull ? .diskFull : .commitFailed)
        }
    }

    private static func refused(_ submissions: [Submission], _ code: ErrorCode) -> [IngestResult] {
        submissions.map { IngestResult(ticket: $0.ticket, outcome: .refused(code)) }
    }

    /// Inserts the row of one part, with its key.
    func insert(
        _ part: Delivery.Part, of delivery: Delivery, generation: Int64, supersedes: Int64?, lastJob: Int64
    ) throws(SQLiteError) {
        let statement = session.insertDelivery
        let id = ledger.nextDelivery
        let receivedAt = delivery.receivedAtMilliseconds + receiptShift
        // Without a key only lists need the row, for as long as a delivered job is kept.
        let window = part.key == nil ? configuration.keepDelivered : delivery.dedupeWindow
        let ownEnd = receivedAt + window.wholeMilliseconds
        let expiresAt = try expiry(of: ownEnd, receivedAt: receivedAt, supersedes: supersedes)
        statement.bind(id, at: 1)
        statement.bind(receivedAt, at: 4)
        statement.bind(expiresAt, at: 5)
        statement.bind(lastJob, at: 6)
        statement.bind(generation, at: 7)
        if let supersedes { statement.bind(supersedes, at: 8) } else { statement.bindNull(at: 8) }
        statement.bind(part.key?.hash, at: 9)
        statement.bind(part.bodyHash, at: 10)
        texts.clear()
        let name = texts.append(delivery.id)
        let route = texts.append(delivery.route)
        // The buffer does not move until the closure ends, and the statement has run by then.
        try unsafe texts.withBytes { texts throws(SQLiteError) in
            unsafe statement.bindStatic(text: texts[name], at: 2)
            unsafe statement.bindStatic(text: texts[route], at: 3)
            try statement.run()
        }
        ledger.nextDelivery += 1
        try noteWindow(ownEnd - receivedAt, row: id)
        guard let key = part.key?.hash else { return }
        ledger.keys.add()
        keyUndo.append((key, keys.set(key, to: id)))
    }

    /// Appends one job.
    ///
    /// - Returns: its id.
    @discardableResult
    func insert(_ job: Job, delivery: Int64, at now: Int64) throws(SQLiteError) -> Int64 {
        let statement = session.insertJob
        let appended = ledger.append(job, at: now)
        queueNotes.append((appended.id, job.queue))
        texts.clear()
        let type = texts.append(job.type)
        let queue = texts.append(job.queue)
        let uniqueKey = texts.append(job.uniqueKey)
        let uniqueWhile = texts.append(job.uniqueWhile?.rawValue)
        statement.bind(appended.id, delivery, appended.position, now)
        statement.bind(Int64(bitPattern: StoredJob.checksum(texts, job)), at: 10)
        if job.hasOwnKey { statement.bind(1, at: 12) } else { statement.bindNull(at: 12) }
        // The three buffers do not move until the closures end, and the statement has run by then.
        try unsafe texts.withBytes { texts throws(SQLiteError) in
            unsafe statement.bindStatic(text: texts[type], at: 5)
            unsafe statement.bindStatic(text: texts[queue], at: 6)
            unsafe Self.bind(uniqueKey, of: texts, to: statement, at: 7)
            unsafe Self.bind(uniqueWhile, of: texts, to: statement, at: 8)
            try unsafe job.options.members.span.withUnsafeBufferPointer { options throws(SQLiteError) in
                unsafe statement.bindStatic(blob: options, at: 9)
                try unsafe job.payload.span.withUnsafeBufferPointer { payload throws(SQLiteError) in
                    unsafe statement.bindStatic(blob: payload, at: 11)
                    try statement.run()
                }
            }
        }
        return appended.id
    }

    @unsafe
    private static func bind(
        _ range: Range<Int>?, of texts: UnsafeBufferPointer<UInt8>, to statement: Statement, at index: Int32
    ) {
        guard let range else { return statement.bindNull(at: index) }
        unsafe statement.bindStatic(text: texts[range], at: index)
    }

    /// Forgets more deliveries than were added, in steps that are large enough to free whole pages. Each walk passes
    /// each delivery once. The rest, such as the keys over a limit that was lowered, is left to quiet moments.
    private func forget(added: Int) throws(SQLiteError) {
        limitDebt += 2 * added
        for _ in 0...(added / Self.forgetStep) {
            let excess = keysOverLimit
            guard excess > min(Self.forgetStep, configuration.maximumKeys >> 10) else {
                limitDebt = 0
                break
            }
            guard excess <= Self.forgetStep || limitDebt >= Self.forgetStep else { break }
            limitDebt = max(0, limitDebt - Self.forgetStep)
            try forgetOverLimit()
        }
        forgetDebt += (ledger.walks.count + 1) * added
        while forgetDebt >= Self.forgetStep {
            forgetDebt = isForgettingDue ? forgetDebt - Self.forgetStep : 0
            try forgetExpired()
        }
    }
}
