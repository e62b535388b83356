internal import SluiceBase

/// The delivered jobs to send again.
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
    /// The last of them; 0 for none.
    package let lastJob: Int64
    /// When the oldest kept delivered job was delivered, for any route; `nil` for none.
    package let oldestKeptAtMilliseconds: Int64?
}

extension Queries {
    private static func replayed(_ columns: String, _ range: ReplayRange) -> String {
        let route =
            range.route == nil ? "" : "AND EXISTS (SELECT 1 FROM deliveries WHERE id = job.delivery AND route = ?3)"
        return """
            SELECT \(columns) FROM delivered CROSS JOIN jobs AS job ON job.id = delivered.job
            WHERE delivered.job BETWEEN ?1 AND \(range.ids.upperBound)
                AND delivered.at BETWEEN \(range.delivered.lowerBound) AND \(range.delivered.upperBound) \(route)
            """
    }

    private func replay(_ range: ReplayRange, columns: String, end: String = "") throws(SQLiteError) -> Statement {
        let statement = try connection.prepare(Self.replayed(columns, range) + end)
        statement.bind(range.ids.lowerBound, at: 1)
        if let route = range.route { statement.bind(route, at: 3) }
        return statement
    }

    func replayFigures(_ range: ReplayRange) throws(SQLiteError) -> ReplayFigures {
        let row = try replay(range, columns: "count(*), sum(length(job.payload)), max(job.id)")
        defer { row.reset() }
        guard try row.step() else { return ReplayFigures(jobs: 0, bytes: 0, lastJob: 0, oldestKeptAtMilliseconds: nil) }
        return ReplayFigures(
            jobs: Int(row.int64(0)), bytes: Int(row.int64(1)), lastJob: row.int64(2),
            oldestKeptAtMilliseconds: try connection.integer(Statements.selectOldestDelivered))
    }

    /// The first of the jobs, in order.
    func replayedJobs(_ range: ReplayRange, limit: Int) throws(SQLiteError) -> [Int64] {
        let row = try replay(range, columns: "job.id", end: " ORDER BY delivered.job LIMIT ?2")
        row.bind(Int64(limit), at: 2)
        defer { row.reset() }
        var ids: [Int64] = []
        while try row.step() { ids.append(row.int64(0)) }
        return ids
    }
}
