/// One job, from its rendering to the request that sends it to Zizq.
package struct Job: Sendable, Hashable {
    package var type: String
    package var queue: String
    package var options: JobOptions
    /// Zizq's unique key of the job, at most 200 bytes; `nil` for a job that may exist twice.
    package var uniqueKey: String?
    /// How long the key keeps other jobs out; `nil` without a key, and if Zizq holds it as long as the job exists.
    package var uniqueWhile: UniqueWhile?
    /// Whether a job rule wrote the key, which is then sent unchanged. Not stored: `false` for a job from the outbox.
    package var hasOwnKey: Bool
    /// The exact bytes: JSON that Zizq accepts in a bulk request.
    package var payload: [UInt8]
    /// The position of the job rule that made it, from 0. Not stored: `nil` for a job from the outbox.
    package var rule: Int?

    package init(
        type: String, queue: String, options: JobOptions = .none, uniqueKey: String? = nil,
        uniqueWhile: UniqueWhile? = nil, hasOwnKey: Bool = false, payload: [UInt8], rule: Int? = nil
    ) {
        self.type = type
        self.queue = queue
        self.options = options
        self.uniqueKey = uniqueKey
        self.uniqueWhile = uniqueWhile
        self.hasOwnKey = hasOwnKey
        self.payload = payload
        self.rule = rule
    }

    /// The size of a job in the outbox in addition to its texts and bytes: its numbers, its share of the page and of
    /// the delivery's row.
    @inlinable package static var rowOverhead: Int { 256 }

    /// The size of the job that counts towards `outbox.max_bytes`, in bytes.
    @inlinable package var byteCost: Int { Self.rowOverhead + contentBytes + (uniqueWhile?.rawValue.utf8.count ?? 0) }

    /// The approximate size of the job in a request to Zizq, in bytes.
    @inlinable package var requestBytes: Int { 96 + contentBytes }

    @usableFromInline var contentBytes: Int {
        type.utf8.count + queue.utf8.count + options.members.count + (uniqueKey?.utf8.count ?? 0) + payload.count
    }

    /// Returns the job with a unique key that differs from those of earlier deliveries with the same key, so that Zizq
    /// does not drop it as a duplicate: `name:key`, then `name:key~1`, `name:key~2` and so on. A key that ends like
    /// this by itself has `~0` appended first, so that it is not a generation of another key. A key that a rule wrote
    /// does not change.
    package func marked(generation: Int64) -> Job {
        guard isMarked(by: generation), let uniqueKey else { return self }
        var job = self
        job.uniqueKey = "\(uniqueKey)~\(generation)"
        return job
    }

    /// Whether `marked` changes the key.
    package func isMarked(by generation: Int64) -> Bool {
        guard !hasOwnKey, let uniqueKey else { return false }
        return generation > 0 || Self.endsLikeMark(uniqueKey)
    }

    private static func endsLikeMark(_ key: String) -> Bool {
        let digits = key.utf8.reversed().prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count
        return digits > 0 && key.utf8.dropLast(digits).last == UInt8(ascii: "~")
    }
}

/// How long Zizq holds a unique key: until the job is taken, until it is done, or as long as it exists.
package enum UniqueWhile: String, CaseIterable, Sendable {
    case queued
    case active
    case exists
}

/// How Zizq runs a job: a list of `JobOption`s in the format in which they are stored and sent.
///
/// They are encoded once, when the route file is loaded or the job is rendered, and all jobs of a rule share the bytes.
/// They are parsed only for a row of the outbox (`JobOptions(stored:)`) and to check an imported dead letter.
package struct JobOptions: Sendable, Hashable {
    /// Members of Zizq's job object, such as `"priority":5,"retry_limit":3`; empty for Zizq's defaults.
    package var members: [UInt8]
    /// Whether the job has a batch, for which Zizq needs a licence.
    package var hasBatch: Bool

    package init(members: [UInt8], hasBatch: Bool) {
        self.members = members
        self.hasBatch = hasBatch
    }

    /// Zizq's defaults.
    package static let none = JobOptions(members: [], hasBatch: false)

    /// Whether Zizq's defaults apply.
    package var isEmpty: Bool { members.isEmpty }

    /// Appends other options; no option may be in both.
    package mutating func append(_ other: JobOptions) {
        guard !isEmpty else { return self = other }
        guard !other.isEmpty else { return }
        members.append(UInt8(ascii: ","))
        members += other.members
        hasBatch = hasBatch || other.hasBatch
    }
}

/// One option of a job.
package enum JobOption: Sendable, Hashable {
    /// 0–65,535; lower values run first.
    case priority(Int)
    /// The earliest time at which the job may run; milliseconds since 1970.
    case readyAt(Int64)
    /// The maximum number of retries.
    case retryLimit(Int)
    /// The wait after a failure, in milliseconds; the exponent is a JSON number.
    case backoff(base: Int64, exponent: String, jitter: Int64)
    /// How long a finished job is kept, in milliseconds; `nil` for the server's default.
    case retention(completed: Int64?, dead: Int64?)
    case batch(JobBatch)
    case budgets([JobBudget])
}

/// Merges a job into a waiting job with the same batch key.
package struct JobBatch: Sendable, Hashable {
    /// The name of the batch; not empty.
    package var key: String
    /// A jq expression: whether a new job is merged into the batch.
    package var when: String
    /// A jq expression: the merged payload.
    package var fold: String

    package init(key: String, when: String, fold: String) {
        self.key = key
        self.when = when
        self.fold = fold
    }
}

/// A budget that a job uses: a pool of tokens on the server.
package struct JobBudget: Sendable, Hashable {
    /// The policy of a budget that is created with the job.
    package struct Policy: Sendable, Hashable {
        package var allocation: Int
        package var strategy: Strategy

        package init(allocation: Int, strategy: Strategy) {
            self.allocation = allocation
            self.strategy = strategy
        }
    }

    /// When tokens become available again.
    package enum Strategy: Sendable, Hashable {
        case whileInFlight
        /// At an even rate over this many milliseconds.
        case timeBased(duration: Int64, burst: Int?)
    }

    /// The name of the budget; not empty.
    package var key: String
    /// The number of tokens that the job uses; `nil` for one.
    package var cost: Int?
    package var createWith: Policy?

    package init(key: String, cost: Int? = nil, createWith: Policy? = nil) {
        self.key = key
        self.cost = cost
        self.createWith = createWith
    }
}
