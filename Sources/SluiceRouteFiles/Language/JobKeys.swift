internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    static let kind = LanguageMapping("kind", noun: "a kind", KindKeys())
    static let rule = LanguageMapping("job_rule", noun: "a job rule", RuleKeys(), rules: RuleKeys.rules)
    static let backoff = LanguageMapping("backoff", noun: "'backoff'", BackoffKeys())
    static let retention = LanguageMapping("retention", noun: "'retention'", RetentionKeys())
    static let batch = LanguageMapping("batch", noun: "'batch'", BatchKeys())
}

/// The common options of kinds, rules and expected jobs. `JobOptionsReader` reads those with references.
struct JobOptionKeys {
    static let defaultQueue = "default"

    let queue: LanguageKey<YAMLNode>
    let priority: LanguageKey<YAMLNode>
    let retryLimit: LanguageKey<Int>
    let backoff: LanguageKey<JobOption>
    let retention: LanguageKey<JobOption>
    let uniqueWhile: LanguageKey<UniqueWhile>
    let batch: LanguageKey<YAMLNode>
    let budgets: LanguageKey<JobOption>

    /// A mapping with the options.
    enum Use {
        case kind, rule, expectedJob
    }

    init(in use: Use) {
        let isDefaulted = use != .expectedJob
        let absent = isDefaulted ? "Zizq's" : nil
        let name: JSONTree = .to(use == .rule ? .nameOrText : .name)
        queue = LanguageKey(
            "queue", .node(use == .rule ? "a name, or a text with references" : "a name", name),
            default: isDefaulted ? .text(Self.defaultQueue) : nil, meaning: "The queue at Zizq")
        let number = JSONTree.integer(in: JobOptionsTemplate.priorities)
        priority = LanguageKey(
            "priority",
            .node(
                "0 to 65535" + (use == .rule ? ", or a text with references" : ""),
                use == .rule ? SchemaDefinition.text(orElse: number) : number),
            absent: absent, examples: use == .rule ? [100, "${body.urgency ?? 500}"] : [],
            meaning: "Lower numbers run first")
        retryLimit = LanguageKey(
            "retry_limit", .integer(in: 0...Int(UInt32.max)), absent: absent, meaning: "How often Zizq retries the job")
        backoff = LanguageKey(
            "backoff", .mapping(RouteLanguage.backoff) { JobOption.backoff($0) }, absent: absent,
            examples: isDefaulted ? [["base": "1s", "exponent": 2, "jitter": "500ms"]] : [],
            meaning: "How long Zizq waits before each retry, such as `{ base: 1s, exponent: 2.0, jitter: 500ms }`")
        retention = LanguageKey(
            "retention", .mapping(RouteLanguage.retention) { JobOption.retention($0) }, absent: absent,
            meaning: "How long Zizq keeps the job after it ends, such as `{ completed: 1h, dead: 30d }`")
        uniqueWhile = LanguageKey(
            "unique_while", .word, default: isDefaulted ? .text(UniqueWhile.exists.rawValue) : nil,
            meaning: "How long Zizq holds the unique key: while the job is queued, active, or exists at all")
        let batchSchema = JSONTree.reference(to: "batch")
        let withoutReferences = batchSchema.adding(["properties": ["key": .not(["pattern": "\\$\\{"])]])
        batch = LanguageKey(
            "batch", .node("a [mapping](#batch)", use == .kind ? withoutReferences : batchSchema),
            meaning: "Merges the job into a waiting job with the same batch key. Such a job is sent to Zizq without a "
                + "`unique_key`; the route's key still applies in the gateway. Pro licence")
        budgets = LanguageKey(
            "budgets", .budgets(anything: !isDefaulted),
            meaning: "The budgets that the job draws on. Servers newer than 0.6, Pro licence")
    }
}

/// The keys of a kind.
struct KindKeys: HasJobOptions {
    let payload = LanguageKey(
        "payload", .node("a type", .to(.payloadType)), absent: "any JSON",
        meaning: "The [type](#types-of-payloads) of the payloads")
    let options = JobOptionKeys(in: .kind)
}

