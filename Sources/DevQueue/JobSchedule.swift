internal import Glibc

/// The jobs that workers can take.
struct ReadyJobs {
    /// The jobs of each queue, by priority.
    private var queues: [String: JobHeap] = [:]

    mutating func insert(_ job: DevQueueJob) {
        queues[job.queue, default: JobHeap()].insert(JobPosition(rank: UInt64(job.priority), id: job.id))
    }

    /// Whether there is a job in these queues; `nil` for all queues.
    func hasJob(in names: [String]?) -> Bool { firstQueue(of: names) != nil }

    /// Removes the first job of these queues: the lowest priority, then the oldest. `nil` for all queues.
    mutating func take(from names: [String]?) -> JobIdentifier? {
        firstQueue(of: names).flatMap { queues[$0]?.popFirst()?.id }
    }

    private func firstQueue(of names: [String]?) -> String? {
        let names = names ?? Array(queues.keys)
        return names.compactMap { name in queues[name]?.first.map { (name, $0) } }.min { $0.1 < $1.1 }?.0
    }
}

/// A job's position: by its priority or its time, then by its age.
struct JobPosition: Comparable {
    /// A priority, or milliseconds since 1970.
    let rank: UInt64
    let id: JobIdentifier

    static func < (one: JobPosition, other: JobPosition) -> Bool { (one.rank, one.id) < (other.rank, other.id) }
}

/// A binary heap of jobs: the first one is removed first, in logarithmic time.
struct JobHeap {
    private var heap: [JobPosition] = []

    var first: JobPosition? { heap.first }

    mutating func insert(_ position: JobPosition) {
        heap.append(position)
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Removes the first job, unless its rank is greater than `limit`.
    mutating func popFirst(upTo limit: UInt64 = .max) -> JobPosition? {
        guard let first, first.rank <= limit else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while 2 * parent + 1 < heap.count {
            var child = 2 * parent + 1
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < heap[parent] else { break }
            heap.swapAt(child, parent)
            parent = child
        }
        return first
    }
}

/// The wait after a failure. Base and jitter are in milliseconds.
package struct JobBackoff: Sendable, Hashable {
    package var base: UInt32
    package var exponent: Float
    package var jitter: UInt32

    /// The default of a Zizq server.
    static let standard = JobBackoff(base: 15_000, exponent: 4, jitter: 30_000)

    /// When a failed job is retried: after the base, a number of seconds that grows with the attempts, and part of the
    /// jitter for each attempt.
    ///
    /// - Parameters:
    ///   - attempts: the number of failures, including this one.
    ///   - now: milliseconds since 1970.
    /// - Returns: milliseconds since 1970; at most 2⁵³, which a double can still represent.
    func time(afterAttempts attempts: UInt32, now: UInt64) -> UInt64 {
        let growth = pow(Double(attempts), Double(exponent)) * 1000
        let spread = jitter == 0 ? 0 : Double.random(in: 0..<Double(jitter)) * Double(attempts)
        return UInt64(min(Double(now) + Double(base) + growth + spread, 9_007_199_254_740_992))
    }
}
