internal import SluiceBase

/// The parts of a delivery stored so far in its transaction.
private struct Tally {
    var jobs = 0
    var deadLetters: [DeadLetterReason] = []
    /// Whether one of the dead letters has no job, and so needs the request.
    var needsRequest = false
    var duplicates = 0
    var changedBody = false
    let request: [UInt8]?
    lazy var requestChecksum = request.map { Checksum.of($0) }

    init(_ delivery: Delivery) { request = delivery.request }

    var outcome: IngestOutcome {
        .stored(jobs: jobs, deadLetters: deadLetters, duplicates: duplicates, changedBody: changedBody)
    }
}

extension OutboxStore {
    /// Stores one delivery, inside a transaction.
    ///
    /// - Parameter bytes: the delivery's `byteCost`.
    func ingest(_ delivery: Delivery, bytes: Int, at now: Int64) throws(SQLiteError) -> IngestOutcome {
        guard delivery.parts.count == 1 else { return try ingestParts(of: delivery, at: now) }
        let part = delivery.parts[0]
        let verdict = try verdict(on: part, DedupeRule(delivery.onChangedBody), at: now)
        if case .duplicate(let holder, let changedBody) = verdict {
            return .duplicate(firstDeliveryID: holder.deliveryID, changedBody: changedBody)
        }
        if let code = try refusal(of: delivery, bytes: bytes, dead: deadBytes(of: part, verdict)) {
            return .refused(code)
        }
        let first = FirstRows(row: ledger.nextDelivery, job: ledger.nextJob)
        var tally = Tally(delivery)
        try store(part, of: delivery, verdict, at: now, tally: &tally)
        try keepRequest(of: delivery, from: first, tally)
        noteShare(of: delivery, bytes: bytes)
        return tally.outcome
    }

    /// - Parameters:
    ///   - bytes: the size of what would be stored.
    ///   - dead: the part of it that would be dead letters, without the request.
    private func refusal(of delivery: Delivery, bytes: Int, dead: Int) throws(SQLiteError) -> ErrorCode? {
        guard hasRoom(for: bytes) else {
            keep(refused: bytes, limit: configuration.maximumBytes, among: &smallestRefused, hasRoom: hasRoom(for:))
            return .outboxFull
        }
        smallestRefused = nil
        if try isOverShare(delivery, bytes: bytes) { return .outboxShareFull }
        guard dead > 0 else { return nil }
        let dead = dead + (delivery.request?.count ?? 0)
        guard hasRoom(forDead: dead) else {
            keep(refused: dead, limit: configuration.deadLimit, among: &smallestDeadRefused, hasRoom: hasRoom(forDead:))
            return .deadLettersFull
        }
        smallestDeadRefused = nil
        return nil
    }

    /// Keeps the smallest refused size. A refusal that would fit by now is obsolete. One that would not fit into an
    /// empty outbox does not count either: `full` would last until another delivery arrives, and none may arrive while
    /// it lasts.
    private func keep(refused bytes: Int, limit: ByteCount, among smallest: inout Int?, hasRoom: (Int) -> Bool) {
        guard bytes <= limit.bytes else { return }
        if let before = smallest, before < bytes, !hasRoom(before) { return }
        smallest = bytes
    }

    func hasRoom(for bytes: Int) -> Bool { ledger.undeliveredBytes + bytes <= configuration.maximumBytes.bytes }

    func hasRoom(forDead bytes: Int) -> Bool { ledger.deadBytes + bytes <= configuration.deadLimit.bytes }

    /// The size that a part would add to the dead letters, without the request.
    private func deadBytes(of part: Delivery.Part, _ verdict: DedupeRule.Verdict?) -> Int {
        let letters = part.deadLetters.reduce(0) { $0 + $1.byteCost }
        guard case .deadLetter? = verdict else { return letters }
        return part.jobs.reduce(letters) { $0 + $1.byteCost }
    }

    // MARK: Several parts

    /// Stores a delivery whose elements have their own keys. New parts and the available room are determined before
    /// anything is stored, because a delivery is refused as a whole.
    private func ingestParts(of delivery: Delivery, at now: Int64) throws(SQLiteError) -> IngestOutcome {
        let (verdicts, bytes) = try verdicts(on: delivery, at: now)
        if let bytes {
            let dead = zip(delivery.parts, verdicts).reduce(0) { sum, part in
                part.1?.isDuplicate ?? false ? sum : sum + deadBytes(of: part.0, part.1)
            }
            let all = bytes + (delivery.request?.count ?? 0)
            if let code = try refusal(of: delivery, bytes: all, dead: dead) { return .refused(code) }
            noteShare(of: delivery, bytes: all)
            return try store(delivery, verdicts, at: now)
        }
        guard case .duplicate(let first, _)?? = verdicts.first else {
            preconditionFailure("a delivery without new parts has duplicates only")
        }
        let changedBody = verdicts.contains { $0?.isChangedBody ?? false }
        return .duplicate(firstDeliveryID: first.deliveryID, changedBody: changedBody)
    }

