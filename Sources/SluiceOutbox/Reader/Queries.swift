/// Lists and look-ups over one connection, for whoever shows the outbox to a person. Each call is one short read; lists come in pages
/// by key: the next page begins behind the last row of this one.
struct Queries {
    /// The most rows of one page.
    static let page = 500

    let connection: Connection

    func jobs(_ state: JobState, after id: Int64, limit: Int) throws(SQLiteError) -> [JobListing] {
        try rows(Self.list(state), after: id, limit: limit) { Self.listing($0, state) }
    }

    func deliveries(after id: Int64, limit: Int) throws(SQLiteError) -> [DeliveryListing] {
        let sql = """
            SELECT id, delivery_id, route, received_at, expires_at, lower(hex(substr(key, 1, 8))), generation FROM deliveries
            WHERE id > ?1 ORDER BY id LIMIT ?2
            """
        return try rows(sql, after: id, limit: limit) { row in
            DeliveryListing(
                id: row.int64(0), deliveryID: row.text(1), route: row.text(2), receivedAtMilliseconds: row.int64(3),
                expiresAtMilliseconds: row.int64(4), keyPrefix: row.optionalText(5).flatMap { $0.isEmpty ? nil : $0 },
                generation: row.int64(6))
        }
    }

    func deadLetters(after id: Int64, limit: Int) throws(SQLiteError) -> [DeadLetter] {
        try rows("\(Self.deadLetter) WHERE letter.id > ?1 ORDER BY letter.id LIMIT ?2", after: id, limit: limit, Self.letter)
    }

    func deadLetter(_ id: Int64) throws(SQLiteError) -> DeadLetterContent? {
        let found = try rows("\(Self.deadLetter) WHERE letter.id = ?1 LIMIT ?2", after: id, limit: 1) { row in
            let letter = Self.letter(row)
            let job = IngestJob(
                type: row.text(7), queue: row.text(8), options: row.bytes(12), uniqueKey: row.optionalText(10),
                uniqueWhile: row.optionalText(11), payload: row.bytes(13))
            return DeadLetterContent(letter: letter, job: letter.holdsJob ? job : nil, request: row.optionalBytes(14))
        }
        return found.first
    }

    /// A job in whatever state it is.
    func job(_ id: Int64) throws(SQLiteError) -> JobContent? {
        for state in JobState.allCases {
            let found = try rows(Self.list(state), after: id - 1, limit: 1) { row in
                let job = StoredJob.job(row, from: 11)
                let isIntact = row.int64(16) == Int64(bitPattern: StoredJob.checksum(job))
                return JobContent(listing: Self.listing(row, state), job: job, isIntact: isIntact)
            }
            if let content = found.first, content.listing.id == id { return content }
        }
        return nil
    }

    private func rows<Row>(
        _ sql: String, after id: Int64, limit: Int, _ read: (Statement) -> Row
    ) throws(SQLiteError) -> [Row] {
        let statement = try connection.prepare(sql)
        statement.bind(id, at: 1)
        statement.bind(Int64(min(max(limit, 0), Self.page)), at: 2)
        defer { statement.reset() }
        var rows: [Row] = []
        while try statement.step() { rows.append(read(statement)) }
        return rows
    }

    // MARK: Jobs

    private static func list(_ state: JobState) -> String {
        let (table, id, delivered, detail) =
            switch state {
            case .pending: ("jobs", "id", "NULL, NULL", "NULL")
            case .delivered: ("jobs", "id", "delivered.zizq_id, delivered.at", "NULL")
            case .parked: ("parked", "job", "NULL, NULL", "job.detail")
            }
        let condition =
            switch state {
            case .pending: "AND NOT EXISTS (SELECT 1 FROM delivered WHERE delivered.job = job.id)"
            case .delivered, .parked: ""
            }
        let join = state == .delivered ? "JOIN delivered ON delivered.job = job.id" : ""
        return """
            SELECT job.\(id), ifnull(deliveries.delivery_id, ''), ifnull(deliveries.route, ''), ifnull(deliveries.received_at, 0), job.type,
                job.queue, job.unique_key, length(job.payload), \(delivered), \(detail),
                job.type, job.queue, job.unique_key, job.unique_while, job.options, job.checksum, job.payload
            FROM \(table) AS job LEFT JOIN deliveries ON deliveries.id = job.delivery \(join)
            WHERE job.\(id) > ?1 \(condition) ORDER BY job.\(id) LIMIT ?2
            """
    }

    private static func listing(_ row: Statement, _ state: JobState) -> JobListing {
        JobListing(
            id: row.int64(0), state: state, deliveryID: row.text(1), route: row.text(2), receivedAtMilliseconds: row.int64(3),
            type: row.text(4), queue: row.text(5), uniqueKey: row.optionalText(6), payloadBytes: Int(row.int64(7)),
            zizqID: row.optionalText(8), deliveredAtMilliseconds: row.isNull(9) ? nil : row.int64(9), detail: row.optionalText(10))
    }

    // MARK: Dead letters

    private static let deadLetter = """
        SELECT letter.id, ifnull(deliveries.delivery_id, ''), ifnull(deliveries.route, ''), ifnull(deliveries.received_at, 0),
            letter.died_at, letter.reason, letter.detail, letter.type, letter.queue, ifnull(length(letter.payload), length(letter.request)),
            letter.unique_key, letter.unique_while, letter.options, letter.payload, letter.request
        FROM dead_letters AS letter LEFT JOIN deliveries ON deliveries.id = letter.delivery
        """

    private static func letter(_ row: Statement) -> DeadLetter {
        DeadLetter(
            id: row.int64(0), deliveryID: row.text(1), route: row.text(2), receivedAtMilliseconds: row.int64(3),
            diedAtMilliseconds: row.int64(4), reason: row.text(5), detail: row.text(6), jobType: row.optionalText(7),
            queue: row.optionalText(8), contentBytes: Int(row.int64(9)))
    }
}
