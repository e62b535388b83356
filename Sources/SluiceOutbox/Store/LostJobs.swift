internal import SluiceBase

/// The jobs that a salvage did not save and that may be undelivered, and their deliveries.
///
/// The keys of these deliveries are forgotten: otherwise the provider, the only one that can send them again, would get
/// the answer "duplicate".
struct LostJobs {
    /// Ranges of ids without a row in any table, in ascending order.
    private var ranges: [ClosedRange<Int64>] = []
    /// Ids in `ranges` that are finished.
    private var finished = FinishedJobs()
    /// The last lost id directly before a saved job, by the row of that job's delivery.
    private var borders: [Int64: Int64] = [:]
    /// The ids of `borders` that are the last job of another delivery.
    private var ends: Set<Int64> = []
    /// Deliveries without a job that have a dead letter; nil if all dead letters were saved.
    private var lettersOf: Set<Int64>?
    /// Deliveries that lost a dead letter or its request, in ascending order, whether or not they have jobs.
    private var letterless: [ClosedRange<Int64>] = []
    /// Deliveries of dead letters and parked jobs that were not saved, from the indexes of these tables.
    private var indexed: Set<Int64> = []
    /// A line for each of these tables whose index cannot be read either.
    private(set) var unknown: [String] = []
    /// One line for each delivery that lost jobs: id, time of receipt, route.
    private(set) var lines: [String] = []
    /// The greatest `last_job` of a delivery.
    private(set) var lastJob: Int64 = 0
    /// Whether rows of jobs were lost.
    private let areJobsMissing: Bool
    /// At least the number of jobs on a page.
    private static let jobsPerPage: Int64 = 500
    /// The number of damaged pages if it is unknown: more than that are not looked for.
    private static let unknownPages = 1000
    /// The last delivery that was read, with the number of problems until then.
    private var last: (row: Int64, received: Int64?, problems: Int) = (0, nil, 0)
    /// The deliveries that were not read since the last one with a job.
    private var gap: Gap?
    /// One line for each time from which jobs are lost together with their deliveries.
    private(set) var stretches: [String] = []
    /// The number of saved jobs with a unique key whose delivery is lost, and a line for each of the first ones.
    private(set) var withoutDelivery = 0
    private(set) var keys: [String] = []

    /// Deliveries that were not read.
    private struct Gap {
        /// The time of the delivery before; nil for none.
        let after: Int64?
        var rows: Int64
    }

    private static let listedKeys = 10_000

    /// - Parameters:
    ///   - new: the database with the saved jobs.
    ///   - damaged: the damaged database, which says how far jobs were finished, if that can be read.
    ///   - report: the tables that were saved so far.
    init(in new: Connection, of damaged: Connection, _ report: SalvageReport) throws(SQLiteError) {
        func hasGaps(_ name: String) -> Bool { report.tables.contains { $0.name == name && !$0.isComplete } }
        areJobsMissing = hasGaps("jobs") || hasGaps("parked")
        var first = try firstUnfinished(in: new, of: damaged, report.tables.first { $0.name == "jobs" })
        for (table, id) in [("dead_letters", "id"), ("parked", "job")] where hasGaps(table) {
            try findIndexed(table, id, in: new, of: damaged)
        }
        // Parked jobs and dead letters count as finished in `progress`, but their rows are needed.
        if hasGaps("parked") || hasGaps("dead_letters") {
            first = min(first, try Self.saved("min", in: new) ?? first)
        } else if !Progress.isDamaged(in: damaged),
            let groups = try? damaged.prepare("SELECT finished FROM progress"), (try? groups.step()) == true
        {
            finished = FinishedJobs(encoded: groups.bytes(0)) ?? FinishedJobs()
        }
        if hasGaps("dead_letters") {
            lettersOf = Set(
                try new.prepare("SELECT DISTINCT delivery FROM dead_letters").all { $0.int64(0) })
            letterless = try Self.deliveries(Self.unheldRequests, in: new)
        }
        if hasGaps("requests") {
            letterless += try Self.deliveries(Self.lettersWithoutRequest, in: new)
            letterless.sort { $0.lowerBound < $1.lowerBound }
        }
        try findRanges(in: new, from: first)
    }

