internal import SluiceBase

/// Deliveries that wait for the next transaction. A state machine: no clock, no lock, no I/O.
///
/// A batch is everything that was queued during the last transaction, so it grows with the load and needs no tuning.
struct CommitQueue {
    /// The limits of one transaction, and of the time that a delivery waits for one.
    struct Limits: Sendable {
        /// Parts of deliveries, each of which is a row.
        var parts = 1000
        var bytes = 16 << 20
        var deadlineNanoseconds: Int64
    }

    /// The result of submitting a delivery.
    enum Admission: Equatable {
        /// It waits. `isFirst`: the queue was empty, so the writer must be woken.
        case queued(isFirst: Bool)
        case refused(ErrorCode)
    }

    /// The writer's next work.
    struct Batch {
        /// For one transaction, in order of arrival.
        var deliveries: [Submission] = []
        /// Refused with `commit_too_slow`, because they waited for too long.
        var overdue: [Submission] = []
    }

    private let limits: Limits
    /// Entries before `head` are empty, so that they do not retain bodies that are no longer counted.
    private var waiting: [Submission?] = []
    /// The start of the queue in `waiting`.
    private var head = 0
    private var isClosed = false

    init(limits: Limits) { self.limits = limits }

    var isEmpty: Bool { head == waiting.count }

    var count: Int { waiting.count - head }

    /// When the first delivery reaches its deadline, on the monotonic clock; `nil` if none waits.
    var nextDeadline: Int64? { isEmpty ? nil : deadline(at: head) }

    /// The size of the deliveries that the queue refers to.
    var retainedBytes: Int { waiting.reduce(0) { $0 + ($1?.byteCost ?? 0) } }

    /// Adds a delivery.
    mutating func submitted(_ delivery: Submission) -> Admission {
        guard !isClosed else { return .refused(.shuttingDown) }
        let isFirst = isEmpty
        waiting.append(delivery)
        return .queued(isFirst: isFirst)
    }

    /// Returns the oldest deliveries up to the limits, at least one, when the writer is ready for a transaction. A
    /// delivery is never split, so one with more parts than the limit has its own transaction, and the others only wait
    /// for that one.
    mutating func writerBecameReady(at now: Int64) -> Batch {
        var batch = Batch(deliveries: [], overdue: deadlinePassed(at: now))
        var parts = 0
        var bytes = 0
        var end = head
        while end < waiting.count {
            parts += waiting[end]?.partCount ?? 0
            bytes += waiting[end]?.byteCost ?? 0
            if end > head, parts > limits.parts || bytes > limits.bytes { break }
            end += 1
        }
        batch.deliveries = take(upTo: end)
        return batch
    }

    /// Removes the deliveries that have waited for too long.
    ///
    /// Deliveries come from several loops, so their times may be slightly out of order; one after a younger one is
    /// removed with it.
    mutating func deadlinePassed(at now: Int64) -> [Submission] {
        var end = head
        while end < waiting.count, deadline(at: end) <= now { end += 1 }
        return take(upTo: end)
    }

    /// Refuses new deliveries; waiting ones are still stored.
    mutating func closed() { isClosed = true }

    private func deadline(at index: Int) -> Int64 {
        (waiting[index]?.enqueuedAtNanoseconds ?? 0) + limits.deadlineNanoseconds
    }

    /// The maximum number of empty entries, which are kept so that a long queue is not moved for each batch.
    private static let maximumEmptyEntries = 4096

    private mutating func take(upTo end: Int) -> [Submission] {
        var taken: [Submission] = []
        taken.reserveCapacity(end - head)
        for index in head..<end {
            guard let delivery = waiting[index].take() else { continue }
            taken.append(delivery)
        }
        head = end
        if isEmpty {
            (waiting, head) = ([], 0)
        } else if head > Self.maximumEmptyEntries {
            waiting.removeFirst(head)
            head = 0
        }
        return taken
    }
}
