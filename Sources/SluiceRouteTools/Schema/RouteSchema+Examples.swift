internal import SluiceRouteFiles
internal import SluiceRoutes

/// The examples of a route.
extension RouteSchema {
    static var example: SchemaValue {
        .mapping(
            .example, required: ["expect"], rules: bodyRules,
            [
                "name": .filledText,
                "method": .text(matching: SchemaPattern.method).adding(["default": "POST"]),
                "path": .text(matching: "^/[^?#]*$"),
                "query": .rule(
                    if: ["type": "object"], then: ["additionalProperties": ["type": ["string", "number", "boolean"]]],
                    else: .plainText),
                "headers": headers,
                "body": true,
                "body_text": .plainText,
                "body_file": .filledText.adding(["examples": ["examples/push.json"]]),
                "signed": .boolean.adding(["default": true]),
                "secret": .filledText,
                "clock": .to(.time),
                "remote_address": .text(matching: SchemaPattern.address),
                "expect": .to(.expectation),
            ])
    }

    private static let bodyRules: [SchemaValue] = [
        .rule(if: .requiring("body"), then: .keys(["body_text": false, "body_file": false])),
        .rule(if: .requiring("body_text"), then: .keys(["body_file": false])),
    ]

    private static var headers: SchemaValue {
        [
            "type": "object", "propertyNames": ["pattern": .text(SchemaPattern.headerName)],
            "additionalProperties": ["type": ["string", "number", "boolean"]],
        ]
    }

    static var expectation: SchemaValue {
        .mapping(
            .expectation,
            [
                "status": .integer(in: 200...599),
                "duplicate": .boolean,
                "jobs": .list(of: .to(.expectedJob)),
                "dead_letters": .rule(
                    if: ["type": "array"], then: ["items": .words(SchemaWords.deadLetterReasons)],
                    else: .integer(in: 0...10_000)),
                "reply": .to(.expectedReply),
                "refused": .words(SchemaWords.errorCodes),
            ]
        ).adding(["minProperties": 1])
    }

    static var expectedJob: SchemaValue {
        .mapping(
            .expectedJob,
            [
                "type": .to(.name),
                "queue": .to(.name),
                "priority": .integer(in: JobOptionsReader.priorities),
                "payload": true,
                "ready_at": .to(.time),
                "retry_limit": .integer(in: JobOptionsReader.retryLimits),
                "backoff": .to(.backoff),
                "retention": .to(.retention),
                "unique_key": .plainText,
                "unique_while": .words(SchemaWords.uniqueWhile),
                "batch": .to(.batch),
                "budgets": .list(of: true),
            ])
    }

    static var expectedReply: SchemaValue { .mapping(.expectedReply, ["headers": headers, "body": true]) }
}
