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
    /// One line for each delivery that lost jobs: id, time of receipt, route.
    private(set) var lines: [String] = []
    /// The greatest `last_job` of a delivery.
    private(set) var lastJob: Int64 = 0

    /// - Parameters:
    ///   - new: the database with the saved jobs.
    ///   - damaged: the damaged database, which says how far jobs were delivered, if that can be read.
    ///   - report: the tables that were saved so far.
    init(in new: Connection, of damaged: Connection, _ report: SalvageReport) throws(SQLiteError) {
        func hasGaps(_ name: String) -> Bool { report.tables.contains { $0.name == name && !$0.isComplete } }
        var first = try? damaged.integer("SELECT first_pending FROM progress")
        if let known = first, !(1...Statement.greatestFigure ~= known) { first = nil }
        // Parked jobs and dead letters count as finished in `progress`, but their rows are needed.
        if hasGaps("parked") || hasGaps("dead_letters") {
            first = nil
        } else if let groups = try? damaged.prepare("SELECT finished FROM progress"), (try? groups.step()) == true {
            finished = FinishedJobs(encoded: groups.bytes(0)) ?? FinishedJobs()
        }
        if hasGaps("dead_letters") {
            lettersOf = Set(try new.integers("SELECT DISTINCT delivery FROM dead_letters"))
        }
        try findRanges(in: new, from: first)
    }

    private mutating func findRanges(in new: Connection, from first: Int64?) throws(SQLiteError) {
        let saved = try new.prepare(
            """
            SELECT id, delivery FROM jobs WHERE id >= ?1 UNION ALL SELECT job, NULL FROM delivered WHERE job >= ?1
            UNION ALL SELECT job, delivery FROM parked WHERE job >= ?1
            UNION ALL SELECT job, delivery FROM dead_letters WHERE job >= ?1 ORDER BY 1
            """)
        saved.bind(first ?? 0, at: 1)
        defer { saved.reset() }
        var next = first
        while try saved.step() {
            let id = saved.int64(0)
            if let next, next < id {
                ranges.append(next...(id - 1))
                if !saved.isNull(1) { borders[saved.int64(1)] = id - 1 }
            }
            next = max(next ?? 0, id + 1)
        }
        ranges.append((next ?? 1)...Int64.max)
    }

    /// Whether a delivery has lost a job. To be called in the order of the rows.
    mutating func isLost(row: Int64, lastJob: Int64) -> Bool {
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

    /// Adds the delivery to the list of those that must be sent again.
    mutating func note(id: String, route: String, received: Int64) {
        let route = PrintableText.escape(route, limit: 200)
        lines.append("\(id) \(TimestampText.format(milliseconds: received)) \(route)")
    }

    private func contains(_ id: Int64) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(id) && !finished.contains(id)
    }
}
