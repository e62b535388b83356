/// One job, from the route that renders it to the request that hands it to Zizq.
package struct Job: Sendable, Hashable {
    package var type: String
    package var queue: String
    package var options: JobOptions
    /// What Zizq knows the job by, at most 200 bytes; nil for a job that may exist twice.
    package var uniqueKey: String?
    /// How long the key keeps other jobs out; nil without a key, and where Zizq is to hold it for as long as the job
    /// exists.
    package var uniqueWhile: UniqueWhile?
    /// Whether a job rule wrote the key, so that it goes to Zizq unchanged. Not stored: false for a job that was read
    /// from the outbox.
    package var hasOwnKey: Bool
    /// The exact bytes: JSON that Zizq takes in a bulk request.
    package var payload: [UInt8]
    /// The position of the route's job rule that made it, from 0. Not stored: nil for a job that was read from the
    /// outbox.
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

    /// What a job takes in the outbox besides its texts and bytes: its numbers, its share of the page and of the
    /// delivery's row.
    @inlinable package static var rowOverhead: Int { 256 }

    /// The job's bytes against `outbox.max_bytes`.
    @inlinable package var byteCost: Int { Self.rowOverhead + contentBytes + (uniqueWhile?.rawValue.utf8.count ?? 0) }

    /// About how many bytes the job takes in a request to Zizq.
    @inlinable package var requestBytes: Int { 96 + contentBytes }

    @usableFromInline var contentBytes: Int {
        type.utf8.count + queue.utf8.count + options.members.count + (uniqueKey?.utf8.count ?? 0) + payload.count
    }

    /// The job with a unique key that differs from those of earlier deliveries with the same key, so that Zizq does not
    /// drop it as a duplicate: `name:key`, then `name:key~1`, `name:key~2` and so on. A key that itself ends like that
    /// has `~0` at first, so that it is not the second one of another key. A key that a rule wrote stays.
    package func marked(generation: Int64) -> Job {
        guard !hasOwnKey, let uniqueKey, generation > 0 || Self.endsLikeMark(uniqueKey) else { return self }
        var job = self
        job.uniqueKey = "\(uniqueKey)~\(generation)"
        return job
    }

    private static func endsLikeMark(_ key: String) -> Bool {
        let digits = key.utf8.reversed().prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count
        return digits > 0 && key.utf8.dropLast(digits).last == UInt8(ascii: "~")
    }
}

/// How long Zizq holds a unique key: until the job is taken, until it is done, or for as long as it exists there.
package enum UniqueWhile: String, CaseIterable, Sendable {
    case queued
    case active
    case exists
}

/// How Zizq runs a job: a list of `JobOption`s in the form in which they are stored and sent.
///
/// They are written once, when the route file is loaded or the job is rendered, and all jobs of a rule share the bytes.
/// Nothing reads them back but `JobOptions(stored:)`, for a row of the outbox.
package struct JobOptions: Sendable, Hashable {
    /// Members of Zizq's job object, such as `"priority":5,"retry_limit":3`; empty where Zizq's defaults hold.
    package var members: [UInt8]
    /// Whether the job is folded together with others, for which Zizq needs a licence.
    package var hasBatch: Bool

    package init(members: [UInt8], hasBatch: Bool) {
        self.members = members
        self.hasBatch = hasBatch
    }

    /// Zizq's defaults.
    package static let none = JobOptions(members: [], hasBatch: false)

    /// Whether Zizq's defaults hold.
    package var isEmpty: Bool { members.isEmpty }

    /// Appends what is set there; nothing may be set twice.
    package mutating func append(_ other: JobOptions) {
        guard !isEmpty else { return self = other }
        guard !other.isEmpty else { return }
        members.append(UInt8(ascii: ","))
        members += other.members
        hasBatch = hasBatch || other.hasBatch
    }
}

/// One thing that a job says about how Zizq runs it.
package enum JobOption: Sendable, Hashable {
    /// 0–65,535; lower runs sooner.
    case priority(Int)
    /// The job runs no sooner; milliseconds since 1970.
    case readyAt(Int64)
    /// How many times a failed job is tried again.
    case retryLimit(Int)
    /// How long a failed job waits, in milliseconds; the exponent is a JSON number.
    case backoff(base: Int64, exponent: String, jitter: Int64)
    /// How long a finished job is kept, in milliseconds; nil for the server's default.
    case retention(completed: Int64?, dead: Int64?)
    case batch(JobBatch)
    case budgets([JobBudget])
}

/// With which jobs one is folded together.
package struct JobBatch: Sendable, Hashable {
    /// Names the batch; not empty.
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

/// A budget that a job draws on: a pool of tokens on the server.
package struct JobBudget: Sendable, Hashable {
    /// How the pool is made where there is none of this name.
    package struct Policy: Sendable, Hashable {
        package var allocation: Int
        package var strategy: Strategy

        package init(allocation: Int, strategy: Strategy) {
            self.allocation = allocation
            self.strategy = strategy
        }
    }

    /// When tokens come back.
    package enum Strategy: Sendable, Hashable {
        case whileInFlight
        /// Evenly over so many milliseconds.
        case timeBased(duration: Int64, burst: Int?)
    }

    /// The pool's name; not empty.
    package var key: String
    /// How many tokens the job takes; nil for one.
    package var cost: Int?
    package var createWith: Policy?

    package init(key: String, cost: Int? = nil, createWith: Policy? = nil) {
        self.key = key
        self.cost = cost
        self.createWith = createWith
    }
}
