/// Decides when the writer does the next step of maintenance. While there is other work, steps take at most a tenth of
/// the time, so that deliveries do not wait for it. Times are in nanoseconds on the monotonic clock.
struct MaintenancePace {
    /// How often a step is due while there is no pause between batches.
    static let interval: Int64 = 250_000_000
    /// The rest after a step, as a multiple of its length.
    static let restFactor: Int64 = 9
    /// Without other work for this long, steps follow one another without a rest.
    static let quietAfter: Int64 = 1_000_000_000

    private var intervalEnd: Int64
    private var restEnd: Int64
    private var hasMore = true
    private var workedAt: Int64

    /// A start counts as other work: senders may wait for it.
    init(at now: Int64) { (intervalEnd, restEnd, workedAt) = (now, now, now) }

    /// When the next step is due; nil if none is known to be.
    var nextStepAt: Int64? { hasMore ? restEnd : nil }

    /// Records that the writer did other work.
    mutating func worked(at now: Int64) { workedAt = now }

    /// - Parameter isIdle: whether nothing else waits.
    func isDue(at now: Int64, isIdle: Bool) -> Bool { now >= restEnd && (isIdle || now >= intervalEnd) }

    /// Records that a step was done.
    ///
    /// - Parameters:
    ///   - isUrgent: whether deliveries are refused until maintenance has ended the cause.
    ///   - hasMore: whether another step has something to do.
    mutating func finished(startedAt start: Int64, at end: Int64, isUrgent: Bool, hasMore: Bool) {
        self.hasMore = hasMore
        intervalEnd = start + Self.interval
        let isQuiet = start - workedAt >= Self.quietAfter
        restEnd = isUrgent || isQuiet ? end : end + Self.restFactor * (end - start)
    }
}
