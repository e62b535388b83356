internal import SluiceBase
internal import SluiceOutbox

/// Reads each job in the outbox once: in commit order, or, if several queues have a backlog, from each queue in turn. A
/// job that is not acknowledged is read again by the next process.
actor JobFeed {
    /// The minimum number of jobs that a queue gets in its turn.
    private static let smallestShare = 16
    /// The maximum number of stretches of an earlier process's backlog that one batch searches for jobs of certain
    /// queues.
    private static let maximumStretches = 16

    private let reader: OutboxReader
    private let queues: QueueMap
    /// The next job to read of each queue, by the number of the queue.
    private var next = Array(repeating: Int64(1), count: QueueMap.others + 1)
    /// Whether some queues are read further than others.
    private var isApart = false
    /// The queue that is read first.
    private var turn = 0

    /// - Parameter queues: the map of the writer of the same outbox.
    init(_ reader: sending OutboxReader, queues: QueueMap) {
        self.reader = reader
        self.queues = queues
    }

    /// Starts after the jobs that an earlier process has finished.
    func start(at first: Int64) { pass(first - 1) }

    /// The number of the next job to hand out, or a smaller one.
    var position: Int64 { isApart ? next.min() ?? 1 : next[0] }

    /// Marks all jobs up to this one as read.
    private func pass(_ last: Int64) {
        for queue in next.indices { next[queue] = max(next[queue], last + 1) }
        isApart = next.contains { $0 != next[0] }
    }

    /// Returns the next jobs by ascending ids; none if nothing is pending.
    ///
    /// - Parameters:
    ///   - maximumBytes: the size limit; the first job is returned whatever its size.
    ///   - inTurns: whether a job may come before those of other queues.
    func take(maximumJobs: Int, maximumBytes: Int, inTurns: Bool = true) throws(OutboxError) -> [StoredJob] {
        if inTurns, queues.count > 1, queues.latest - position >= Int64(maximumJobs) {
            let jobs = try takeInTurns(maximumJobs, maximumBytes)
            if !jobs.isEmpty { return jobs }
        }
        return try takeInOrder(maximumJobs, maximumBytes)
    }

    /// Returns the next jobs of queues other than this one; none if there is none, or if the queue shares its turns
    /// with others.
    func take(notOf queue: String, maximumJobs: Int, maximumBytes: Int) throws(OutboxError) -> [StoredJob] {
        let left = queues.number(of: queue)
        let known = queues.count
        let jobs = try takeInTurns(maximumJobs, maximumBytes, except: left)
        // The queues of an earlier process's backlog are known only after reading.
        return jobs.isEmpty && queues.count > known ? try takeInTurns(maximumJobs, maximumBytes, except: left) : jobs
    }

    private func takeInOrder(_ maximumJobs: Int, _ maximumBytes: Int) throws(OutboxError) -> [StoredJob] {
        var jobs: [StoredJob] = []
        var bytes = 0
        // Stored only when all pages are read, so that after an error the same jobs are read again.
        var start = position
        while jobs.count < maximumJobs, bytes < maximumBytes {
            let page = try reader.nextJobs(
                from: start, limit: maximumJobs - jobs.count, maximumBytes: maximumBytes - bytes)
            guard let last = page.last else { break }
            let unread = isApart ? page.filter { $0.id >= next[queues.number(of: $0.job.queue)] } : page
            // A page begins with a job of any size: it waits for the next batch if it does not fit into this one.
            if let first = unread.first, !jobs.isEmpty, bytes + first.job.byteCost > maximumBytes { break }
            start = last.id + 1
            for index in unread.indices { bytes += unread[index].job.byteCost }
            jobs += unread
        }
        pass(start - 1)
        learn(jobs)
        queues.forget(below: start)
        return jobs
    }

    /// Registers the queues of an earlier process's backlog, which are known only after reading.
    private func learn(_ jobs: [StoredJob]) {
        guard let last = jobs.last, last.id < queues.unknownEnd else { return }
        for index in jobs.indices { _ = queues.number(of: jobs[index].job.queue) }
    }

    private func takeInTurns(
        _ maximumJobs: Int, _ maximumBytes: Int, except left: Int? = nil
    ) throws(OutboxError) -> [StoredJob] {
        let view = queues.view
        var jobs: [StoredJob] = []
        var bytes = 0
        var positions = next
        var stretches = Self.maximumStretches
        var active = view.queues.filter { queue in
            if queue == left { return false }
            if view.stretch(of: queue, from: positions[queue]) != nil { return true }
            positions[queue] = max(positions[queue], view.latest + 1)
            return false
        }
        // Each queue has its turn; what one leaves unused goes to the others.
        active = Array(active.drop { $0 < turn } + active.prefix { $0 < turn })
        turn = active.dropFirst().first ?? 0
        while !active.isEmpty, jobs.count < maximumJobs, bytes < maximumBytes {
            let share = max(Self.smallestShare, (maximumJobs - jobs.count) / active.count)
            let shareBytes = (maximumBytes - bytes) / active.count
            var rest: [Int] = []
            for queue in active where jobs.count < maximumJobs {
                let limit = min(share, maximumJobs - jobs.count)
                let found = try read(
                    queue, at: &positions[queue], view, limit: limit, maximumBytes: shareBytes, stretches: &stretches)
                let cost = found.reduce(0) { $0 + $1.job.byteCost }
                guard jobs.isEmpty || bytes + cost <= maximumBytes else {
                    positions[queue] = found[0].id
                    continue
                }
                bytes += cost
                jobs += found
                if !found.isEmpty { rest.append(queue) }
            }
            active = rest
        }
        // A queue that is seen for the first time starts where the queues without a number are.
        for queue in queues.count..<QueueMap.others {
            positions[queue] = positions[QueueMap.others]
        }
        next = positions
        isApart = next.contains { $0 != next[0] }
        queues.forget(below: position)
        return jobs.sorted { $0.id < $1.id }
    }

    /// Reads jobs of one queue from its position on.
    private func read(
        _ queue: Int, at next: inout Int64, _ view: QueueMap.View, limit: Int, maximumBytes: Int,
        stretches: inout Int
    ) throws(OutboxError) -> [StoredJob] {
        var jobs: [StoredJob] = []
        while jobs.isEmpty, let stretch = view.stretch(of: queue, from: next) {
            if stretch.lowerBound < view.unknownEnd {
                guard stretches > 0 else { break }
                stretches -= 1
            }
            let name = view.name(of: queue)
            let page = try reader.nextJobs(
                from: stretch.lowerBound, through: stretch.upperBound, queue: name,
                limit: name == nil ? .max : limit, maximumBytes: maximumBytes)
            next = page.last.map { $0.id + 1 } ?? stretch.upperBound + 1
            jobs = queue == QueueMap.others ? page.filter { queues.number(of: $0.job.queue) == queue } : page
        }
        return jobs
    }

    /// Reads jobs that were set aside.
    func setAsideJobs(_ query: SetAsideQuery, maximumBytes: Int) throws(OutboxError) -> SetAsidePage {
        try reader.setAsideJobs(query, maximumBytes: maximumBytes)
    }

    /// Reads jobs that were handed out before and are still pending.
    ///
    /// - Parameters:
    ///   - ranges: their ids, in ascending order.
    ///   - maximumBytes: the size limit; the first job is returned whatever its size.
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
