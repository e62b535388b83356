internal import SluiceBase

/// The delivered jobs to send again. Of a job that was replayed before, only the oldest in the range.
package struct ReplayRange: Sendable, Hashable {
    /// When Zizq accepted them, milliseconds since 1970.
    package var delivered: ClosedRange<Int64>
    /// The name of their route; `nil` for all routes.
    package var route: String?
    /// Only ids in this range. Replayed jobs get ids above those of the shown figures.
    package var ids: ClosedRange<Int64>

    package init(delivered: ClosedRange<Int64>, route: String?, ids: ClosedRange<Int64> = 1...Int64.max) {
        self.delivered = delivered
        self.route = route
        self.ids = ids
    }
}

/// The jobs of a replay.
package struct ReplayFigures: Sendable, Hashable {
    package let jobs: Int
    /// The size of their payloads.
    package let bytes: Int
    /// The id of the last job; 0 if there is none.
    package let lastJob: Int64
    /// When the oldest kept delivered job was delivered, for any route; `nil` for none.
    package let oldestKeptAtMilliseconds: Int64?
}

/// Finds copies that earlier replays appended, so that each delivered job is sent once.
///
/// The rows of a range are passed twice, in the order of their ids. Rows are appended in the order of their deliveries,
/// except for those that are put back or copied later: only the deliveries of these are kept in memory.
struct ReplayedCopies {
    struct Row {
        let id: Int64
        let delivery: Int64
        let storedAt: Int64
        let checksum: Int64

        /// Whether this row and `other` were stored in one transaction for one delivery.
        func isTogether(with other: Row?) -> Bool {
            delivery == other?.delivery && storedAt == other?.storedAt
        }
    }

    private struct Content: Hashable {
        let delivery: Int64
        let checksum: Int64
        /// Elements of one delivery can be equal.
        let ordinal: Int
    }

    private var last: Row?
    private var highest: Int64 = 0
    private var returning: Set<Int64> = []
    private var seen: Set<Content> = []
    private var equal: [Int64: Int] = [:]

    /// The first pass.
    mutating func note(_ row: Row) {
        if row.delivery <= highest, !row.isTogether(with: last) { returning.insert(row.delivery) }
        highest = max(highest, row.delivery)
        last = row
    }

    /// The second pass.
    ///
    /// - Returns: whether an earlier row has the same job of the same delivery.
    mutating func isCopy(_ row: Row) -> Bool {
        guard returning.contains(row.delivery) else { return false }
        if !row.isTogether(with: last) { equal = [:] }
        last = row
        let ordinal = equal[row.checksum, default: 0]
        equal[row.checksum] = ordinal + 1
        return !seen.insert(Content(delivery: row.delivery, checksum: row.checksum, ordinal: ordinal)).inserted
    }
}

extension Queries {
    /// Calls `body` with each delivered job of a range and the size of its payload, in the order of their ids,
    /// including those before `range.ids`; `body` returns whether to continue.
    private func eachDelivered(
        _ range: ReplayRange, _ body: (ReplayedCopies.Row, _ bytes: Int64) -> Bool
    ) throws(SQLiteError) {
        let route =
            range.route == nil ? "" : "AND EXISTS (SELECT 1 FROM deliveries WHERE id = job.delivery AND route = ?2)"
        let statement = try connection.prepare(
            """
            SELECT job.id, job.delivery, job.stored_at, job.checksum, length(job.payload)
            FROM delivered CROSS JOIN jobs AS job ON job.id = delivered.job
            WHERE delivered.job <= ?1
                AND delivered.at BETWEEN \(range.delivered.lowerBound) AND \(range.delivered.upperBound) \(route)
            ORDER BY delivered.job
            """)
        statement.bind(range.ids.upperBound, at: 1)
        if let route = range.route { statement.bind(route, at: 2) }
        defer { statement.reset() }
        while try statement.step() {
            let row = ReplayedCopies.Row(
                id: statement.int64(0), delivery: statement.int64(1), storedAt: statement.int64(2),
                checksum: statement.int64(3))
            guard body(row, statement.int64(4)) else { return }
        }
    }

    /// As `eachDelivered`, without copies of jobs that are in the range themselves.
    private func eachReplayed(
        _ range: ReplayRange, _ body: (_ id: Int64, _ bytes: Int64) -> Bool
    ) throws(SQLiteError) {
        var copies = ReplayedCopies()
        try eachDelivered(range) { row, _ in
            copies.note(row)
            return true
        }
        try eachDelivered(range) { row, bytes in copies.isCopy(row) || body(row.id, bytes) }
    }

    func replayFigures(_ range: ReplayRange) throws(SQLiteError) -> ReplayFigures {
        var (jobs, total, last) = (0, 0, Int64(0))
        try eachReplayed(range) { id, bytes in
            (jobs, total, last) = (jobs + 1, total + Int(bytes), id)
            return true
        }
        return ReplayFigures(
            jobs: jobs, bytes: total, lastJob: last,
            oldestKeptAtMilliseconds: try connection.integer(Statements.selectOldestDelivered))
    }

    /// The first of the jobs, in order.
    func replayedJobs(_ range: ReplayRange, limit: Int) throws(SQLiteError) -> [Int64] {
        var ids: [Int64] = []
        try eachReplayed(range) { id, _ in
            if id >= range.ids.lowerBound { ids.append(id) }
            return ids.count < limit
        }
        return ids
    }
}
