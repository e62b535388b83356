internal import SluiceBase

/// The delivered jobs to send again. Of a job that was replayed before, only the oldest in the range, and none if a
/// copy is still pending or parked.
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
package struct ReplayFigures: Codable, Sendable, Hashable {
    package let jobs: Int
    /// The size of their payloads.
    package let bytes: Int
    /// The id of the last job; 0 if there is none.
    package let lastJob: Int64
    /// When the oldest kept delivered job was delivered, for any route; `nil` for none.
    package let oldestKeptAtMilliseconds: Int64?
    /// The number of jobs that are left out because a copy by an earlier replay is still pending or parked; nil from a
    /// gateway of an earlier version.
    package let waitingCopies: Int?
    /// Whether there may be more of these: so many jobs are pending that only the newest were read. Nil as above.
    package let isWaitingUnknown: Bool?

    private enum CodingKeys: String, CodingKey {
        case jobs, bytes, lastJob, waitingCopies, isWaitingUnknown
        case oldestKeptAtMilliseconds = "oldestKeptAt"
    }
}

/// Finds copies that earlier replays appended, so that each delivered job is sent once.
///
/// The rows of a range are passed twice, in the order of their ids. Rows are appended in the order of their deliveries,
/// except for those that are put back or copied later: only the deliveries of these are kept in memory. Between the two
/// passes come the rows that wait to be sent.
struct ReplayedCopies {
    /// What is done with a row.
    enum Verdict {
        /// An earlier row has the same job of the same delivery.
        case copy
        /// A copy of it waits to be sent.
        case waits
        case replay
    }

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

    /// The job of a row that waits, without its ordinal: a replay may have copied equal jobs in several transactions.
    private struct Waiting: Hashable {
        let delivery: Int64
        let checksum: Int64
    }

    private var last: Row?
    private(set) var highest: Int64 = 0
    /// When the waiting rows of each job were stored.
    private var waiting: [Waiting: [Int64]] = [:]
    private var returning: Set<Int64> = []
    private var seen: Set<Content> = []
    private var equal: [Int64: Int] = [:]

    /// The first pass.
    mutating func note(_ row: Row) {
        if row.delivery <= highest, !row.isTogether(with: last) { returning.insert(row.delivery) }
        highest = max(highest, row.delivery)
        last = row
    }

    /// Between the passes: a row that waits to be sent, of a delivery up to `highest`.
    mutating func noteWaiting(_ row: Row) {
        guard row.delivery <= highest else { return }
        returning.insert(row.delivery)
        waiting[Waiting(delivery: row.delivery, checksum: row.checksum), default: []].append(row.storedAt)
    }

    /// The second pass.
    mutating func verdict(on row: Row) -> Verdict {
        guard returning.contains(row.delivery) else { return .replay }
        if !row.isTogether(with: last) { equal = [:] }
        last = row
        let ordinal = equal[row.checksum, default: 0]
        equal[row.checksum] = ordinal + 1
        let content = Content(delivery: row.delivery, checksum: row.checksum, ordinal: ordinal)
        guard seen.insert(content).inserted else { return .copy }
        // Rows of the same transaction are not copies, but equal jobs that are not delivered yet.
        let times = waiting[Waiting(delivery: row.delivery, checksum: row.checksum)] ?? []
        return ordinal < times.count { $0 != row.storedAt } ? .waits : .replay
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
            guard body(ReplayedCopies.Row(statement), statement.size(4)) else { return }
        }
    }

    /// The number of job ids that are searched for copies that wait: an index over the deliveries of jobs would cost
    /// each delivery more than the copies are worth. Copies are the newest jobs when a replay is repeated.
    private static var searchedForWaiting: Int64 { 200_000 }

    /// Calls `body` with jobs that are pending or parked.
    ///
    /// - Parameter highest: of deliveries up to this row.
    /// - Returns: whether these are all of them.
    private func eachWaiting(
        upTo highest: Int64, _ body: (ReplayedCopies.Row) -> Void
    ) throws(SQLiteError) -> Bool {
        let first = try connection.integer("SELECT first_pending FROM progress") ?? 0
        let last = try connection.integer("SELECT max(id) FROM jobs") ?? 0
        let start = max(first, last - Self.searchedForWaiting + 1)
        let statement = try connection.prepare(
            """
            SELECT id, delivery, stored_at, checksum FROM jobs WHERE id >= \(start) AND delivery <= ?1
                AND NOT EXISTS (SELECT 1 FROM delivered WHERE job = jobs.id)
            UNION ALL SELECT * FROM (
                SELECT job, delivery, stored_at, checksum FROM parked WHERE delivery <= ?1
                ORDER BY job DESC LIMIT \(Self.searchedForWaiting))
            """)
        try statement.each(highest) { body(ReplayedCopies.Row($0)) }
        return start == first
    }

    /// As `eachDelivered`, without copies of jobs that are in the range themselves, and without jobs whose copies wait.
    ///
    /// - Returns: the number of the latter that were passed, and whether there may be more.
    @discardableResult
    private func eachReplayed(
        _ range: ReplayRange, _ body: (_ id: Int64, _ bytes: Int64) -> Bool
    ) throws(SQLiteError) -> (waiting: Int, isUnknown: Bool) {
        var copies = ReplayedCopies()
        try eachDelivered(range) { row, _ in
            copies.note(row)
            return true
        }
        let isComplete = try eachWaiting(upTo: copies.highest) { copies.noteWaiting($0) }
        var waiting = 0
        try eachDelivered(range) { row, bytes in
            switch copies.verdict(on: row) {
            case .copy: break
            case .waits: waiting += 1
            case .replay: return body(row.id, bytes)
            }
            return true
        }
        return (waiting, !isComplete)
    }

    /// The number and size of the jobs that a replay would send.
    package func replayFigures(_ range: ReplayRange) throws(SQLiteError) -> ReplayFigures {
        var (jobs, total, last) = (0, 0, Int64(0))
        let (waiting, isUnknown) = try eachReplayed(range) { id, bytes in
            (jobs, total, last) = (jobs + 1, total + Int(bytes), id)
            return true
        }
        return ReplayFigures(
            jobs: jobs, bytes: total, lastJob: last,
            oldestKeptAtMilliseconds: try connection.integer("SELECT at FROM delivered ORDER BY job LIMIT 1"),
            waitingCopies: waiting, isWaitingUnknown: isUnknown)
    }

    /// The ids of the first delivered jobs of a range.
    package func replayedJobs(_ range: ReplayRange, limit: Int) throws(SQLiteError) -> [Int64] {
        var ids: [Int64] = []
        try eachReplayed(range) { id, _ in
            if id >= range.ids.lowerBound { ids.append(id) }
            return ids.count < limit
        }
        return ids
    }
}

extension ReplayedCopies.Row {
    /// - Parameter row: with the columns id, delivery, stored_at and checksum.
    fileprivate init(_ row: Statement) {
        self.init(id: row.int64(0), delivery: row.int64(1), storedAt: row.int64(2), checksum: row.checksum(3) ?? 0)
    }
}