    /// The verdict on each part; `nil` for one whose key is new but also in an earlier part of the delivery, so that
    /// the verdict depends on storing that one.
    ///
    /// - Returns: also the maximum number of bytes to store; `nil` if all parts are duplicates.
    private func verdicts(
        on delivery: Delivery, at now: Int64
    ) throws(SQLiteError) -> (verdicts: [DedupeRule.Verdict?], bytes: Int?) {
        let rule = DedupeRule(delivery.onChangedBody)
        var verdicts: [DedupeRule.Verdict?] = []
        verdicts.reserveCapacity(delivery.parts.count)
        var bytes: Int?
        var newKeys: Set<Fingerprint> = []
        for part in delivery.parts {
            if let key = part.key?.hash, newKeys.contains(key) {
                verdicts.append(nil)
            } else {
                let verdict = try verdict(on: part, rule, at: now)
                verdicts.append(verdict)
                if verdict.isDuplicate { continue }
                if let key = part.key?.hash { newKeys.insert(key) }
            }
            bytes = (bytes ?? 0) + part.byteCost
        }
        return (verdicts, bytes)
    }

    private func store(_ delivery: Delivery, _ verdicts: [DedupeRule.Verdict?], at now: Int64) throws(SQLiteError)
        -> IngestOutcome
    {
        let rule = DedupeRule(delivery.onChangedBody)
        let first = FirstRows(row: ledger.nextDelivery, job: ledger.nextJob)
        var tally = Tally(delivery)
        for (part, found) in zip(delivery.parts, verdicts) {
            let verdict = if let found { found } else { try verdict(on: part, rule, at: now) }
            try store(part, of: delivery, verdict, at: now, tally: &tally)
        }
        try keepRequest(of: delivery, from: first, tally)
        return tally.outcome
    }

    // MARK: One part

    private func store(
        _ part: Delivery.Part, of delivery: Delivery, _ verdict: DedupeRule.Verdict, at now: Int64,
        tally: inout Tally
    ) throws(SQLiteError) {
        if verdict.isChangedBody { tally.changedBody = true }
        // `now` may be a little earlier, because it is the earlier of two clocks.
        let died = max(now, delivery.receivedAtMilliseconds + receiptShift)
        switch verdict {
        case .duplicate: tally.duplicates += 1
        case .store(let generation, let supersedes):
            try storeJobs(of: part, generation: generation, at: now, &tally)
            try storeDeadLetters(of: part, at: died, &tally)
            try insert(
                part, of: delivery, generation: generation, supersedes: supersedes,
                lastJob: part.jobs.isEmpty ? 0 : lastJobID)
        case .deadLetter(let generation, let supersedes):
            try storeChangedJobs(of: part, generation: generation, at: died, &tally)
            try insert(part, of: delivery, generation: generation, supersedes: supersedes, lastJob: 0)
        }
    }

    /// Stores jobs as rendered.
    private func storeJobs(of part: Delivery.Part, generation: Int64, at now: Int64, _ tally: inout Tally)
        throws(SQLiteError)
    {
        let row = ledger.nextDelivery
        for job in part.jobs {
            // Marking copies a job, and only few need it.
            if job.isMarked(by: generation) {
                try insert(job.marked(generation: generation), delivery: row, at: now)
            } else {
                try insert(job, delivery: row, at: now)
            }
        }
        tally.jobs += part.jobs.count
    }

    private func storeChangedJobs(of part: Delivery.Part, generation: Int64, at now: Int64, _ tally: inout Tally)
        throws(SQLiteError)
    {
        let letter = DeadLetter.changedBody(of: part)
        for job in part.jobs {
            try insertDeadLetter(
                DeadLetterRow(letter, ofDelivery: ledger.nextDelivery, job: job.marked(generation: generation)),
                at: now)
            tally.deadLetters.append(.changedBody)
        }
        try storeDeadLetters(of: part, at: now, &tally)
    }

    private func storeDeadLetters(of part: Delivery.Part, at now: Int64, _ tally: inout Tally) throws(SQLiteError) {
        for letter in part.deadLetters {
            var row = DeadLetterRow(letter, ofDelivery: ledger.nextDelivery)
            row.requestChecksum = tally.requestChecksum
            try insertDeadLetter(row, at: now)
            tally.deadLetters.append(letter.reason)
            tally.needsRequest = true
        }
    }

    // MARK: The request

    /// The start of a delivery.
    private struct FirstRows {
        let row: Int64
        let job: Int64
    }

    /// Stores the delivery's request if something that was stored needs it.
    private func keepRequest(of delivery: Delivery, from first: FirstRows, _ tally: Tally) throws(SQLiteError) {
        guard let request = delivery.request, !request.isEmpty else { return }
        let isHeld = delivery.keepsRequest ? !tally.deadLetters.isEmpty : tally.needsRequest
        guard isHeld || delivery.keepsRequest && tally.jobs > 0 else { return }
        try insert(
            RequestRow(
                delivery: first.row, lastPart: ledger.nextDelivery - 1, isKeptWithJobs: delivery.keepsRequest,
                job: isHeld ? 0 : lastJobID,
                bytes: Int64(request.count)),
            jobs: first.job..<ledger.nextJob, request)
    }
}
