/// How many jobs go in a batch and how long its answer may take, after batches whose outcome is unknown.
///
/// A batch that was sent and not answered may lie in the queue; sending it again may double it. So the next try is
/// smaller and more patient, and the fourth has one job. Every success brings both one step back.
package struct AmbiguitySizing: Sendable {
    /// How many unknown outcomes in a row are an alarm.
    package static let alarmingCount = 3
    /// The most patience; a longer time that is configured stays what it is.
    package static let longestTimeout: Duration = .seconds(600)

    private let fullJobs: Int
    private let fullTimeout: Duration
    /// How many jobs a batch may have now.
    package private(set) var maximumJobs: Int
    /// How long an answer may take now.
    package private(set) var timeout: Duration
    /// Unknown outcomes since the last answer that said something.
    package private(set) var inARow = 0
    /// The answer to a batch of this size could not be read: such a size is used again only after many accepted
    /// batches, because long answers may be cut.
    private var unreadableJobs: Int?
    private var acceptedBatches = 0
    private static let acceptedBeforeGrowth = 64

    package init(jobs: Int, timeout: Duration) {
        fullJobs = jobs
        fullTimeout = timeout
        maximumJobs = jobs
        self.timeout = timeout
    }

    /// The outcome of a batch is unknown.
    ///
    /// - Parameter jobs: how many it had.
    /// - Returns: whether this one makes it an alarm.
    package mutating func outcomeUnknown(jobs: Int) -> Bool {
        inARow += 1
        maximumJobs = inARow < Self.alarmingCount ? max(1, min(maximumJobs, jobs) / 2) : 1
        timeout = max(fullTimeout, min(timeout * 2, Self.longestTimeout))
        return inARow >= Self.alarmingCount
    }

    /// The answer to a batch says that it was stored, but cannot be read.
    ///
    /// - Parameter jobs: how many it had.
    package mutating func answerUnreadable(jobs: Int) {
        inARow += 1
        (unreadableJobs, acceptedBatches) = (jobs > 1 ? jobs : nil, 0)
    }

    /// The server answered, and its answer says what happened to the batch.
    package mutating func outcomeKnown() { inARow = 0 }

    /// Nothing shows that the server takes jobs: one job is enough to find out.
    package mutating func tryOne() { maximumJobs = 1 }

    /// A batch was accepted.
    package mutating func batchAccepted() {
        acceptedBatches += 1
        if acceptedBatches >= Self.acceptedBeforeGrowth { unreadableJobs = nil }
        maximumJobs = min(fullJobs, maximumJobs * 2, max(1, (unreadableJobs ?? .max) / 2))
        timeout = max(fullTimeout, timeout / 2)
    }
}

/// How many jobs and bytes go in one request, after requests that Zizq refused.
///
/// The jobs of a refused request are sent again, so it must be small or rare. Once Zizq has refused one, a request has
/// a quarter of the jobs in `credit`: an accepted request adds its jobs, a refused one halves the credit, which takes
/// at least as much as the request had, twice over. So the jobs of refused requests are at most half of the accepted
/// ones, and one and a half times the first refused request; requests of 16 jobs or fewer come on top, one for each bad
/// job.
struct PieceSize {
    /// Jobs in a request after a refusal.
    static let smallest = 16
    /// Enough for the largest request.
    private static let mostCredit = 40_000
    /// Requests accepted in a row before a larger one is sent.
    private static let acceptedBeforeGrowth = 64

    /// Jobs; nil before the first refusal.
    private var credit: Int?
    /// The most bytes that were not too large; nil where all were accepted.
    private var bytes: Int?
    /// Requests accepted since one was too large.
    private var acceptedRequests = 0

    /// The most jobs of the next request.
    func maximumJobs(_ limit: Int) -> Int {
        credit.map { min(limit, max(Self.smallest, $0 / 4)) } ?? limit
    }

    /// The most bytes of the next request.
    func maximumBytes(_ limit: Int) -> Int { bytes.map { min(limit, $0) } ?? limit }

    /// Zizq accepted a request with this many jobs.
    mutating func accepted(_ jobs: Int) {
        credit = credit.map { min($0 + jobs, Self.mostCredit) }
        guard let bytes else { return }
        acceptedRequests += 1
        guard acceptedRequests >= Self.acceptedBeforeGrowth else { return }
        self.bytes = min(bytes, Int.max / 2) * 2
        acceptedRequests = 0
    }

    /// Zizq refused a request with this many jobs because of one of them.
    mutating func refused(_ jobs: Int) { credit = min(credit ?? 2 * jobs, 4 * jobs) / 2 }

    /// A request with this many bytes, and more than one job, was too large.
    mutating func tooLarge(_ bytes: Int) {
        self.bytes = max(1, bytes / 8)
        acceptedRequests = 0
    }

    /// The most jobs of each part of a request that was refused as a whole; nil where it was so large that the size
    /// after a refusal is enough.
    static func part(of jobs: Int) -> Int? {
        if jobs > smallest { return nil }
        return jobs > 4 ? 4 : 1
    }
}
