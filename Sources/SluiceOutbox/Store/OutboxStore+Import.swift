internal import SluiceBase

/// The import of dead letters that this outbox or another one exported.
extension OutboxStore {
    /// The result of importing a dead letter.
    package struct ImportedLetter: Sendable, Hashable {
        /// Its number in this outbox.
        package let id: Int64
        /// Whether it was added.
        package let isNew: Bool
        /// Another delivery with its unique key; `nil` if there is none.
        package let keyHolder: String?
        /// Whether an operator had its unique key forgotten, so that the webhook is accepted when it is sent again.
        package let isKeyForgotten: Bool
    }

    /// Stores an exported dead letter, unless it exists. Its unique key is remembered for another window, unless
    /// another delivery has it.
    ///
    /// - Parameter letter: intact, with its origin. Its number is not used.
    /// - Throws: `refused` if there is no room for it.
    package func importDeadLetter(_ letter: DeadLetterContent) throws(OutboxError) -> ImportedLetter {
        guard let reason = DeadLetterReason(rawValue: letter.letter.reason) else {
            throw .refused("the reason '\(PrintableText.escape(letter.letter.reason))' is not known to this version")
        }
        let identity = letter.identity
        let (rows, present) = try find(letter, identity)
        if let present { return ImportedLetter(id: present, isNew: false, keyHolder: nil, isKeyForgotten: false) }
        let share = DeliveryShare(element: letter.letter.element, rule: letter.letter.rule)
        let dead = DeadLetter(
            reason: reason, detail: letter.letter.detail, share: share, madeBy: letter.letter.madeBy)
        try checkRoom(for: letter, dead)
        return try urgentTransaction { () throws(SQLiteError) in
            let (row, holder, isForgotten) = try row(for: letter, rows)
            var letterRow = DeadLetterRow(dead, ofDelivery: row, job: letter.job)
            letterRow.requestChecksum = letter.request.map { Checksum.of($0) }
            let id = try insertDeadLetter(letterRow, at: letter.letter.diedAtMilliseconds)
            try complete(letter, number: id, identity: identity)
            return ImportedLetter(id: id, isNew: true, keyHolder: holder, isKeyForgotten: isForgotten)
        }
    }

    private func checkRoom(for letter: DeadLetterContent, _ dead: DeadLetter) throws(OutboxError) {
        let bytes = dead.byteCost + (letter.job?.byteCost ?? 0) + (letter.request?.count ?? 0)
        guard hasRoom(for: bytes) else { throw .refused("outbox.max_bytes is reached") }
        guard hasRoom(forDead: bytes) else { throw .refused("outbox.max_dead_bytes is reached") }
    }

    /// - Returns: the rows of its delivery if that was received here, and the number of the dead letter if it exists.
    private func find(_ letter: DeadLetterContent, _ identity: Fingerprint) throws(OutboxError)
        -> (rows: ClosedRange<Int64>?, letter: Int64?)
    {
        try read { queries throws(SQLiteError) in
            let connection = queries.connection
            let imported = try connection.prepare("SELECT id FROM dead_letters WHERE imported = ?1")
            if let id = try imported.first(identity, read: { $0.int64(0) }) { return (nil, id) }
            let search = DeliverySearch(connection: connection, rowsWithoutTime: 0)
            guard let rows = try search.rows(of: letter.letter.deliveryID) else { return (nil, nil) }
            let own = try queries.equalLetters(to: letter, in: rows, where: "imported IS NULL")
            return (rows, own.indices.contains(letter.copy) ? own[letter.copy] : nil)
        }
    }

