internal import CSluiceSQLite
internal import SluiceBase

/// The rows of one table of a damaged file in the order of their numbers. Skips the smallest unreadable ranges that can
/// be found by trying.
final class SalvagedRows {
    /// The current row.
    let row: Statement
    private let probe: Statement
    /// Where reading goes on after a gap. Only grows, whatever numbers a damaged page gives its rows.
    private var position: Int64 = 0
    /// No row has a greater number, as far as that can be read.
    private let last: Int64
    /// Those that hold no ids, times or sizes.
    private let checksums: [Bool]
    private var isReading = false

    /// - Parameter id: the column that numbers the rows, the first of `columns`.
    init(_ connection: Connection, table: String, id: String, columns: [String]) throws(SQLiteError) {
        let sql = "SELECT \(columns.joined(separator: ", ")) FROM \(table) WHERE \(id) >= ?1 ORDER BY \(id)"
        row = try connection.prepare(sql)
        probe = try connection.prepare(sql + " LIMIT 1")
        let greatest = try? connection.integer("SELECT max(\(id)) FROM \(table)")
        last = min(greatest ?? .max, Statement.greatestFigure)
        checksums = columns.map { $0.hasSuffix("checksum") }
    }

    /// Goes to the next row that can be read.
    ///
    /// - Returns: false at the end.
    func next(_ table: inout SalvageReport.Table) throws(SQLiteError) -> Bool {
        while true {
            do throws(SQLiteError) {
                if !isReading { row.bind(position, at: 1) }
                isReading = true
                guard try row.step() else { return false }
                guard isPlausible else {
                    table.unusable += 1
                    continue
                }
                position = max(position, row.int64(0) + 1)
                return true
            } catch {
                // Stepping has reset the statement.
                isReading = false
                table.gaps += 1
                guard let next = firstReadable(after: position) else { return false }
                position = next
            }
        }
    }

    private var isPlausible: Bool {
        guard row.isInteger(0), row.int64(0) > 0, row.int64(0) <= last else { return false }
        return checksums.indices.allSatisfy { index in
            let column = Int32(index)
            return checksums[index] || !row.isInteger(column)
                || -Statement.greatestFigure...Statement.greatestFigure ~= row.int64(column)
        }
    }

    /// The least number from which on a row, or the end, can be read: found by doubling the distance, then by halves.
    private func firstReadable(after failing: Int64) -> Int64? {
        var distance: Int64 = 1
        while !canRead(from: failing + distance) {
            guard distance < 1 << 61 else { return nil }
            distance *= 2
        }
        var (low, high) = (failing + distance / 2, failing + distance)
        if distance == 1 { low = failing }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if canRead(from: middle) { high = middle } else { low = middle }
        }
        return high
    }

    private func canRead(from number: Int64) -> Bool {
        probe.bind(number, at: 1)
        defer { probe.reset() }
        return (try? probe.step()) != nil
    }
}

extension OutboxStore {
    /// Takes over deliveries from a damaged file, with their numbers, in one transaction.
    ///
    /// - Returns: whether there are no more.
    func adopt(upTo limit: Int, of rows: SalvagedRows, _ table: inout SalvageReport.Table) throws(SQLiteError) -> Bool {
        let keysBefore = keys.recent.count
        var writes: [KeyIndex.Write] = []
        var result = table
        let isAtEnd = try transaction { () throws(SQLiteError) in
            for _ in 0..<limit {
                guard try rows.next(&result) else { return true }
                if try adopt(rows.row) { result.saved += 1 } else { result.unusable += 1 }
            }
            writes = try writeKeys(added: keys.recent.count - keysBefore)
            return false
        }
        if !writes.isEmpty { keys.apply(writes, keys: ledger.rememberedKeys) }
        freezeKeys()
        table = result
        return isAtEnd
    }

    /// - Returns: false for a row that cannot be one of a delivery.
    private func adopt(_ row: Statement) throws(SQLiteError) -> Bool {
        let (id, received, expires) = (row.int64(0), row.int64(3), row.int64(4))
        let window = expires.subtractingReportingOverflow(received)
        guard id >= ledger.nextDelivery, Self.isID(row.text(1)), !row.text(2).isEmpty,
            !window.overflow, (0...Self.longestWindow).contains(window.partialValue),
            row.isNull(8) || row.key(8) != nil
        else { return false }
        for column in 0..<Int32(10) { session.insertDelivery.bind(columnOf: row, column, at: column + 1) }
        try session.insertDelivery.runAndUnbind()
        ledger.nextDelivery = id + 1
        ledger.isChanged = true
        if row.int64(10) != 0 {
            try session.connection.execute("UPDATE deliveries SET key_forgotten = 1 WHERE id = \(id)")
        } else {
            try noteWindow(window.partialValue, row: id)
        }
        guard let key = row.key(8) else { return true }
        ledger.keys.add()
        keyUndo.append((key, keys.set(key, to: id)))
        return true
    }

    /// Ten years in milliseconds: more than any setting allows.
    private static let longestWindow: Int64 = 10 * 366 * 86_400_000
}