    /// The first job that may not have been finished.
    ///
    /// If the damaged file does not say so, or its rows contradict it, those are the jobs behind the first saved one
    /// and as many before it as the damaged pages can have. Earlier ones were removed when they had been delivered.
    private mutating func firstUnfinished(
        in new: Connection, of damaged: Connection, _ jobs: SalvageReport.Table?
    ) throws(SQLiteError) -> Int64 {
        let pending = try new.integer("SELECT first_pending FROM progress") ?? 1
        if !Progress.isDamaged(in: damaged),
            let first = try? damaged.integer("SELECT first_pending FROM progress"), first >= 1, first <= pending
        {
            return first
        }
        guard areJobsMissing, let jobs else { return .max }
        unknown.append(
            "# it is not known which jobs were finished: webhooks of this list may have been delivered, and older ones "
                + "may have lost a job")
        let end = (try Self.saved("max", in: new) ?? 0) + 1
        let saved = try new.integer("SELECT min(id) FROM jobs") ?? end
        guard jobs.lacksFirst else { return saved }
        let lost = Int64(jobs.lostPages ?? Self.unknownPages) * Self.jobsPerPage + Int64(jobs.unusable)
        return max(1, saved - lost)
    }

    /// The first or the last job with a row.
    ///
    /// - Parameter function: `min` or `max`.
    private static func saved(_ function: String, in new: Connection) throws(SQLiteError) -> Int64? {
        try new.integer(
            """
            SELECT \(function)(id) FROM (SELECT \(function)(id) AS id FROM jobs
            UNION ALL SELECT \(function)(job) FROM delivered UNION ALL SELECT \(function)(job) FROM parked
            UNION ALL SELECT \(function)(job) FROM dead_letters)
            """)
    }

    /// Finds the rows that the index on their delivery lists and that were not saved: the index is on other pages. Only
    /// it shows a finished job that was a dead letter, if it is older than every saved job.
    private mutating func findIndexed(
        _ table: String, _ id: String, in new: Connection, of damaged: Connection
    ) throws(SQLiteError) {
        let saved = try new.prepare("SELECT 1 FROM \(table) WHERE \(id) = ?1")
        let count = try new.integer("SELECT count(*) FROM \(table)")
        // From both ends, up to a damaged page.
        for order in ["ASC", "DESC"] {
            let index = "\(table) INDEXED BY \(table)_delivery ORDER BY delivery \(order)"
            guard let rows = try? damaged.prepare("SELECT delivery, \(id) FROM \(index)") else { continue }
            defer { rows.reset() }
            var found: Int64 = 0
            while let hasRow = try? rows.step() {
                // An index without the saved rows is damaged, too.
                guard hasRow else {
                    if found == count { return }
                    break
                }
                if try saved.first(rows.int64(1), read: { _ in true }) == nil {
                    indexed.insert(rows.int64(0))
                } else {
                    found += 1
                }
            }
        }
        unknown.append(
            "# the index of \(table) is damaged, too: some webhooks with finished jobs may have lost a job that is not "
                + "listed here")
    }

    /// Requests of which a dead letter or a parked job should remain.
    private static let unheldRequests = """
        SELECT delivery, last_part FROM requests WHERE job = 0 AND NOT EXISTS (
            SELECT 1 FROM dead_letters AS letter WHERE letter.delivery BETWEEN requests.delivery AND last_part
            UNION ALL SELECT 1 FROM parked WHERE parked.delivery BETWEEN requests.delivery AND last_part)
        """
    private static let lettersWithoutRequest = """
        SELECT delivery, delivery FROM dead_letters AS letter WHERE type IS NULL AND request IS NULL AND letter.delivery
            > ifnull((SELECT last_part FROM requests WHERE requests.delivery <= letter.delivery
                ORDER BY requests.delivery DESC LIMIT 1), 0)
        """

    private static func deliveries(_ sql: String, in new: Connection) throws(SQLiteError) -> [ClosedRange<Int64>] {
        try new.prepare(sql + " ORDER BY 1").all { $0.int64(0)...max($0.int64(0), $0.int64(1)) }
    }

    /// Lets the requests without dead letters be removed with the next delivered jobs: no dead letter will do so.
    func releaseRequests(in new: Connection) throws(SQLiteError) {
        try new.execute(
            "UPDATE requests SET job = max(1, first_job + jobs - 1) WHERE (delivery, last_part) IN "
                + "(\(Self.unheldRequests))")
    }

    private mutating func findRanges(in new: Connection, from first: Int64) throws(SQLiteError) {
        let saved = try new.prepare(
            """
            SELECT id, delivery FROM jobs WHERE id >= ?1 UNION ALL SELECT job, NULL FROM delivered WHERE job >= ?1
            UNION ALL SELECT job, delivery FROM parked WHERE job >= ?1
            UNION ALL SELECT job, delivery FROM dead_letters WHERE job >= ?1 ORDER BY 1
            """)
        var next = first
        try saved.each(first) { row in
            let id = row.int64(0)
            if next < id {
                ranges.append(next...(id - 1))
                if let delivery = row.optionalInt64(1) { borders[delivery] = id - 1 }
            }
            next = max(next, id + 1)
        }
        ranges.append(next...Int64.max)
    }

