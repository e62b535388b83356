/// How many jobs go in a batch and how long its answer may take, after batches whose outcome is unknown.
///
/// A batch that was sent and not answered may lie in the queue; sending it again may double it. So the next try is smaller and
/// more patient. Every success brings both one step back.
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
        maximumJobs = max(1, min(maximumJobs, jobs) / 2)
        timeout = max(fullTimeout, min(timeout * 2, Self.longestTimeout))
        inARow += 1
        return inARow == Self.alarmingCount
    }

    /// The server answered, and what it said tells what became of the batch.
    package mutating func outcomeKnown() { inARow = 0 }

    /// Nothing shows that the server takes jobs: one job is enough to find out.
    package mutating func tryOne() { maximumJobs = 1 }

    /// A batch was accepted.
    package mutating func batchAccepted() {
        maximumJobs = min(fullJobs, maximumJobs * 2)
        timeout = max(fullTimeout, timeout / 2)
    }
}
