extension Queries {
    /// The request of a delivery, with its results; `nil` if no delivery has this id.
    ///
    /// The time in the id limits the search. The last million rows are searched for an id that is not one of the
    /// gateway's, or was made while the clock was set back. These are several short reads, so that a job that moves in
    /// the meantime is shown in its old or its new state.
    package func request(ofDelivery deliveryID: String) throws(SQLiteError) -> KeptRequestRow? {
        guard let found = try DeliverySearch(connection: connection).rows(of: deliveryID) else { return nil }
        let parts = try rows(
            Self.deliveries("id BETWEEN ?1 AND \(found.upperBound)"), found.lowerBound, limit: Self.page,
            read: Self.delivery)
        guard let first = parts.first else { return nil }
        let kept = try keptRequest(found)
        let jobs = try jobs(of: found, parts, cameWith: kept?.jobs)
        let letters = try rows(
            Self.deadLetters("NULL", "letter.delivery BETWEEN ?1 AND \(found.upperBound)"), found.lowerBound,
            limit: Self.page, read: Self.letter)
        return KeptRequestRow(
            deliveryID: first.deliveryID, route: first.route, receivedAtMilliseconds: first.receivedAtMilliseconds,
            request: kept?.bytes,
            parts: parts, jobs: jobs, deadLetters: letters)
    }

    private typealias Kept = (bytes: [UInt8], jobs: Range<Int64>)

    /// The request with the jobs of its delivery; or that of a dead letter with its own (format 1).
    private func keptRequest(_ delivery: ClosedRange<Int64>) throws(SQLiteError) -> Kept? {
        // Its first parts may have been forgotten, so it may start before the remaining rows.
        let shared = """
            SELECT request, first_job, jobs FROM (SELECT * FROM requests WHERE delivery <= ?1 ORDER BY delivery DESC \
            LIMIT ?2)
            WHERE last_part >= ?1
            """
        let own =
            "SELECT request, 0, 0 FROM dead_letters WHERE delivery BETWEEN ?1 AND \(delivery.upperBound) AND request "
            + "IS NOT NULL LIMIT ?2"
        for sql in [shared, own] {
            let found = try rows(sql, delivery.lowerBound, limit: 1) { row -> Kept in
                (row.bytes(0), row.int64(1)..<(row.int64(1) + row.size(2)))
            }
            if let kept = found.first { return kept }
        }
        return nil
    }

    /// Jobs have no index on their delivery: they are found through the last job of each part, and among the parked
    /// ones, which have one.
    private func jobs(
        of delivery: ClosedRange<Int64>, _ parts: [DeliveryListing], cameWith: Range<Int64>?
    ) throws(SQLiteError) -> [JobListing] {
        var ids: Set<Int64> = []
        if let cameWith, !cameWith.isEmpty {
            let sql = "SELECT id FROM jobs WHERE id >= ?1 AND id < \(cameWith.upperBound) ORDER BY id LIMIT ?2"
            ids.formUnion(try rows(sql, cameWith.lowerBound, limit: Self.page) { $0.int64(0) })
        }
        for part in parts where ids.count < Self.page { ids.formUnion(try jobs(atTheEndOf: part.id)) }
        let parked = "SELECT job FROM parked WHERE delivery BETWEEN ?1 AND \(delivery.upperBound) LIMIT ?2"
        ids.formUnion(try rows(parked, delivery.lowerBound, limit: Self.page) { $0.int64(0) })
        var listings: [JobListing] = []
        for id in ids.sorted().prefix(Self.page) {
            if let listing = try listing(id) { listings.append(listing) }
        }
        return listings
    }

    /// From the part's last job back to the previous one of another part.
    private func jobs(atTheEndOf part: Int64) throws(SQLiteError) -> [Int64] {
        let sql = """
            SELECT id, delivery FROM jobs WHERE id <= (SELECT last_job FROM deliveries WHERE id = ?1) ORDER BY id \
            DESC LIMIT ?2
            """
        let statement = try connection.prepare(sql)
        statement.bind(part, Int64(Self.page))
        defer { statement.reset() }
        var ids: [Int64] = []
        while try statement.step(), statement.int64(1) == part { ids.append(statement.int64(0)) }
        return ids
    }

    private func listing(_ id: Int64) throws(SQLiteError) -> JobListing? {
        for state in JobState.allCases {
            if let found = try rows(Self.jobs(state, .exactly), id, limit: 1, read: { Self.listing($0, state) }).first {
                return found
            }
        }
        return nil
    }
}