    /// Whether a delivery has lost a job, a dead letter or its request. To be called in the order of the rows.
    mutating func isLost(row: Int64, lastJob: Int64) -> Bool {
        let hasLostJob = hasLostJob(row: row, lastJob: lastJob)
        return hasLostJob || indexed.contains(row) || Self.isIn(letterless, row)
    }

    private mutating func hasLostJob(row: Int64, lastJob: Int64) -> Bool {
        guard lastJob > 0 else { return lettersOf.map { !$0.contains(row) } ?? false }
        if lastJob < 1 << 52 { self.lastJob = max(self.lastJob, lastJob) }
        if contains(lastJob) {
            ends.insert(lastJob)
            return true
        }
        // Otherwise the lost jobs directly before the first saved one may be this delivery's.
        guard let border = borders[row], border < lastJob else { return false }
        return !finished.contains(border) && !ends.contains(border)
    }

    /// Records that a delivery was read, in the order of the rows, before `isLost`.
    ///
    /// - Parameter problems: the number of unreadable and unusable rows so far. Without a new one, rows between two
    ///   deliveries have expired.
    mutating func reached(row: Int64, received: Int64, lastJob: Int64, problems: Int) {
        if problems > last.problems, row > last.row + 1 {
            gap = Gap(after: gap.map(\.after) ?? last.received, rows: (gap?.rows ?? 0) + row - last.row - 1)
        }
        last = (row, received, problems)
        guard lastJob > self.lastJob || lettersOf != nil, let found = gap else { return }
        gap = nil
        let haveLostJobs = areJobsMissing && lastJob > self.lastJob && isAnyLost(in: (self.lastJob + 1)...lastJob)
        guard haveLostJobs || lettersOf != nil else { return }
        let start = found.after.map { "between \(TimestampText.format(milliseconds: $0)) and" } ?? "before"
        stretches.append(
            "# received \(start) \(TimestampText.format(milliseconds: received)): up to \(found.rows) deliveries that "
                + "lost their record and jobs or dead letters")
    }

    /// Records that no delivery follows.
    mutating func finish(problems: Int) {
        guard areJobsMissing || lettersOf != nil, gap != nil || problems > last.problems else { return }
        let start = (gap.map(\.after) ?? last.received).map { "after \(TimestampText.format(milliseconds: $0))" }
        stretches.append(
            "# received \(start ?? "at any time"): deliveries that lost their record and jobs or dead letters")
    }

    private func isAnyLost(in ids: ClosedRange<Int64>) -> Bool {
        ranges.contains { range in
            guard range.overlaps(ids) else { return false }
            let both = range.clamped(to: ids)
            return finished.firstPending(from: both.lowerBound) <= both.upperBound
        }
    }

    /// Lists the saved jobs whose delivery was not saved.
    mutating func noteJobsWithoutDelivery(in new: Connection) throws(SQLiteError) {
        let orphans = try new.prepare(
            [
                "SELECT 'job ' || id, stored_at, unique_key FROM jobs",
                "SELECT 'job ' || job, stored_at, unique_key FROM parked",
                "SELECT ifnull('job ' || job, 'dead letter ' || id), died_at, unique_key FROM dead_letters",
            ].map {
                $0 + " WHERE unique_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deliveries WHERE id = delivery)"
            }.joined(separator: " UNION ALL "))
        try orphans.each { row in
            withoutDelivery += 1
            guard withoutDelivery <= Self.listedKeys else { return }
            keys.append(
                "# \(row.text(0)), stored \(TimestampText.format(milliseconds: row.int64(1))): the key "
                    + "\(PrintableText.escape(row.text(2))) is not remembered")
        }
    }

    /// Adds the delivery to the list of those that must be sent again.
    mutating func note(id: String, route: String, received: Int64) {
        let route = PrintableText.escape(route, limit: 200)
        lines.append("\(id) \(TimestampText.format(milliseconds: received)) \(route)")
    }

    private func contains(_ id: Int64) -> Bool {
        Self.isIn(ranges, id) && !finished.contains(id)
    }

    private static func isIn(_ ranges: [ClosedRange<Int64>], _ id: Int64) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(id)
    }
}
