/// A search for a delivery's rows by its id. The id has no index, which would cost every delivery: rows are in the
/// order of receipt, and an id starts with its time (ULID), so two binary searches leave the rows of a few seconds.
struct DeliverySearch {
    /// The maximum deviation of the order of the rows, and of the clock of an id, in milliseconds. Rows come from
    /// several event loops, each of which submits the deliveries of one wake-up together.
    static let slack: Int64 = 10_000

    let connection: Connection
    /// The number of newest rows that are searched for an id with no time or a wrong one.
    var rowsWithoutTime: Int64 = 1_000_000

    /// - Returns: the first and the last row of the delivery; `nil` if there is none.
    func rows(of deliveryID: String) throws(SQLiteError) -> ClosedRange<Int64>? {
        guard let newest = try connection.integer("SELECT max(id) FROM deliveries") else { return nil }
        let row =
            if let found = try rowByTime(deliveryID, newest) {
                found
            } else {
                try row(deliveryID, in: max(0, newest + 1 - rowsWithoutTime)..<(newest + 1))
            }
        guard let row else { return nil }
        return try neighbours(of: row, deliveryID)
    }

    private func rowByTime(_ deliveryID: String, _ newest: Int64) throws(SQLiteError) -> Int64? {
        guard let time = Self.milliseconds(ofID: deliveryID) else { return nil }
        let first = try firstRow(receivedFrom: time - Self.slack, newest)
        return try row(deliveryID, in: first..<max(first, firstRow(receivedFrom: time + Self.slack + 1, newest)))
    }

    /// A binary search; correct if rows are out of order by at most `slack`.
    private func firstRow(receivedFrom milliseconds: Int64, _ newest: Int64) throws(SQLiteError) -> Int64 {
        let probe = try connection.prepare("SELECT id, received_at FROM deliveries WHERE id >= ?1 ORDER BY id LIMIT 1")
        var low: Int64 = 0
        var high = newest + 1
        while low < high {
            let middle = low + (high - low) / 2
            probe.bind(middle, at: 1)
            defer { probe.reset() }
            // Rows of forgotten deliveries are missing: the next one is used instead.
            guard try probe.step(), probe.int64(0) < high, probe.int64(1) < milliseconds else {
                high = middle
                continue
            }
            low = probe.int64(0) + 1
        }
        return low
    }

    private func row(_ deliveryID: String, in rows: Range<Int64>) throws(SQLiteError) -> Int64? {
        let statement = try connection.prepare(
            "SELECT id FROM deliveries WHERE id >= ?1 AND id < ?2 AND delivery_id = ?3 ORDER BY id DESC LIMIT 1")
        return try statement.first(rows.lowerBound, rows.upperBound, deliveryID) { $0.int64(0) }
    }

    /// A delivery's parts are consecutive: it extends to the next row of another one on each side.
    func neighbours(of row: Int64, _ deliveryID: String) throws(SQLiteError) -> ClosedRange<Int64> {
        func end(_ sql: String) throws(SQLiteError) -> Int64 {
            let statement = try connection.prepare(sql)
            return try statement.first(row, deliveryID) { $0.int64(0) } ?? row
        }
        let before =
            "ifnull((SELECT id FROM deliveries WHERE id < ?1 AND delivery_id <> ?2 ORDER BY id DESC LIMIT 1), 0)"
        let behind =
            "ifnull((SELECT id FROM deliveries WHERE id > ?1 AND delivery_id <> ?2 ORDER BY id LIMIT 1), \(Int64.max))"
        let first = try end("SELECT id FROM deliveries WHERE id > \(before) ORDER BY id LIMIT 1")
        let last = try end("SELECT id FROM deliveries WHERE id < \(behind) ORDER BY id DESC LIMIT 1")
        return min(first, row)...max(last, row)
    }

    /// The time in an id: ten digits of Crockford's base 32 before sixteen others. `nil` for another format.
    static func milliseconds(ofID id: String) -> Int64? {
        guard id.utf8.count == 26 else { return nil }
        var time: Int64 = 0
        for byte in id.utf8.prefix(10) {
            guard let digit = digits.firstIndex(of: byte) else { return nil }
            time = time << 5 | Int64(digit)
        }
        // 48 bits, as for a clock of milliseconds.
        return time < 1 << 48 ? time : nil
    }

    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
}
