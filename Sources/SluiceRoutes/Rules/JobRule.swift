package import SluiceBase
internal import SluiceJSON

/// One entry of `jobs`, compiled.
package struct JobRule: Sendable {
    package enum Action: Sendable {
        /// Answered as a success; nothing is stored.
        case ignore
        case make(JobTemplate)
    }

    /// All must hold.
    package let conditions: [Condition]
    package let action: Action
    /// Where it stands.
    let place: SourceLocation

    package init(conditions: [Condition], action: Action, place: SourceLocation) {
        self.conditions = conditions
        self.action = action
        self.place = place
    }

    /// Whether what matches makes no job.
    var isIgnore: Bool { if case .ignore = action { true } else { false } }
}

/// What a rule makes of a delivery.
package struct JobTemplate: Sendable {
    package let type: JobText
    package let queue: JobText
    /// `nil` where it is among the constant options, or Zizq's default.
    package let priority: TextTemplate?
    /// `nil` for at once.
    package let start: JobStart?
    /// `nil` where it is among the constant options, and where the job is not folded together with others.
    package let batch: BatchTemplate?
    /// What is the same for each job; without rendered options all jobs share it.
    package let constantOptions: JobOptions
    let uniqueWhile: UniqueWhile
    /// The rule's own key, which goes to Zizq as rendered.
    package let uniqueKey: UniqueKeyTemplate?
    package let payload: PayloadTemplate
    /// What the payload must be; `nil` where the kind does not say, or there is none.
    let payloadType: PayloadType?
    /// Where its kind is declared; `nil` for a job that has none.
    let kindPlace: SourceLocation?

    /// Tells it from other rules, and from what it said earlier.
    let identity: RuleIdentity

    package init(
        type: JobText, queue: JobText, priority: TextTemplate?, start: JobStart?, batch: BatchTemplate?,
        constantOptions: JobOptions, uniqueWhile: UniqueWhile, uniqueKey: UniqueKeyTemplate?, payload: PayloadTemplate,
        payloadType: PayloadType?, kindPlace: SourceLocation?, identity: RuleIdentity
    ) {
        self.type = type
        self.queue = queue
        self.priority = priority
        self.start = start
        self.batch = batch
        self.constantOptions = constantOptions
        self.uniqueWhile = uniqueWhile
        self.uniqueKey = uniqueKey
        self.payload = payload
        self.payloadType = payloadType
        self.kindPlace = kindPlace
        self.identity = identity
    }

    /// Whether there are options besides the constant ones.
    var hasRenderedOptions: Bool { priority != nil || start != nil || batch != nil }

    /// Whether its jobs are folded together with others.
    var hasBatch: Bool { batch != nil || constantOptions.hasBatch }
}

/// What a rule or a kind says about how Zizq runs a job; `nil` where it says nothing.
package struct JobOptionsTemplate {
    /// What Zizq takes.
    package static let priorities = 0...65_535

    package var queue: JobText?
    package var priority: JobText?
    package var retryLimit: JobOption?
    package var backoff: JobOption?
    package var retention: JobOption?
    package var uniqueWhile: UniqueWhile?
    package var batch: BatchTemplate?
    package var budgets: JobOption?

    package init(
        queue: JobText? = nil, priority: JobText? = nil, retryLimit: JobOption? = nil, backoff: JobOption? = nil,
        retention: JobOption? = nil, uniqueWhile: UniqueWhile? = nil, batch: BatchTemplate? = nil,
        budgets: JobOption? = nil
    ) {
        self.queue = queue
        self.priority = priority
        self.retryLimit = retryLimit
        self.backoff = backoff
        self.retention = retention
        self.uniqueWhile = uniqueWhile
        self.batch = batch
        self.budgets = budgets
    }

    /// What is set here, and where nothing is, what is set there.
    package func over(_ other: JobOptionsTemplate) -> JobOptionsTemplate {
        JobOptionsTemplate(
            queue: queue ?? other.queue, priority: priority ?? other.priority,
            retryLimit: retryLimit ?? other.retryLimit, backoff: backoff ?? other.backoff,
            retention: retention ?? other.retention, uniqueWhile: uniqueWhile ?? other.uniqueWhile,
            batch: batch ?? other.batch, budgets: budgets ?? other.budgets)
    }

    /// What is the same for each job.
    package var constant: JobOptions {
        var options = JobOptions.none
        if let batch = batch?.constant { options.append(.batch(batch)) }
        if let number = priority?.constant.flatMap({ Int($0) }) { options.append(.priority(number)) }
        for case let option? in [retryLimit, backoff, retention, budgets] { options.append(option) }
        return options
    }
}

/// A field of a job: the same for each, or rendered from references.
package enum JobText: Sendable {
    case constant(String)
    case rendered(TextTemplate)

    /// The text that is the same for each job; `nil` if it is rendered.
    package var constant: String? {
        if case .constant(let text) = self { text } else { nil }
    }
}

/// What a rule or a kind says about folding jobs together: `{ key, when, fold }`, as Zizq takes it.
package struct BatchTemplate: Sendable {
    package let key: JobText
    let when: String
    let fold: String

    package init(key: JobText, when: String, fold: String) {
        self.key = key
        self.when = when
        self.fold = fold
    }

    /// The batch, where it is the same for each job.
    package var constant: JobBatch? { key.constant.map { JobBatch(key: $0, when: when, fold: fold) } }

    /// Itself, where the key is made of the request.
    package var rendered: BatchTemplate? { key.constant == nil ? self : nil }
}

/// When a job may run: `delay`, which counts from the receipt, or `ready_at`.
package enum JobStart: Sendable {
    case delay(Duration)
    case renderedDelay(TextTemplate)
    /// Milliseconds since 1970.
    case readyAt(Int64)
    case renderedReadyAt(TextTemplate)

    /// A value that cannot be used, as a phrase for the dead letter.
    package struct ValueError: Error {
        package let message: String
    }

    /// Ten years.
    package static let delays: ClosedRange<Duration> = .zero ... .seconds(3650 * 86_400)
    /// What lies below is a time in the first three years of the epoch, and in truth a number of seconds.
    package static let earliest: Int64 = 100_000_000_000
    /// The end of the year 9999.
    package static let latest = TimestampText.latest

    package static func milliseconds(_ text: String) throws(ValueError) -> Int64 {
        if let number = Int64(text) {
            guard number >= earliest else {
                throw ValueError(
                    message: "must be milliseconds since 1970; to convert seconds, append 000")
            }
            if number <= latest { return number }
        } else if let time = TimestampText.parse(text), (0...latest).contains(time) {
            return time
        }
        throw ValueError(message: "must be a time such as 2026-11-25T08:00:00Z, or a number of milliseconds since 1970")
    }
}
