internal import SluiceBase
internal import SluiceOutbox

/// Reads the outbox and hands each job out once: in commit order, and from a backlog of several queues in turns, each
/// queue in commit order. What is handed out and not acknowledged is read again by the next process.
actor JobFeed {
    /// Jobs of one queue in a turn, if there are so many.
    private static let smallestShare = 16
    /// Stretches of what an earlier process left in which one batch looks for jobs of queues.
    private static let mostStretches = 16

    private let reader: OutboxReader
    private let queues: QueueMap
    /// By the number of each queue: the next job to read.
    private var next = Array(repeating: Int64(1), count: QueueMap.others + 1)
    /// Whether a queue is ahead of another.
    private var isApart = false
    /// The queue that is read first.
    private var turn = 0

    /// - Parameter queues: of the writer of the same outbox.
    init(_ reader: sending OutboxReader, queues: QueueMap) {
        self.reader = reader
        self.queues = queues
    }

    /// Begins behind what an earlier process has finished.
    func start(at first: Int64) { pass(first - 1) }

    /// The number of the next job to hand out, or less.
    var position: Int64 { isApart ? next.min() ?? 1 : next[0] }

    /// All jobs up to this one are read.
    private func pass(_ last: Int64) {
        for queue in next.indices { next[queue] = max(next[queue], last + 1) }
        isApart = next.contains { $0 != next[0] }
    }

    /// The next jobs, by ascending ids; none where nothing is pending.
    ///
    /// - Parameters:
    ///   - maximumBytes: with which it stops; the first job comes whatever its size.
    ///   - inTurns: whether a job may come before those of other queues.
    func take(maximumJobs: Int, maximumBytes: Int, inTurns: Bool = true) throws(OutboxError) -> [StoredJob] {
        if inTurns, queues.count > 1, queues.latest - position >= Int64(maximumJobs) {
            let jobs = try takeInTurns(maximumJobs, maximumBytes)
            if !jobs.isEmpty { return jobs }
        }
        return try takeInOrder(maximumJobs, maximumBytes)
    }

    /// The next jobs of other queues than this one; none where there is none, or where the queue shares its turns and
    /// the others cannot be told apart.
    func take(notOf queue: String, maximumJobs: Int, maximumBytes: Int) throws(OutboxError) -> [StoredJob] {
        let left = queues.number(of: queue)
        let known = queues.count
        let jobs = try takeInTurns(maximumJobs, maximumBytes, except: left)
        // In what an earlier process left, queues are found by reading.
        return jobs.isEmpty && queues.count > known ? try takeInTurns(maximumJobs, maximumBytes, except: left) : jobs
    }

    private func takeInOrder(_ maximumJobs: Int, _ maximumBytes: Int) throws(OutboxError) -> [StoredJob] {
        var jobs: [StoredJob] = []
        var bytes = 0
        // Kept only once all pages are read: what an error cuts off is read again.
        var place = position
        while jobs.count < maximumJobs, bytes < maximumBytes {
            let page = try reader.nextJobs(
                from: place, limit: maximumJobs - jobs.count, maximumBytes: maximumBytes - bytes)
            guard let last = page.last else { break }
            let unread = isApart ? page.filter { $0.id >= next[queues.number(of: $0.job.queue)] } : page
            // A page begins with a job of any size: it waits for the next batch where it does not fit into this one.
            if let first = unread.first, !jobs.isEmpty, bytes + first.job.byteCost > maximumBytes { break }
            place = last.id + 1
            for index in unread.indices { bytes += unread[index].job.byteCost }
            jobs += unread
        }
        pass(place - 1)
        learn(jobs)
        queues.forget(below: place)
        return jobs
    }

    /// Of a backlog that an earlier process left, the names of queues are known only when they are read.
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
        var places = next
        var stretches = Self.mostStretches
        var active = view.queues.filter { queue in
            if queue == left { return false }
            if view.stretch(of: queue, from: places[queue]) != nil { return true }
            places[queue] = max(places[queue], view.latest + 1)
            return false
        }
        // Each has its turn; what some leave is for the others.
        active = Array(active.drop { $0 < turn } + active.prefix { $0 < turn })
        turn = active.dropFirst().first ?? 0
        while !active.isEmpty, jobs.count < maximumJobs, bytes < maximumBytes {
            let share = max(Self.smallestShare, (maximumJobs - jobs.count) / active.count)
            let shareBytes = (maximumBytes - bytes) / active.count
            var rest: [Int] = []
            for queue in active where jobs.count < maximumJobs {
                let limit = min(share, maximumJobs - jobs.count)
                let found = try read(
                    queue, at: &places[queue], view, limit: limit, maximumBytes: shareBytes, stretches: &stretches)
                let cost = found.reduce(0) { $0 + $1.job.byteCost }
                guard jobs.isEmpty || bytes + cost <= maximumBytes else {
                    places[queue] = found[0].id
                    continue
                }
                bytes += cost
                jobs += found
                if !found.isEmpty { rest.append(queue) }
            }
            active = rest
        }
        // A queue that is seen for the first time is looked for where the queues without a number are.
        for queue in queues.count..<QueueMap.others {
            places[queue] = places[QueueMap.others]
        }
        next = places
        isApart = next.contains { $0 != next[0] }
        queues.forget(below: position)
        return jobs.sorted { $0.id < $1.id }
    }

    /// Some jobs of one queue, from its place on.
    private func read(
        _ queue: Int, at place: inout Int64, _ view: QueueMap.View, limit: Int, maximumBytes: Int,
        stretches: inout Int
    ) throws(OutboxError) -> [StoredJob] {
        var jobs: [StoredJob] = []
        while jobs.isEmpty, let stretch = view.stretch(of: queue, from: place) {
            if stretch.lowerBound < view.unknownEnd {
                guard stretches > 0 else { break }
                stretches -= 1
            }
            let name = view.name(of: queue)
            let page = try reader.nextJobs(
                from: stretch.lowerBound, through: stretch.upperBound, queue: name,
                limit: name == nil ? .max : limit, maximumBytes: maximumBytes)
            place = page.last.map { $0.id + 1 } ?? stretch.upperBound + 1
            jobs = queue == QueueMap.others ? page.filter { queues.number(of: $0.job.queue) == queue } : page
        }
        return jobs
    }

    /// Jobs that were set aside.
    func setAsideJobs(_ query: SetAsideQuery, maximumBytes: Int) throws(OutboxError) -> SetAsidePage {
        try reader.setAsideJobs(query, maximumBytes: maximumBytes)
    }

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
