internal import CSluiceSQLite
internal import SluiceBase

/// A column as this version of the outbox declares it.
struct SalvagedColumn {
    let name: String
    private let holdsNumbers: Bool
    private let mayBeNull: Bool

    /// The columns of a table, in their order.
    static func all(of table: String, in connection: Connection) throws(SQLiteError) -> [SalvagedColumn] {
        let rows = try connection.prepare("SELECT name, type, \"notnull\" FROM pragma_table_info('\(table)')")
        return try rows.all { row in
            SalvagedColumn(name: row.text(0), holdsNumbers: row.text(1) == "INTEGER", mayBeNull: row.int64(2) == 0)
        }
    }

    /// Whether a value is valid for this column.
    func fits(_ row: Statement, _ column: Int32) -> Bool {
        if row.isNull(column) { return mayBeNull }
        guard holdsNumbers else { return row.isText(column) || row.isBlob(column) }
        // Checksums are numbers of any size, and positions are computed again.
        return name == "checksum" || name == "position" ? row.isInteger(column) : row.isNumber(column)
    }
}

/// The rows of one table of a damaged file in the order of their numbers. Skips the smallest unreadable ranges that
/// trying can find.
final class SalvagedRows {
    /// The current row.
    private(set) var row: Statement
    private let reached: Statement
    /// A statement that returns its bound values, so that rows of `leaves` look like others.
    private let echo: Statement
    private let connection: Connection
    private let path: String
    private let table: String
    private var leaves: LeafPages??
    /// Rows of a gap, in reverse order.
    private var found: [LeafPages.Row] = []
    /// The parameter of `echo` for each column of the damaged table.
    private let parameters: [Int32?]
    private let probe: Statement
    /// The row with which reading continues after a gap. It only grows, whatever numbers a damaged page contains.
    private var position: Int64 = 0
    /// The greatest row number, as far as it can be read.
    private let last: Int64
    private let columns: [SalvagedColumn]
    private var isReading = false
    private var isAtEnd = false

    /// - Parameters:
    ///   - path: the file of `connection`.
    ///   - id: the column that numbers the rows, the first of `columns`.
    init(_ connection: Connection, path: String, table: String, id: String, columns: [SalvagedColumn])
        throws(SQLiteError)
    {
        (self.connection, self.path, self.table) = (connection, path, table)
        let sql = "SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(table) WHERE \(id) >= ?1 ORDER BY \(id)"
        reached = try connection.prepare(sql)
        row = reached
        echo = try connection.prepare("SELECT " + columns.map { _ in "?" }.joined(separator: ", "))
        parameters = try connection.columns(of: table).map { name in
            columns.firstIndex { $0.name == name }.map { Int32($0 + 1) }
        }
        probe = try connection.prepare(sql + " LIMIT 1")
        let greatest = try? connection.integer("SELECT max(\(id)) FROM \(table)")
        last = min(greatest ?? .max, Statement.greatestFigure)
        self.columns = columns
    }

    /// Advances to the next readable row.
    ///
    /// - Returns: false at the end.
    func next(_ table: inout SalvageReport.Table) throws(SQLiteError) -> Bool {
        while true {
            if try nextFound(&table) { return true }
            guard !isAtEnd else { return false }
            row = reached
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
                let next = Connection.firstReadable(after: position, canRead)
                found = leafRows(position..<(next ?? .max)).reversed()
                table.lostPages = leaves??.unreadable
                isAtEnd = next == nil
                position = next ?? .max
            }
        }
    }

    /// Advances to the next row of the last gap that is on a leaf page which SQLite did not reach.
    private func nextFound(_ table: inout SalvageReport.Table) throws(SQLiteError) -> Bool {
        row = echo
        while let next = found.popLast() {
            echo.reset()
            for index in columns.indices { echo.bindNull(at: Int32(index + 1)) }
            for (value, parameter) in zip(next.values, parameters) {
                guard let parameter else { continue }
                echo.bind(value, at: parameter)
            }
            echo.bind(next.id, at: 1)
            if try echo.step(), isPlausible { return true }
            table.unusable += 1
        }
        echo.reset()
        return false
    }

    private func leafRows(_ range: Range<Int64>) -> [LeafPages.Row] {
        if leaves == nil {
            let root = try? connection.integer("SELECT rootpage FROM sqlite_schema WHERE name = '\(table)'")
            leaves = .some(root.flatMap { LeafPages(path: path, root: Int($0)) })
        }
        return (leaves ?? nil)?.rows(in: range) ?? []
    }

    private var isPlausible: Bool {
        guard row.isNumber(0), row.int64(0) > 0, row.int64(0) <= last else { return false }
        return columns.indices.allSatisfy { columns[$0].fits(row, Int32($0)) }
    }

    private func canRead(from number: Int64) -> Bool {
        probe.bind(number, at: 1)
        defer { probe.reset() }
        return (try? probe.step()) != nil
    }
}