/// The keys of a job rule. `JobRuleReader` reads those that depend on each other or contain references.
struct RuleKeys: HasJobOptions {
    let when = LanguageKey(
        "when", .node("a mapping of [conditions](#conditions)", .reference(to: RouteLanguage.conditions.name)),
        absent: "matches everything; such a rule must be the last",
        meaning: "The conditions under which the rule matches: references, without `${` and `}`, and expected values")
    let kind = LanguageKey(
        "kind", .text("the name of a kind", .to(.name)),
        meaning: "The declared [kind](#kinds) of the job; its name is the job's type")
    let type = LanguageKey(
        "type", .node("a name, or a text with references", .to(.nameOrText)),
        meaning: "The job's type, instead of a kind"
    )
    let payload = LanguageKey(
        "payload", .node("any value, with references", .to(.value)), absent: "`${body}`, and with `each` `${item}`",
        examples: ["${body}", "${item}"], meaning: "The job's payload")
    let delay = LanguageKey(
        "delay", .node("0 to 3650d, or a text with references", SchemaDefinition.text(orElse: .to(.duration))),
        examples: ["15m"],
        meaning: "How long after receipt the job may run; with references a text such as `${body.minutes}m`")
    let readyAt = LanguageKey(
        "ready_at", .node("a time, or a text with references", SchemaDefinition.text(orElse: .to(.time))),
        examples: ["2026-11-25T08:00:00Z"],
        meaning: "When the job may run: `2026-11-25T08:00:00Z` (RFC 3339), or milliseconds since 1970. A number that "
            + "can only be seconds makes a dead letter; write `${body.at}000` for seconds")
    let uniqueKey = LanguageKey(
        "unique_key", .node("a text with references, or a list of them", .to(.uniqueKey)),
        meaning: "The key of this job at Zizq, sent as it is, without the route's name. The gateway itself detects "
            + "duplicates only with the route's key")
    let ignore = LanguageKey(
        "ignore", .boolean,
        meaning: "`true`: a delivery or element that matches is counted and answered with success, but makes no job, "
            + "and its key is not remembered. Only `when` may be combined with it"
    ).defaulting(to: false)
    let options = JobOptionKeys(in: .rule)

    /// A job has a kind or a type, and a rule with `ignore` has neither.
    fileprivate static var rules: [JSONTree] {
        [
            .rule(
                if: .having("ignore", true), then: ["propertyNames": .words(["when", "ignore"])],
                else: ["oneOf": [.requiring("kind"), .requiring("type")]]),
            .rule(if: .requiring("delay"), then: .keys(["ready_at": false])),
            .rule(if: .requiring("batch"), then: .keys(["unique_key": false, "unique_while": false])),
        ]
    }
}

/// A mapping that includes the options of a job.
protocol HasJobOptions: Sendable {
    var options: JobOptionKeys { get }
}

/// The keys of `backoff`.
struct BackoffKeys {
    fileprivate static let milliseconds: ClosedRange<Duration> = .zero ... .milliseconds(Int64(UInt32.max))

    let base = LanguageKey(
        "base", .duration(in: Self.milliseconds), isRequired: true, meaning: "The fixed part of every wait")
    let exponent = LanguageKey(
        "exponent", .exponent, isRequired: true,
        meaning: "The power of the number of failures that is added to each wait, in seconds")
    let jitter = LanguageKey(
        "jitter", .duration(in: Self.milliseconds), isRequired: true,
        meaning: "The maximum of a random time that is added to each wait, multiplied by the number of failures")
}

extension KeyFormat where Value == String {
    /// A number from 0 to 100, as written.
    fileprivate static var exponent: KeyFormat {
        let range = 0...100
        return KeyFormat(
            "0 to 100",
            ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
        ) { context, node, subject in
            if case .number(let text)? = node.scalar?.value, let number = Double(text),
                (Double(range.lowerBound)...Double(range.upperBound)).contains(number)
            {
                return text
            }
            context.error(node.position, "\(subject) must be a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
    }
}

extension JobOption {
    fileprivate static func backoff(_ reader: MappingReader<BackoffKeys>) -> JobOption? {
        let (base, exponent, jitter) = (reader.read(\.base), reader.read(\.exponent), reader.read(\.jitter))
        guard let base, let exponent, let jitter else { return nil }
        return .backoff(base: base.wholeMilliseconds, exponent: exponent, jitter: jitter.wholeMilliseconds)
    }

    fileprivate static func retention(_ reader: MappingReader<RetentionKeys>) -> JobOption? {
        .retention(
            completed: reader.read(\.completed)?.wholeMilliseconds, dead: reader.read(\.dead)?.wholeMilliseconds)
    }
}

/// The keys of `retention`.
struct RetentionKeys {
    /// Zizq counts in 64 bits; a hundred years are enough.
    private static let durations: ClosedRange<Duration> = .zero ... .seconds(36_500 * 86_400)

    let completed = LanguageKey(
        "completed", .duration(in: Self.durations), absent: "Zizq's", meaning: "How long a completed job is kept")
    let dead = LanguageKey(
        "dead", .duration(in: Self.durations), absent: "Zizq's", meaning: "How long a dead job is kept")
}

/// The keys of `batch`, which `BatchTemplate.read` reads.
struct BatchKeys {
    let key = LanguageKey(
        "key", .node("a text with references", .to(.text).adding(["minLength": 1])), isRequired: true,
        meaning: "Jobs with the same key are merged")
    let when = LanguageKey(
        "when", .text("a jq expression", matching: SchemaPattern.jqExpression), isRequired: true,
        meaning: "Whether two jobs are merged: an expression over `$existing` and `$new`")
    let fold = LanguageKey(
        "fold", .text("a jq expression", matching: SchemaPattern.jqExpression), isRequired: true,
        meaning: "The payload of the merged job: an expression over `$existing` and `$new`")
}
