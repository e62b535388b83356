internal import SluiceBase
internal import SluiceOutbox

/// Reads the outbox in commit order and hands each job out once. What is handed out and not acknowledged is read again
/// by the next process.
actor JobFeed {
    private let reader: OutboxReader
    /// The next number to read.
    private var next: Int64 = 1

    init(_ reader: sending OutboxReader) { self.reader = reader }

    /// Begins behind what an earlier process has finished.
    func start(at first: Int64) { next = max(next, first) }

    /// The number of the next job to hand out, or less.
    var position: Int64 { next }

    /// The next jobs; none where nothing is pending.
    ///
    /// - Parameters:
    ///   - maximumBytes: with which it stops; the first job comes whatever its size.
    func take(maximumJobs: Int, maximumBytes: Int) throws(OutboxError) -> [StoredJob] {
        var jobs: [StoredJob] = []
        var bytes = 0
        // Kept only once all pages are read: what an error cuts off is read again.
        var position = next
        while jobs.count < maximumJobs, bytes < maximumBytes {
            let page = try reader.nextJobs(
                from: position, limit: maximumJobs - jobs.count, maximumBytes: maximumBytes - bytes)
            guard let last = page.last else { break }
            // A page begins with a job of any size: it waits for the next batch where it does not fit into this one.
            if let first = page.first, !jobs.isEmpty, bytes + first.job.byteCost > maximumBytes { break }
            position = last.id + 1
            for index in page.indices { bytes += page[index].job.byteCost }
            jobs += page
        }
        next = position
        return jobs
    }

    /// The first job behind this one that was set aside.
    func setAsideJob(after id: Int64) throws(OutboxError) -> StoredJob? { try reader.nextSetAsideJob(after: id) }

    /// Jobs that were handed out before and are still pending.
    ///
    /// - Parameters:
    ///   - ranges: of their ids, in ascending order.
    ///   - maximumBytes: with which it stops; the first job comes whatever its size.
    func take(_ ranges: [ClosedRange<Int64>], maximumBytes: Int) throws(OutboxError) -> [StoredJob] {
        var jobs: [StoredJob] = []
        var bytes = 0
        for range in ranges {
            var position = range.lowerBound
            while position <= range.upperBound {
                let page = try reader.nextJobs(
                    from: position, through: range.upperBound, limit: range.count,
                    maximumBytes: max(0, maximumBytes - bytes))
                guard let first = page.first, let last = page.last else { break }
                if !jobs.isEmpty, bytes + first.job.byteCost > maximumBytes { return jobs }
                position = last.id + 1
                for index in page.indices { bytes += page[index].job.byteCost }
                jobs += page
            }
        }
        return jobs
    }
}
