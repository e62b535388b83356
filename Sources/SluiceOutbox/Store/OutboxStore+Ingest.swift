internal import SluiceBase

/// What of a delivery has been stored so far in its transaction.
private struct Tally {
    var jobs = 0
    var deadLetters: [DeadLetterReason] = []
    /// Whether one of the dead letters has no job, and so needs the request.
    var needsRequest = false
    var duplicates = 0
    var changedBody = false

    var outcome: IngestOutcome {
        .stored(jobs: jobs, deadLetters: deadLetters, duplicates: duplicates, changedBody: changedBody)
    }
}

extension OutboxStore {
    /// One delivery, inside a transaction.
    func ingest(_ delivery: IngestDelivery, at now: Int64) throws(SQLiteError) -> IngestOutcome {
        guard delivery.others.isEmpty else { return try ingestParts(of: delivery, at: now) }
        let standing = try standing(of: delivery.part, delivery.onChangedBody, at: now)
        if case .duplicate(let first, let changed) = standing {
            return .duplicate(firstDeliveryID: first, changedBody: changed)
        }
        if let code = refusal(
            of: delivery, bytes: delivery.byteCost, dead: deadBytes(of: delivery.part, standing, delivery))
        {
            return .refused(code)
        }
        let place = Place(row: ledger.nextDelivery, job: ledger.nextJob)
        var tally = Tally()
        try store(delivery.part, of: delivery, standing, at: now, &tally)
        try keepRequest(of: delivery, from: place, tally)
        return tally.outcome
    }

    /// - Parameters:
    ///   - bytes: what would be stored.
    ///   - dead: what of it would be dead letters, without the request.
    private func refusal(of delivery: IngestDelivery, bytes: Int, dead: Int) -> ErrorCode? {
        guard hasRoom(for: bytes) else {
            keep(refused: bytes, limit: configuration.maximumBytes, among: &smallestRefused, hasRoom: hasRoom(for:))
            return .outboxFull
        }
        smallestRefused = nil
        guard dead > 0 else { return nil }
        let dead = dead + (delivery.request?.count ?? 0)
        guard hasRoom(forDead: dead) else {
            keep(refused: dead, limit: configuration.deadLimit, among: &smallestDeadRefused, hasRoom: hasRoom(forDead:))
            return .deadLettersFull
        }
        smallestDeadRefused = nil
        return nil
    }

    /// Keeps the smallest refusal. One for which there is room by now says nothing any more. One that would not fit
    /// into an empty outbox says nothing either: `full` would last until another delivery comes, and while it lasts
    /// none may come.
    private func keep(refused bytes: Int, limit: ByteCount, among smallest: inout Int?, hasRoom: (Int) -> Bool) {
        guard bytes <= limit.bytes else { return }
        if let before = smallest, before < bytes, !hasRoom(before) { return }
        smallest = bytes
    }

    func hasRoom(for bytes: Int) -> Bool { ledger.undeliveredBytes + bytes <= configuration.maximumBytes.bytes }

    func hasRoom(forDead bytes: Int) -> Bool { ledger.deadBytes + bytes <= configuration.deadLimit.bytes }

    /// What a part would add to the dead letters, without the request.
    private func deadBytes(of part: IngestPart, _ standing: Standing?, _ delivery: IngestDelivery) -> Int {
        let letters = part.deadLetters.reduce(0) { $0 + $1.byteCost }
        guard delivery.onChangedBody == .deadLetter, case .changed? = standing else { return letters }
        return part.jobs.reduce(letters) { $0 + $1.byteCost }
    }

    // MARK: Several parts

    /// A delivery whose elements have keys of their own. It is known what is new, and whether there is room for it,
    /// before anything is stored: what is refused is refused as a whole.
    private func ingestParts(of delivery: IngestDelivery, at now: Int64) throws(SQLiteError) -> IngestOutcome {
        let parts = [delivery.part] + delivery.others
        let (standings, bytes) = try standings(of: parts, delivery.onChangedBody, at: now)
        if let bytes {
            let dead = zip(parts, standings).reduce(0) { sum, part in
                part.1?.isDuplicate ?? false ? sum : sum + deadBytes(of: part.0, part.1, delivery)
            }
            let all = bytes + (delivery.request?.count ?? 0)
            if let code = refusal(of: delivery, bytes: all, dead: dead) { return .refused(code) }
            return try store(parts, of: delivery, standings, at: now)
        }
        let isChanged = standings.contains { if case .duplicate(_, changedBody: true) = $0 { true } else { false } }
        guard case .duplicate(let first, _) = standings[0] else {
            preconditionFailure("a delivery without new parts has duplicates only")
        }
        return .duplicate(firstDeliveryID: first, changedBody: isChanged)
    }