extension OutboxStore {
    /// Copies deliveries from a damaged file, with their numbers, in one transaction. Those that lost an undelivered
    /// job lose key and body hash, so that they are accepted again, with the same unique keys.
    ///
    /// - Returns: whether there are no more.
    func adopt(upTo limit: Int, of rows: SalvagedRows, _ table: inout SalvageReport.Table, lost: inout LostJobs)
        throws(SQLiteError) -> Bool
    {
        var writes: [KeyIndex.Write] = []
        var result = table
        let isAtEnd = try transaction { () throws(SQLiteError) in
            for _ in 0..<limit {
                guard try rows.next(&result) else { return true }
                if try adopt(rows.row, after: result.gaps + result.unusable, &lost) {
                    result.saved += 1
                } else {
                    result.unusable += 1
                }
            }
            writes = try writeKeys(added: result.saved - table.saved)
            return false
        }
        if !writes.isEmpty { keys.apply(writes, keys: ledger.rememberedKeys) }
        freezeKeys()
        table = result
        return isAtEnd
    }

    /// - Returns: false for a row that is not a valid delivery.
    private func adopt(_ row: Statement, after problems: Int, _ lost: inout LostJobs) throws(SQLiteError) -> Bool {
        let (id, received, expires) = (row.int64(0), row.int64(3), row.int64(4))
        let window = expires.subtractingReportingOverflow(received)
        guard id >= ledger.nextDelivery, Self.isID(row.text(1)), !row.text(2).isEmpty,
            !window.overflow, (0...Self.longestWindow).contains(window.partialValue),
            row.isNull(8) || row.key(8) != nil
        else { return false }
        lost.reached(row: id, received: received, lastJob: row.int64(5), problems: problems)
        let isLost = lost.isLost(row: id, lastJob: row.int64(5))
        for column in 0..<Int32(10) { session.insertDelivery.bind(columnOf: row, column, at: column + 1) }
        if isLost {
            // An earlier delivery with the key, which had expired, may hold it again: a job without the record of its
            // delivery counts as pending.
            if let key = row.key(8), let earlier = try newest(key), earlier.expiresAt <= received {
                _ = try forget(key)
            }
            lost.note(id: row.text(1), route: row.text(2), received: received)
            session.insertDelivery.bindNull(at: 9)
            session.insertDelivery.bind([], at: 10)
        }
        do throws(SQLiteError) { try session.insertDelivery.runAndUnbind() } catch {
            guard Salvage.rowErrors.contains(error.code & 0xFF) else { throw error }
            return false
        }
        ledger.nextDelivery = id + 1
        ledger.isChanged = true
        if row.int64(10) != 0 {
            try session.connection.execute("UPDATE deliveries SET key_forgotten = 1 WHERE id = \(id)")
        } else {
            try noteWindow(window.partialValue, row: id)
        }
        guard !isLost, let key = row.key(8) else { return true }
        ledger.keys.add()
        keyUndo.append((key, keys.set(key, to: id)))
        return true
    }

    /// The maximum window: ten years in milliseconds, more than any setting allows.
    package static let longestWindow: Int64 = 10 * 366 * 86_400_000
}
