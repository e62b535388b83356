package import SluiceBase
internal import SluiceJSON

/// A job in the outbox, to be sent or shown.
package struct StoredJob: Sendable, Hashable {
    /// The position in commit order. Never reused.
    package let id: Int64
    /// The row of its delivery.
    let delivery: Int64
    /// The time of the transaction that stored it, by the wall clock, in milliseconds since the epoch.
    package let storedAtMilliseconds: Int64
    package let job: Job
    /// Whether the bytes are unchanged since they were stored. If `false`, they were changed on disk, and the job must
    /// not be sent.
    package let isIntact: Bool
    /// The stored checksum.
    let checksum: Int64

    /// - Parameters:
    ///   - delivery: 0 if it is not needed.
    ///   - checksum: 0 if it is not needed.
    package init(
        id: Int64, delivery: Int64 = 0, storedAtMilliseconds: Int64 = 0, job: Job, isIntact: Bool = true,
        checksum: Int64 = 0
    ) {
        self.id = id
        self.delivery = delivery
        self.storedAtMilliseconds = storedAtMilliseconds
        self.job = job
        self.isIntact = isIntact
        self.checksum = checksum
    }
}

extension StoredJob {
    /// The columns of a job, in the order that `job(_:from:)` reads.
    static let columns = "type, queue, unique_key, unique_while, options, checksum, payload"

    /// The detail of a dead letter whose job is not intact.
    package static let damaged = "the checksum of the stored bytes has changed"

    /// Reads a row of `Statements.selectPending`, `selectJob` or `selectParked`.
    init(_ row: Statement) {
        var job = Self.job(row, from: 3)
        job.hasOwnKey = row.int64(10) == 1
        self.init(
            id: row.int64(0), delivery: row.int64(1), storedAtMilliseconds: row.int64(2), job: job,
            isIntact: row.checksum(8) == Int64(bitPattern: Self.checksum(job)), checksum: row.checksum(8) ?? 0)
    }

    /// Reads a job from the columns that start at `first`. All jobs are read here.
    ///
    /// A `unique_while` that no version has written is left out, so that the checksum shows that the row was changed.
    static func job(_ row: Statement, from first: Int32) -> Job {
        Job(
            type: row.text(first), queue: row.text(first + 1), options: JobOptions(stored: row.bytes(first + 4)),
            uniqueKey: row.optionalText(first + 2),
            uniqueWhile: row.optionalText(first + 3).flatMap { UniqueWhile(rawValue: $0) },
            payload: row.bytes(first + 6))
    }

    /// - Parameter texts: type, queue, unique key and unique while, and no others.
    static func checksum(_ texts: TextScratch, _ job: Job) -> UInt64 {
        var seed = texts.checksum
        seed = Checksum.xxh64(job.options.members.span, seed: seed)
        return Checksum.xxh64(job.payload.span, seed: seed)
    }

    static func checksum(_ job: Job) -> UInt64 {
        var texts = TextScratch()
        _ = texts.append(job.type)
        _ = texts.append(job.queue)
        _ = texts.append(job.uniqueKey)
        _ = texts.append(job.uniqueWhile?.rawValue)
        return checksum(texts, job)
    }
}

/// The reason for removing a job from the sending order and keeping it.
package enum ParkReason: Sendable, Hashable {
    /// It waits for a licence that the server does not have.
    case unlicensed
    /// It is refused while others are accepted; the answer in one sentence.
    case refused(String)

    /// The reason as one sentence.
    var detail: String {
        switch self {
        case .unlicensed: "the Zizq server has no licence for batched jobs"
        case .refused(let answer): answer
        }
    }
}

/// A delivery with its request, if that was kept, and its results. Each list has at most 500 rows.
package struct KeptRequestRow: Sendable, Hashable {
    package let deliveryID: String
    /// The route's name.
    package let route: String
    /// Milliseconds since the epoch.
    package let receivedAtMilliseconds: Int64
    /// The request's raw bytes, without the verifier's credentials; nil if it was not kept, or is no longer kept.
    package let request: [UInt8]?
    /// The remembered parts, each with its key. Parts that were duplicates on receipt or were forgotten since are
    /// missing.
    package let parts: [DeliveryListing]
    /// Its jobs that are still in the outbox, in any state, by ascending id; delivered ones with their ids at Zizq.
    /// Without a request, jobs of one that was sent again later may be missing.
    package let jobs: [JobListing]
    /// Its dead letters.
    package let deadLetters: [DeadLetterListing]
}

/// A selection of jobs that were set aside.
package struct SetAsideQuery: Sendable, Hashable {
    /// The selection by queues.
    package enum Selection: Sendable, Hashable {
        case queue(String)
        case othersThan(Set<String>)

        func contains(_ name: String) -> Bool {
            switch self {
            case .queue(let queue): name == queue
            case .othersThan(let queues): !queues.contains(name)
            }
        }
    }

    /// Only jobs behind this one.
    package let after: Int64
    package let selection: Selection
    /// The maximum number.
    package let limit: Int

    package init(after: Int64, selection: Selection, limit: Int) {
        self.after = after
        self.selection = selection
        self.limit = limit
    }
}

/// A page of jobs that were set aside.
package struct SetAsidePage: Sendable {
    package var jobs: [StoredJob]
    /// The last job that was searched; `nil` if there is none from the start of the search on.
    package let scannedThrough: Int64?

    package init(jobs: [StoredJob], scannedThrough: Int64?) {
        self.jobs = jobs
        self.scannedThrough = scannedThrough
    }
}
