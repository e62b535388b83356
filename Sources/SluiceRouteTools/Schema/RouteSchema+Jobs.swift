internal import SluiceRouteFiles
internal import SluiceRoutes

/// Kinds, job rules and the options of jobs.
extension RouteSchema {
    static var kind: SchemaValue {
        .mapping(
            .kind,
            [
                "queue": .to(.name).adding(["default": "default"]),
                "priority": .integer(in: JobOptionsReader.priorities),
                "retry_limit": retryLimit,
                "backoff": .to(.backoff).adding(backoffExample),
                "retention": .to(.retention),
                "unique_while": uniqueWhile,
                "batch": .to(.batch).adding(["properties": ["key": .not(["pattern": "\\$\\{"])]]),
                "budgets": budgets,
                "payload": .to(.payloadType),
            ])
    }

    static var rule: SchemaValue {
        .mapping(
            .rule, rules: [actionRule, startRule, batchRule],
            [
                "when": .to(.conditionGroups),
                "kind": .to(.name),
                "type": .to(.nameOrText),
                "payload": .to(.value).adding(["examples": ["${body}", "${item}"]]),
                "queue": .to(.nameOrText).adding(["default": "default"]),
                "priority": priority,
                "delay": SchemaDefinition.text(orElse: .to(.duration)).adding(["examples": ["15m"]]),
                "ready_at": SchemaDefinition.text(orElse: .to(.time)).adding(["examples": ["2026-11-25T08:00:00Z"]]),
                "retry_limit": retryLimit,
                "backoff": .to(.backoff).adding(backoffExample),
                "retention": .to(.retention),
                "unique_key": .to(.uniqueKey),
                "unique_while": uniqueWhile,
                "batch": .to(.batch),
                "budgets": budgets,
                "ignore": .boolean,
            ])
    }

    /// A job has a kind or a type; a rule that ignores what matches makes none.
    private static var actionRule: SchemaValue {
        .rule(
            if: ["required": ["ignore"], "properties": ["ignore": .constant(true)]],
            then: ["propertyNames": .words(["when", "ignore"])],
            else: ["oneOf": [.requiring("kind"), .requiring("type")]])
    }

    private static let startRule = SchemaValue.rule(if: .requiring("delay"), then: .keys(["ready_at": false]))

    private static let batchRule = SchemaValue.rule(
        if: .requiring("batch"), then: .keys(["unique_key": false, "unique_while": false]))

    private static var priority: SchemaValue {
        SchemaDefinition.text(orElse: .integer(in: JobOptionsReader.priorities)).adding([
            "examples": [100, "${body.urgency ?? 500}"]
        ])
    }

    private static let retryLimit = SchemaValue.integer(in: JobOptionsReader.retryLimits)
    private static let uniqueWhile = SchemaValue.words(SchemaWords.uniqueWhile).adding(["default": "exists"])
    private static let backoffExample: KeyValuePairs<String, SchemaValue> = [
        "examples": [["base": "1s", "exponent": 2, "jitter": "500ms"]]
    ]

    static var backoff: SchemaValue {
        .mapping(
            .backoff, required: KeyTable.backoff.keys,
            [
                "base": .to(.duration),
                "exponent": [
                    "type": "number", "minimum": .integer(JobOptionsReader.exponents.lowerBound),
                    "maximum": .integer(JobOptionsReader.exponents.upperBound),
                ],
                "jitter": .to(.duration),
            ])
    }

    static var retention: SchemaValue { .mapping(.retention, ["completed": .to(.duration), "dead": .to(.duration)]) }

    static var batch: SchemaValue {
        .mapping(
            .batch, required: KeyTable.batch.keys,
            [
                "key": .to(.text).adding(["minLength": 1]), "when": .text(matching: SchemaPattern.jqExpression),
                "fold": .text(matching: SchemaPattern.jqExpression),
            ])
    }

    private static var budgets: SchemaValue {
        .list(of: .rule(if: ["type": "string"], then: budgetName, else: .to(.budget)))
    }

    private static let budgetName: SchemaValue = ["type": "string", "minLength": 1, "not": ["pattern": "\\$\\{"]]

    static var budget: SchemaValue {
        .mapping(
            .budget, required: ["key"],
            ["key": budgetName, "cost": .integer(in: BudgetReader.counts), "create_with": .to(.budgetPolicy)])
    }

    static var budgetPolicy: SchemaValue {
        let isTimeBased: SchemaValue = ["required": ["strategy"], "properties": ["strategy": .constant("time_based")]]
        let isWhileInFlight: SchemaValue = [
            "required": ["strategy"], "properties": ["strategy": .constant("while_in_flight")],
        ]
        return .mapping(
            .budgetPolicy, required: ["allocation", "strategy"],
            rules: [
                .rule(if: isTimeBased, then: .requiring("duration")),
                .rule(if: isWhileInFlight, then: .keys(["duration": false, "burst": false])),
            ],
            [
                "allocation": .integer(in: BudgetReader.counts), "strategy": .words(SchemaWords.budgetStrategy),
                "duration": .to(.positiveDuration), "burst": .integer(in: BudgetReader.counts),
            ])
    }
}
