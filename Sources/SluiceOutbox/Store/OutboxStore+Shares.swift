internal import SluiceBase

/// The usage of the outbox by routes with a share (`outbox_share`). It is not counted: when the outbox is so full that
/// a share matters, a sample of jobs or rows is taken.
struct RouteShares {
    /// The sampled fraction of each route, and the time of the sample on the monotonic clock.
    struct Division {
        var madeAt: Int64
        var fractions: [String: Double] = [:]
        /// The fractions of the parked jobs.
        var parked: [String: Double] = [:]
        /// Bytes stored since the sample.
        var added: [String: Int] = [:]
    }

    /// Percent of `outbox.max_bytes` and `outbox.max_keys`, from the route's last delivery.
    var percents: [String: Int] = [:]
    var bytes: Division?
    var keys: Division?
    /// Routes with more keys than their share, according to `keys`.
    var crowding: Set<String> = []
}

extension OutboxStore {
    /// The number of sampled positions of jobs, and of rows.
    private static let samples = 200
    private static let rows = 500
    /// The age in nanoseconds above which a new sample is taken.
    private static let bytesAge: Int64 = 1_000_000_000
    private static let keysAge: Int64 = 10_000_000_000

    /// Whether the delivery's route would have more undelivered bytes than its share.
    func isOverShare(_ delivery: Delivery, bytes: Int) throws(SQLiteError) -> Bool {
        if delivery.outboxShare != nil || !shares.percents.isEmpty {
            shares.percents[delivery.route] = delivery.outboxShare
        }
        guard let percent = delivery.outboxShare else { return false }
        let limit = configuration.maximumBytes.bytes / 100 * percent
        guard ledger.undeliveredBytes + bytes > limit else { return false }
        return try pendingBytes(of: delivery.route) + bytes > limit
    }

    /// Records a stored delivery with a share.
    func noteShare(of delivery: Delivery, bytes: Int) {
        if delivery.outboxShare != nil { shares.bytes?.added[delivery.route, default: 0] += bytes }
    }

    private func pendingBytes(of route: String) throws(SQLiteError) -> Int {
        let now = time.monotonicNanoseconds()
        let division: RouteShares.Division
        if let known = shares.bytes, now < known.madeAt + Self.bytesAge {
            division = known
        } else {
            division = RouteShares.Division(
                madeAt: now, fractions: try fractionsOfBytes(), parked: try fractionsOfParked())
            shares.bytes = division
        }
        let bytes = Double(ledger.nextPosition - ledger.pendingPosition - ledger.finished.bytes)
        let before = max(0, bytes - Double(division.added.values.reduce(0, +)))
        let parked = Double(ledger.parkedBytes) * division.parked[route, default: 0]
        return Int(before * division.fractions[route, default: 0] + parked) + division.added[route, default: 0]
    }

    /// Samples the pending jobs at equal distances in bytes, so that a job counts by its size.
    private func fractionsOfBytes() throws(SQLiteError) -> [String: Double] {
        let (start, end) = (ledger.pendingPosition, ledger.nextPosition)
        let distance = max(1, (end - start) / Int64(Self.samples))
        var counts: [String: Int] = [:]
        var first = ledger.firstPending
        for id in stride(from: start + distance / 2, to: end, by: Int64.Stride(distance)) {
            first = try job(at: id, from: first)
            if !ledger.isFinished(first), let route = try route(ofJob: first) { counts[route, default: 0] += 1 }
        }
        return Self.fractions(counts)
    }

    /// Samples the parked jobs: otherwise the jobs of a refused queue would fill the outbox.
    private func fractionsOfParked() throws(SQLiteError) -> [String: Double] {
        let (first, last) = (
            try session.connection.integer("SELECT min(job) FROM parked") ?? 0,
            try session.connection.integer("SELECT max(job) FROM parked") ?? -1
        )
        let statement = try session.connection.prepare(
            """
            SELECT route, length(payload) FROM parked JOIN deliveries ON deliveries.id = delivery WHERE job >= ?1 \
            ORDER BY job LIMIT 1
            """)
        var counts: [String: Int] = [:]
        for job in stride(from: first, through: last, by: Int64.Stride(max(1, (last - first) / Int64(Self.samples)))) {
            try statement.each(job) { counts[$0.text(0), default: 0] += Int($0.size(1)) + 1 }
        }
        return Self.fractions(counts)
    }

    /// The last job that starts at or before a position, by bisection.
    private func job(at position: Int64, from first: Int64) throws(SQLiteError) -> Int64 {
        var (low, high) = (first, ledger.nextJob)
        while low + 1 < high {
            let middle = low + (high - low) / 2
            if let found = try firstJob(from: middle), found.id < high, found.mark.position <= position {
                low = found.id
            } else {
                high = middle
            }
        }
        return low
    }

    private func route(ofJob job: Int64) throws(SQLiteError) -> String? {
        guard let delivery = try session.selectJobDelivery.first(job, read: { $0.int64(0) }) else { return nil }
        return try session.connection.text("SELECT route FROM deliveries WHERE id = \(delivery)")
    }

    // MARK: Keys

    /// The routes whose keys are forgotten first while there are too many: those with more than their share; none if no
    /// route exceeds it.
    func crowdingRoutes() throws(SQLiteError) -> Set<String> {
        let now = time.monotonicNanoseconds()
        guard !shares.percents.isEmpty else { return [] }
        if let known = shares.keys, now < known.madeAt + Self.keysAge { return shares.crowding }
        let fractions = try fractionsOfKeys()
        shares.keys = RouteShares.Division(madeAt: now)
        let crowding = shares.percents.filter { route, percent in
            fractions[route, default: 0] * Double(ledger.rememberedKeys)
                > Double(configuration.maximumKeys) * Double(percent) / 100
        }
        // The keys of other routes that were skipped are read again.
        if shares.crowding != Set(crowding.keys) { ledger.limitWalk = .init() }
        shares.crowding = Set(crowding.keys)
        return shares.crowding
    }

    private func fractionsOfKeys() throws(SQLiteError) -> [String: Double] {
        let statement = try session.connection.prepare(
            "SELECT route FROM deliveries WHERE id >= ?1 AND key IS NOT NULL ORDER BY id LIMIT 1")
        var counts: [String: Int] = [:]
        let (first, end) = (ledger.oldestDelivery, ledger.nextDelivery)
        for row in stride(from: first, to: end, by: Int64.Stride(max(1, (end - first) / Int64(Self.rows)))) {
            try statement.each(row) { counts[$0.text(0), default: 0] += 1 }
        }
        return Self.fractions(counts)
    }

    private static func fractions(_ counts: [String: Int]) -> [String: Double] {
        let sum = Double(counts.values.reduce(0, +))
        return counts.mapValues { Double($0) / sum }
    }
}