    /// What each part is; nil for one whose key stands in the delivery before and is new there, so that only storing
    /// that one tells.
    ///
    /// - Returns: also the bytes of what may have to be stored; nil when all parts are duplicates.
    private func standings(
        of parts: [IngestPart], _ rule: ChangedBodyRule, at now: Int64
    ) throws(SQLiteError) -> (standings: [Standing?], bytes: Int?) {
        var standings: [Standing?] = []
        standings.reserveCapacity(parts.count)
        var bytes: Int?
        var newKeys: Set<Fingerprint> = []
        for part in parts {
            if let key = part.key, newKeys.contains(key) {
                standings.append(nil)
            } else {
                let standing = try standing(of: part, rule, at: now)
                standings.append(standing)
                if standing.isDuplicate { continue }
                if let key = part.key { newKeys.insert(key) }
            }
            bytes = (bytes ?? 0) + part.byteCost
        }
        return (standings, bytes)
    }

    private func store(
        _ parts: [IngestPart], of delivery: IngestDelivery, _ standings: [Standing?], at now: Int64
    ) throws(SQLiteError) -> IngestOutcome {
        let place = Place(row: ledger.nextDelivery, job: ledger.nextJob)
        var tally = Tally()
        for (part, found) in zip(parts, standings) {
            let standing = if let found { found } else { try standing(of: part, delivery.onChangedBody, at: now) }
            try store(part, of: delivery, standing, at: now, &tally)
        }
        try keepRequest(of: delivery, from: place, tally)
        return tally.outcome
    }

    // MARK: One part

    private func store(
        _ part: IngestPart, of delivery: IngestDelivery, _ standing: Standing, at now: Int64, _ tally: inout Tally
    ) throws(SQLiteError) {
        switch standing {
        case .duplicate(_, let changed):
            tally.duplicates += 1
            if changed { tally.changedBody = true }
        case .new(let generation):
            try storeJobs(of: part, generation: generation, at: now, &tally)
            try insert(
                part, of: delivery, generation: generation, supersedes: nil, lastJob: part.jobs.isEmpty ? 0 : lastJobID)
        case .changed(let generation, let other) where delivery.onChangedBody == .deadLetter:
            tally.changedBody = true
            try storeChangedJobs(of: part, generation: generation, at: now, &tally)
            try insert(part, of: delivery, generation: generation, supersedes: other, lastJob: 0)
        case .changed(let generation, let other):
            tally.changedBody = true
            try storeJobs(of: part, generation: generation, at: now, &tally)
            try insert(
                part, of: delivery, generation: generation, supersedes: other,
                lastJob: part.jobs.isEmpty ? 0 : lastJobID)
        }
    }

    /// Jobs and dead letters as they were rendered.
    private func storeJobs(of part: IngestPart, generation: Int64, at now: Int64, _ tally: inout Tally)
        throws(SQLiteError)
    {
        let row = ledger.nextDelivery
        // Marking copies a job, and few have to be marked.
        for job in part.jobs {
            try insert(generation > 0 ? job.marked(generation: generation) : job, delivery: row, at: now)
        }
        tally.jobs += part.jobs.count
        try storeDeadLetters(of: part, at: now, &tally)
    }

    /// The key was seen with another body, and the route wants such jobs in the dead letters. They get a unique key of
    /// their own: when a person sends one, Zizq must not take it for the job of the first body.
    private func storeChangedJobs(of part: IngestPart, generation: Int64, at now: Int64, _ tally: inout Tally)
        throws(SQLiteError)
    {
        let row = ledger.nextDelivery
        let detail = "The unique key was seen before with another body."
        for job in part.jobs {
            let job = job.marked(generation: generation)
            try insertDeadLetter(DeadLetterRow(delivery: row, reason: .changedBody, detail: detail, job: job), at: now)
            tally.deadLetters.append(.changedBody)
        }
        try storeDeadLetters(of: part, at: now, &tally)
    }

    private func storeDeadLetters(of part: IngestPart, at now: Int64, _ tally: inout Tally) throws(SQLiteError) {
        for letter in part.deadLetters {
            let row = DeadLetterRow(
                delivery: ledger.nextDelivery, reason: letter.reason, detail: letter.detail, element: letter.element,
                rule: letter.rule,
                madeBy: letter.madeBy)
            try insertDeadLetter(row, at: now)
            tally.deadLetters.append(letter.reason)
            tally.needsRequest = true
        }
    }

    // MARK: The request

    /// Where a delivery begins.
    private struct Place {
        let row: Int64
        let job: Int64
    }

    /// Keeps the delivery's request where something that was stored needs it.
    private func keepRequest(of delivery: IngestDelivery, from place: Place, _ tally: Tally) throws(SQLiteError) {
        guard let request = delivery.request, !request.isEmpty else { return }
        let isHeld = delivery.keepsRequest ? !tally.deadLetters.isEmpty : tally.needsRequest
        guard isHeld || delivery.keepsRequest && tally.jobs > 0 else { return }
        try insert(
            RequestRow(
                delivery: place.row, lastPart: ledger.nextDelivery - 1, isKeptWithJobs: delivery.keepsRequest,
                job: isHeld ? 0 : lastJobID,
                bytes: Int64(request.count)),
            jobs: place.job..<ledger.nextJob, request)
    }
}
