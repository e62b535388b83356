package import SluiceBase
package import SluiceJSON

/// One compiled entry of `jobs`.
package struct JobRule: Sendable {
    /// What the rule does with a delivery.
    package enum Action: Sendable {
        /// Answered as a success; nothing is stored.
        case ignore
        case make(JobTemplate)
    }

    /// All must be true.
    package let conditions: [Condition]
    package let action: Action
    /// The location of the rule.
    let location: SourceLocation

    package init(conditions: [Condition], action: Action, location: SourceLocation) {
        self.conditions = conditions
        self.action = action
        self.location = location
    }

    /// Whether a match makes no job.
    var isIgnore: Bool { if case .ignore = action { true } else { false } }
}

/// The job of a rule. A class, so that a rule is used without a copy of its templates.
package final class JobTemplate: Sendable {
    package let type: JobText
    package let queue: JobText
    /// `nil` if it is a constant option, or Zizq's default.
    package let priority: TextTemplate?
    /// `nil` for immediately.
    package let start: JobStart?
    /// `nil` if it is a constant option, and for a job without a batch.
    package let batch: BatchTemplate?
    /// The options that are the same for each job; without rendered options all jobs share them.
    package let constantOptions: JobOptions
    let uniqueWhile: UniqueWhile
    /// The rule's own key, sent to Zizq as rendered.
    package let uniqueKey: UniqueKeyTemplate?
    package let payload: PayloadTemplate
    /// The required type of the payload; `nil` if the kind has none, or there is no kind.
    let payloadType: PayloadType?
    /// The location of its kind; `nil` for a job without one.
    let kindLocation: SourceLocation?

    /// Identifies the rule, and shows whether it was changed.
    let identity: RuleIdentity

    package init(
        type: JobText, queue: JobText, priority: TextTemplate?, start: JobStart?, batch: BatchTemplate?,
        constantOptions: JobOptions, uniqueWhile: UniqueWhile, uniqueKey: UniqueKeyTemplate?, payload: PayloadTemplate,
        payloadType: PayloadType?, kindLocation: SourceLocation?, identity: RuleIdentity
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
        self.kindLocation = kindLocation
        self.identity = identity
    }

    /// Whether there are options other than constant ones.
    var hasRenderedOptions: Bool { priority != nil || start != nil || batch != nil }

    /// Whether its jobs have a batch.
    var hasBatch: Bool { batch != nil || constantOptions.hasBatch }
}

/// The options of a rule or a kind; `nil` for those that are not set.
package struct JobOptionsTemplate {
    /// The range that Zizq accepts.
    package static let priorities = 0...65_535

    package var queue: JobText?
    package var priority: JobText?
    package var retryLimit: JobOption?
    package var backoff: JobOption?
    package var retention: JobOption?
    package var uniqueWhile: UniqueWhile?
    package var batch: BatchTemplate?
    package var budgets: JobOption?

    package init() {}

    /// These options, completed with others.
    package func over(_ other: JobOptionsTemplate) -> JobOptionsTemplate {
        var options = self
        (options.queue, options.priority) = (queue ?? other.queue, priority ?? other.priority)
        (options.retryLimit, options.backoff) = (retryLimit ?? other.retryLimit, backoff ?? other.backoff)
        (options.retention, options.uniqueWhile) = (retention ?? other.retention, uniqueWhile ?? other.uniqueWhile)
        (options.batch, options.budgets) = (batch ?? other.batch, budgets ?? other.budgets)
        return options
    }

    /// The options that are the same for each job.
    package var constant: JobOptions {
        var options = JobOptions.none
        if let batch = batch?.constant { options.append(.batch(batch)) }
        if let number = priority?.constant.flatMap({ Int($0) }) { options.append(.priority(number)) }
        for case let option? in [retryLimit, backoff, retention, budgets] { options.append(option) }
        return options
    }
}

/// A field of a job: constant, or rendered from references.
package enum JobText: Sendable {
    case constant(String)
    case rendered(TextTemplate)

    /// The constant text; `nil` if it is rendered.
    package var constant: String? {
        if case .constant(let text) = self { text } else { nil }
    }
}

/// The batch of a rule or a kind: `{ key, when, fold }`, in Zizq's format.
package struct BatchTemplate: Sendable {
    package let key: JobText
    let when: String
    let fold: String

    package init(key: JobText, when: String, fold: String) {
        self.key = key
        self.when = when
        self.fold = fold
    }

    /// The batch, if it is the same for each job.
    package var constant: JobBatch? { key.constant.map { JobBatch(key: $0, when: when, fold: fold) } }

    /// The template, if the key is rendered.
    package var rendered: BatchTemplate? { key.constant == nil ? self : nil }
}

/// When a job may run: `delay`, counted from the receipt, or `ready_at`.
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
    /// Lower values would be in the first three years of the epoch, and are probably numbers of seconds.
    package static let earliest: Int64 = 100_000_000_000
    /// The end of the year 9999.
    package static let latest = TimestampText.latest

    /// The time in a text, in milliseconds since 1970.
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

/// `each`: the array whose elements become separate jobs.
package struct Elements: Sendable {
    /// For messages, without blanks and braces.
    let name: String
    /// The path of the elements, ending in `each`.
    package let path: JSONPath
    /// The index of that path among those of the route.
    let pathID = 0
    /// Whether the body is JSON lines, one element per line.
    package let areLines: Bool
    /// Whether an array that is absent or null counts as empty: `?? null`.
    let mayBeAbsent: Bool

    package init(name: String, path: JSONPath, areLines: Bool, mayBeAbsent: Bool) {
        self.name = name
        self.path = path
        self.areLines = areLines
        self.mayBeAbsent = mayBeAbsent
    }

}

extension JSONPath {
    /// In the syntax of a reference: `body.entry[].changes`.
    package var description: String {
        steps.reduce("body") { text, step in
            switch step {
            case .key(let key):
                text
                    + (key.utf8.allSatisfy(Self.isPlain) && !key.isEmpty
                        ? ".\(key)" : "[\"\(PrintableText.escape(key))\"]")
            case .index(let index): text + "[\(index)]"
            case .each: text + "[]"
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x80 || ASCII.isWordByte(byte) }
}
