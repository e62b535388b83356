/// The size of a batch and the time limit for its answer, after batches whose outcome is unknown.
///
/// A batch that was sent and not answered may be in the queue; sending it again may store its jobs twice. So the next
/// attempt is smaller, the fourth has one job, and if the time limit had passed, it is longer. Every success brings
/// both one step back.
package struct AmbiguitySizing: Sendable {
    /// The number of consecutive unknown outcomes that raises the alarm.
    package static let alarmingCount = 3
    /// The maximum time limit that retries reach; a longer configured one is kept.
    package static let longestTimeout: Duration = .seconds(600)

    private let fullJobs: Int
    private let fullTimeout: Duration
    /// The maximum number of jobs in a batch now.
    package private(set) var maximumJobs: Int
    /// The time limit for an answer now.
    package private(set) var timeout: Duration
    /// Consecutive unknown outcomes.
    package private(set) var inARow = 0
    /// The size of a batch whose answer could not be read: it is used again only after many accepted batches, because
    /// long answers may be cut.
    private var unreadableJobs: Int?
    private var acceptedBatches = 0
    private static let acceptedBeforeGrowth = 64

    package init(jobs: Int, timeout: Duration) {
        fullJobs = jobs
        fullTimeout = timeout
        maximumJobs = jobs
        self.timeout = timeout
    }

    /// Records that the outcome of a batch is unknown.
    ///
    /// - Parameters:
    ///   - jobs: the number of jobs in the batch.
    ///   - elapsed: the time since it was sent.
    /// - Returns: whether this raises the alarm.
    package mutating func outcomeUnknown(jobs: Int, after elapsed: Duration) -> Bool {
        inARow += 1
        maximumJobs = inARow < Self.alarmingCount ? max(1, min(maximumJobs, jobs) / 2) : 1
        if elapsed >= timeout { timeout = max(fullTimeout, min(timeout * 2, Self.longestTimeout)) }
        return inARow >= Self.alarmingCount
    }

    /// Records an answer that says that the batch was stored, but cannot be read.
    ///
    /// - Parameter jobs: the number of jobs in the batch.
    package mutating func answerUnreadable(jobs: Int) {
        inARow += 1
        (unreadableJobs, acceptedBatches) = (jobs > 1 ? jobs : nil, 0)
    }

    /// Records an answer that says what happened to the batch.
    package mutating func outcomeKnown() { inARow = 0 }

    /// Limits the next batch to one job, because nothing shows that the server accepts jobs.
    package mutating func tryOne() { maximumJobs = 1 }

    /// Records an accepted batch.
    package mutating func batchAccepted() {
        acceptedBatches += 1
        if acceptedBatches >= Self.acceptedBeforeGrowth { unreadableJobs = nil }
        maximumJobs = min(fullJobs, maximumJobs * 2, max(1, (unreadableJobs ?? .max) / 2))
        timeout = max(fullTimeout, timeout / 2)
    }
}

/// The size limits of a request, in jobs and bytes, after requests that Zizq refused.
///
/// The jobs of a refused request are sent again, so it must be small or rare. Once Zizq has refused one, a request has
/// a quarter of the jobs in `credit`: an accepted request adds its jobs, a refused one halves the credit, which takes
/// at least as much as the request had, twice over. So the jobs of refused requests are at most half of the accepted
/// ones, and one and a half times the first refused request; requests of 16 jobs or fewer come on top, one for each bad
/// job.
struct PieceSize {
    /// The number of jobs in a request after a refusal.
    static let smallest = 16
    /// Enough for the largest request.
    private static let maximumCredit = 40_000
    /// Requests accepted in a row before a larger one is sent.
    private static let acceptedBeforeGrowth = 64

    /// Jobs; nil before the first refusal.
    private var credit: Int?
    /// The maximum number of bytes that was not too large; nil if none was.
    private var bytes: Int?
    /// Requests accepted since one was too large.
    private var acceptedRequests = 0

    /// The maximum number of jobs in the next request.
    func maximumJobs(_ limit: Int) -> Int {
        credit.map { min(limit, max(Self.smallest, $0 / 4)) } ?? limit
    }

    /// The maximum number of bytes in the next request.
    func maximumBytes(_ limit: Int) -> Int { bytes.map { min(limit, $0) } ?? limit }

    /// Records an accepted request with this many jobs.
    mutating func accepted(_ jobs: Int) {
        credit = credit.map { min($0 + jobs, Self.maximumCredit) }
        guard let bytes else { return }
        acceptedRequests += 1
        guard acceptedRequests >= Self.acceptedBeforeGrowth else { return }
        self.bytes = min(bytes, Int.max / 2) * 2
        acceptedRequests = 0
    }

    /// Records a request with this many jobs that Zizq refused because of one of them.
    mutating func refused(_ jobs: Int) { credit = min(credit ?? 2 * jobs, 4 * jobs) / 2 }

    /// Records a request with this many bytes and more than one job that was too large.
    mutating func tooLarge(_ bytes: Int) {
        self.bytes = max(1, bytes / 8)
        acceptedRequests = 0
    }

    /// The maximum size of each part of a request that was refused as a whole; nil if it was so large that the size
    /// after a refusal is enough.
    static func part(of jobs: Int) -> Int? {
        if jobs > smallest { return nil }
        return jobs > 4 ? 4 : 1
    }
}
