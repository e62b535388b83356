internal import SluiceBase

/// Lists and look-ups over one connection, for showing the outbox. Each call is one short read; lists are paged by key:
/// the next page starts after the last row of the previous one.
package struct Queries {
    /// The maximum number of rows of a page.
    static let page = 500

    let connection: Connection

    /// One dead letter with its job or request; nil if there is none with this id.
    package func deadLetter(_ id: Int64) throws(SQLiteError) -> DeadLetterContent? {
        let request = "CASE WHEN letter.type IS NULL THEN ifnull(letter.request, \(Self.request("request"))) END"
        let origin = "deliveries.key, deliveries.body_hash, expires_at - deliveries.received_at, generation"
        let content = "\(Self.columns(of: "letter")), \(request), \(origin)"
        return try rows(Self.deadLetters(content, "letter.id = ?1"), id, limit: 1) { row in
            let letter = Self.letter(row)
            let job = letter.holdsJob ? StoredJob.job(row, from: 16) : nil
            let request = row.optionalBytes(23)
            let isIntact =
                if let job {
                    DeadLetterContent.isIntact(job, checksum: row.checksum(21), reason: letter.reason)
                } else {
                    request.map { row.isNull(21) || Checksum.of($0) == row.checksum(21) } ?? false
                }
            return DeadLetterContent(
                letter: letter, isIntact: isIntact, job: job, request: request, origin: Self.origin(row, from: 24))
        }.first
    }

    private static func origin(_ row: Statement, from first: Int32) -> DeadLetterContent.Origin? {
        row.key(first + 1).map {
            DeadLetterContent.Origin(
                key: row.key(first), bodyHash: $0, window: row.int64(first + 2), generation: row.int64(first + 3))
        }
    }

    /// One job with its payload; nil if there is none with this id.
    package func job(_ id: Int64) throws(SQLiteError) -> JobContent? {
        for state in JobState.allCases {
            let found = try rows(Self.jobs(state, .exactly, content: Self.columns(of: "job")), id, limit: 1) { row in
                let job = StoredJob.job(row, from: 12)
                let isIntact = row.checksum(17) == Int64(bitPattern: StoredJob.checksum(job))
                return JobContent(listing: Self.listing(row, state), job: job, isIntact: isIntact)
            }
            if let content = found.first { return content }
        }
        return nil
    }

    private static func columns(of table: String) -> String {
        StoredJob.columns.split(separator: ", ").map { "\(table).\($0)" }.joined(separator: ", ")
    }

    func rows<Row>(
        _ sql: String, _ id: Int64, limit: Int, read: (Statement) -> Row
    ) throws(SQLiteError) -> [Row] {
        // No row follows a clamped id, so that lists end.
        guard id < Statement.greatestFigure else { return [] }
        return try connection.prepare(sql).all(id, min(max(limit, 0), Self.page), read: read)
    }

    // MARK: Deliveries

    /// Remembered deliveries in the order of receipt, after `id`; at most 500.
    package func deliveries(after id: Int64 = 0, limit: Int = 500) throws(SQLiteError) -> [DeliveryListing] {
        try rows(Self.deliveries("id > ?1"), id, limit: limit, read: Self.delivery)
    }

    static func deliveries(_ condition: String) -> String {
        """
        SELECT id, delivery_id, route, received_at, expires_at, lower(hex(substr(key, 1, 8))), generation FROM \
        deliveries
        WHERE \(condition) ORDER BY id LIMIT ?2
        """
    }

    static func delivery(_ row: Statement) -> DeliveryListing {
        DeliveryListing(
            id: row.int64(0), deliveryID: row.text(1), route: row.text(2), receivedAtMilliseconds: row.int64(3),
            expiresAtMilliseconds: row.int64(4), keyPrefix: row.optionalText(5).flatMap { $0.isEmpty ? nil : $0 },
            generation: row.int64(6))
    }

    // MARK: Jobs

    /// Jobs in the order in which they were stored, after `id`; at most 500.
    package func jobs(_ state: JobState, after id: Int64 = 0, limit: Int = 500) throws(SQLiteError) -> [JobListing] {
        try rows(Self.jobs(state, .after), id, limit: limit) { Self.listing($0, state) }
    }

    /// Whether a query reads the jobs after an id, or the job with exactly that id.
    enum Stretch { case after, exactly }

    /// - Parameter content: the columns of the job itself, for a single one; a list must not read payloads.
    static func jobs(_ state: JobState, _ stretch: Stretch, content: String = "NULL") -> String {
        // Each page is a range of one key, for any number of rows before and after it.
        let (id, tables, fate, more) =
            switch state {
            case .pending:
                (
                    "job.id", "jobs AS job", "NULL, NULL, NULL, NULL",
                    "AND NOT EXISTS (SELECT 1 FROM delivered WHERE delivered.job = job.id)"
                )
            // In this order: jobs that are not delivered may be many more.
            case .delivered:
                (
                    "delivered.job", "delivered CROSS JOIN jobs AS job ON job.id = delivered.job",
                    "delivered.zizq_id, delivered.at, NULL, delivered.dropped",
                    ""
                )
            case .parked: ("job.job", "parked AS job", "NULL, NULL, job.detail, NULL", "")
            }
        let condition =
            switch (stretch, state) {
            case (.exactly, _): "\(id) = ?1"
            case (.after, .pending): "\(id) > max(?1, (SELECT first_pending FROM progress) - 1)"
            case (.after, .delivered), (.after, .parked): "\(id) > ?1"
            }
        return """
            SELECT \(id), ifnull(deliveries.delivery_id, ''), ifnull(deliveries.route, ''), \
            ifnull(deliveries.received_at, job.stored_at),
                job.type, job.queue, job.unique_key, length(job.payload), \(fate), \(content)
            FROM \(tables) LEFT JOIN deliveries ON deliveries.id = job.delivery
            WHERE \(condition) \(more) ORDER BY \(id) LIMIT ?2
            """
    }

    static func listing(_ row: Statement, _ state: JobState) -> JobListing {
        JobListing(
            id: row.int64(0), state: state, deliveryID: row.text(1), route: row.text(2),
            receivedAtMilliseconds: row.int64(3),
            type: row.text(4), queue: row.text(5), uniqueKey: row.optionalText(6), payloadBytes: Int(row.size(7)),
            zizqID: row.optionalText(8), deliveredAtMilliseconds: row.optionalInt64(9),
            isDropped: row.int64(11) == 1 ? true : nil, detail: row.optionalText(10))
    }

    // MARK: Dead letters

    /// Dead letters, oldest first, after `id`; at most 500.
    package func deadLetters(after id: Int64 = 0, limit: Int = 500) throws(SQLiteError) -> [DeadLetterListing] {
        try rows(Self.deadLetters("NULL", "letter.id > ?1"), id, limit: limit, read: Self.letter)
    }

    /// The number of the newest dead letter; 0 for none. Later ones get greater numbers.
    package func lastDeadLetter() throws(SQLiteError) -> Int64 {
        try connection.integer("SELECT max(id) FROM dead_letters") ?? 0
    }

    static func deadLetters(_ content: String, _ condition: String) -> String {
        """
        SELECT letter.id, ifnull(deliveries.delivery_id, ''), ifnull(deliveries.route, ''), \
        coalesce(letter.received_at, deliveries.received_at, letter.died_at),
            letter.died_at, letter.reason, letter.detail, letter.type, letter.queue,
            coalesce(length(letter.payload), length(letter.request), \(request("bytes")), 0), letter.element, \
            letter.rule,
            letter.rule_kind, letter.rule_type, letter.rule_queue, letter.rule_digest, \(content)
        FROM dead_letters AS letter LEFT JOIN deliveries ON deliveries.id = letter.delivery
        WHERE \(condition) ORDER BY letter.id LIMIT ?2
        """
    }

    /// A column of the request that a dead letter shares; a request belongs to a range of rows in `deliveries`, and
    /// ranges do not overlap.
    private static func request(_ column: String) -> String {
        """
        (SELECT CASE WHEN last_part >= letter.delivery THEN \(column) END FROM requests
            WHERE requests.delivery <= letter.delivery ORDER BY requests.delivery DESC LIMIT 1)
        """
    }

    static func letter(_ row: Statement) -> DeadLetterListing {
        DeadLetterListing(
            id: row.int64(0), deliveryID: row.text(1), route: row.text(2), receivedAtMilliseconds: row.int64(3),
            diedAtMilliseconds: row.int64(4), reason: row.text(5), detail: row.text(6), jobType: row.optionalText(7),
            queue: row.optionalText(8), contentBytes: Int(row.size(9)), element: row.optionalInt(10),
            rule: row.optionalInt(11),
            madeBy: row.key(15).map {
                RuleIdentity(
                    kind: row.optionalText(12), type: row.optionalText(13), queue: row.optionalText(14), digest: $0)
            })
    }
}

/// An outbox with lists and look-ups: a running one through its reader, one at rest through the store.
package protocol OutboxListing: AnyObject {
    /// The queries over its own connection.
    var queries: Queries { get }
}

extension OutboxListing {
    /// The result of reads, with an error as the callers of the outbox see it.
    package func read<Answer>(
        _ body: (Queries) throws(SQLiteError) -> Answer
    ) throws(OutboxError) -> Answer {
        try answer(try body(queries))
    }
}

/// The result of a read, with its error as the callers of the outbox see it.
func answer<Answer>(_ read: @autoclosure () throws(SQLiteError) -> Answer) throws(OutboxError) -> Answer {
    do throws(SQLiteError) { return try read() } catch { throw OutboxError(error) }
}
