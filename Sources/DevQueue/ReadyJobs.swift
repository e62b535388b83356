/// The jobs that may be taken, each queue's in the order of taking: the least priority first, then the oldest.
struct ReadyJobs {
    private struct Place: Comparable {
        let priority: UInt16
        let id: JobIdentifier

        static func < (one: Place, other: Place) -> Bool {
            one.priority != other.priority ? one.priority < other.priority : one.id < other.id
        }
    }

    /// The first place of a queue, as it was once.
    private struct Head: Comparable {
        let place: Place
        let queue: Int

        static func < (one: Head, other: Head) -> Bool { one.place < other.place }
    }

    private var numbers: [String: Int] = [:]
    private var queues: [BinaryHeap<Place>] = []
    /// The present first place of each queue is among them; others have been overtaken.
    private var heads = BinaryHeap<Head>()
    /// The queue of the job before, which is most often the next one's, too.
    private var latest: (name: String, number: Int)?

    mutating func insert(_ job: DevQueueJob) {
        let queue = number(of: job.queue)
        let place = Place(priority: job.priority, id: job.id)
        let isHead = queues[queue].first.map { place < $0 } ?? true
        queues[queue].insert(place)
        if isHead { heads.insert(Head(place: place, queue: queue)) }
    }

    /// Whether a job of these queues may be taken.
    ///
    /// - Parameter names: nil for all queues.
    mutating func hasJob(in names: [String]?) -> Bool { firstQueue(of: names) != nil }

    /// Takes the first job of these queues out.
    ///
    /// - Parameter names: nil for all queues.
    mutating func take(from names: [String]?) -> JobIdentifier? {
        guard let queue = firstQueue(of: names), let place = queues[queue].popFirst() else { return nil }
        if let next = queues[queue].first { heads.insert(Head(place: next, queue: queue)) }
        if heads.count > 2 * queues.count + 64 { collectHeads() }
        return place.id
    }

    private mutating func firstQueue(of names: [String]?) -> Int? {
        guard let names else { return firstQueue() }
        var best: Head?
        for name in names {
            guard let queue = numbers[name], let place = queues[queue].first else { continue }
            let head = Head(place: place, queue: queue)
            best = best.map { min($0, head) } ?? head
        }
        return best?.queue
    }

    private mutating func firstQueue() -> Int? {
        while let head = heads.first {
            if queues[head.queue].first == head.place { return head.queue }
            _ = heads.popFirst()
        }
        return nil
    }

    private mutating func collectHeads() {
        heads = BinaryHeap()
        for (queue, jobs) in queues.enumerated() {
            if let place = jobs.first { heads.insert(Head(place: place, queue: queue)) }
        }
    }

    private mutating func number(of name: String) -> Int {
        if let latest, latest.name == name { return latest.number }
        let number = numbers[name] ?? queues.count
        if number == queues.count {
            numbers[name] = number
            queues.append(BinaryHeap())
        }
        latest = (name, number)
        return number
    }
}