    /// The row of the dead letter's delivery: the existing one, or a new one.
    private func row(for letter: DeadLetterContent, _ rows: ClosedRange<Int64>?) throws(SQLiteError)
        -> (row: Int64, holder: String?, isKeyForgotten: Bool)
    {
        let key = letter.origin?.key
        let holder = if let key { try newest(key) } else { Remembered?.none }
        let isForgotten = holder?.isKeyForgotten ?? false
        let isOwn = holder?.holder.deliveryID == letter.letter.deliveryID
        if let rows {
            let other = isOwn ? nil : holder?.holder.deliveryID
            for row in rows where try self.key(ofDelivery: row) == key { return (row, other, isForgotten) }
            return (rows.lowerBound, other, isForgotten)
        }
        // Several dead letters of one delivery share a row.
        if let holder, isOwn { return (holder.holder.row, nil, isForgotten) }
        let window = Duration.milliseconds(letter.origin?.window ?? 0)
        let delivery = Delivery(
            id: letter.letter.deliveryID, route: letter.letter.route, receivedAtMilliseconds: time.wallMilliseconds(),
            dedupeWindow: window)
        let part = Delivery.Part(
            key: holder == nil ? key.map { DeliveryKey(hash: $0) } : nil,
            bodyHash: letter.origin?.bodyHash ?? Fingerprint(high: 0, low: 0))
        let row = ledger.nextDelivery
        receiptShift = clock.shift
        try insert(part, of: delivery, generation: letter.origin?.generation ?? 0, supersedes: nil, lastJob: 0)
        ledger.isChanged = true
        return (row, holder?.holder.deliveryID, isForgotten)
    }

    /// Adds the columns of imported dead letters.
    private func complete(_ letter: DeadLetterContent, number id: Int64, identity: Fingerprint) throws(SQLiteError) {
        let statement = try session.connection.prepare(
            "UPDATE dead_letters SET received_at = ?2, imported = ?3, request = ?4, bytes = bytes + ?5 WHERE id = ?1")
        let bytes = Int64(letter.request?.count ?? 0)
        try statement.runAndUnbind(id, letter.letter.receivedAtMilliseconds, identity, letter.request, bytes)
        ledger.deadLetterBytes += bytes
    }
}

extension DeadLetterContent {
    /// Identifies a dead letter in all outboxes.
    var identity: Fingerprint {
        var texts = TextScratch()
        if copy > 0 { _ = texts.append("\(copy)\0") }
        for text in [letter.deliveryID, letter.route, letter.reason, letter.detail] { _ = texts.append("\(text)\0") }
        for number in [letter.diedAtMilliseconds, Int64(letter.element ?? -1), Int64(letter.rule ?? -1)] {
            _ = texts.append("\(number)\0")
        }
        return Fingerprint(high: texts.checksum, low: UInt64(bitPattern: checksum))
    }

    /// The checksum of its job or request.
    fileprivate var checksum: Int64 {
        job.map { Int64(bitPattern: StoredJob.checksum($0)) } ?? Checksum.of(request ?? [])
    }
}

extension Queries {
    /// A dead letter for another outbox, with its position among equal ones of its delivery; nil if there is none with
    /// this id.
    package func exportedDeadLetter(_ id: Int64) throws(SQLiteError) -> DeadLetterContent? {
        guard var letter = try deadLetter(id) else { return nil }
        guard let row = try connection.integer("SELECT delivery FROM dead_letters WHERE id = \(id)") else {
            return letter
        }
        let search = DeliverySearch(connection: connection)
        let equal = try equalLetters(to: letter, in: try search.neighbours(of: row, letter.letter.deliveryID))
        letter.copy = equal.firstIndex(of: id) ?? 0
        return letter
    }

    /// The dead letters of a delivery's rows with the same contents, such as those of equal elements.
    fileprivate func equalLetters(
        to letter: DeadLetterContent, in rows: ClosedRange<Int64>, where condition: String = "true"
    ) throws(SQLiteError) -> [Int64] {
        var first = letter
        first.copy = 0
        let identity = first.identity
        // The identity decides; the conditions save reading most of the others.
        let sql = """
            SELECT id FROM dead_letters WHERE id > ?1 AND delivery BETWEEN \(rows.lowerBound) AND \(rows.upperBound)
                AND died_at = \(letter.letter.diedAtMilliseconds)
                AND (checksum IS NULL OR checksum = \(letter.checksum))
                AND \(condition) ORDER BY id LIMIT ?2
            """
        var (found, after): ([Int64], Int64?) = ([], 0)
        while let last = after {
            let page = try self.rows(sql, last, limit: Self.page) { $0.int64(0) }
            for id in page where try deadLetter(id)?.identity == identity { found.append(id) }
            after = page.last
        }
        return found
    }
}
