internal import SluiceBase

/// Deliveries that wait for the next transaction. A state machine: no clock, no lock, no I/O.
///
/// A batch is whatever has queued up while the last transaction ran, so it grows with the load and there is nothing to
/// tune.
struct CommitQueue {
    /// What fits into one transaction, and how long a delivery waits for one.
    struct Limits: Sendable {
        /// Parts of deliveries, each of which is a row.
        var parts = 1000
        var bytes = 16 << 20
        var deadlineNanoseconds: Int64
    }

    /// What a submitted delivery comes to.
    enum Admission: Equatable {
        /// It waits. `isFirst`: nothing was waiting, so the writer must be woken.
        case queued(isFirst: Bool)
        case refused(ErrorCode)
    }

    /// What the writer does next.
    struct Batch {
        /// For one transaction, in the order in which they came.
        var deliveries: [Submission] = []
        /// Waited for too long: to be refused with `commit_too_slow`.
        var overdue: [Submission] = []
    }

    private let limits: Limits
    /// Empty places before `head` are deliveries that have left: keeping them would keep their bodies, which nothing
    /// accounts for any more.
    private var waiting: [Submission?] = []
    /// Where in `waiting` the queue begins.
    private var head = 0
    private var isClosed = false

    init(limits: Limits) { self.limits = limits }

    var isEmpty: Bool { head == waiting.count }

    var count: Int { waiting.count - head }

    /// When the first delivery has waited for too long, on the monotonic clock; nil when none waits.
    var nextDeadline: Int64? { isEmpty ? nil : deadline(at: head) }

    /// Bytes of the deliveries that the queue refers to.
    var retainedBytes: Int { waiting.reduce(0) { $0 + ($1?.byteCost ?? 0) } }

    /// A delivery came.
    mutating func submitted(_ delivery: Submission) -> Admission {
        guard !isClosed else { return .refused(.shuttingDown) }
        let isFirst = isEmpty
        waiting.append(delivery)
        return .queued(isFirst: isFirst)
    }

    /// The writer is ready for a transaction: it gets the oldest deliveries up to the limits, at least one. A delivery
    /// is never split, so one with more parts than the limit has a transaction of its own, and the others wait for that
    /// one only.
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

    /// Time went by: the deliveries that have waited for too long leave the queue.
    ///
    /// Deliveries come from several loops, so their times may be a little out of order; one that stands behind a
    /// younger one leaves with that.
    mutating func deadlinePassed(at now: Int64) -> [Submission] {
        var end = head
        while end < waiting.count, deadline(at: end) <= now { end += 1 }
        return take(upTo: end)
    }

    /// The service stops: what waits is still stored, what comes is refused.
    mutating func closed() { isClosed = true }

    private func deadline(at place: Int) -> Int64 {
        (waiting[place]?.enqueuedAtNanoseconds ?? 0) + limits.deadlineNanoseconds
    }

    /// Empty places stay in front for a while, so that a long queue is not moved for each batch.
    private static let mostEmptyPlaces = 4096

    private mutating func take(upTo end: Int) -> [Submission] {
        var taken: [Submission] = []
        taken.reserveCapacity(end - head)
        for place in head..<end {
            guard let delivery = waiting[place].take() else { continue }
            taken.append(delivery)
        }
        head = end
        if isEmpty {
            (waiting, head) = ([], 0)
        } else if head > Self.mostEmptyPlaces {
            waiting.removeFirst(head)
            head = 0
        }
        return taken
    }
}
