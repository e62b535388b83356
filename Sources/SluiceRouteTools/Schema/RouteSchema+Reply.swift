internal import SluiceRouteFiles
internal import SluiceRoutes

/// How a success is answered.
extension RouteSchema {
    static var reply: SchemaValue {
        .mapping(
            .reply, rules: [noContentRule, contentTypeRule],
            [
                "status": .integer(in: ReplyReader.statuses).adding(["default": 200]),
                "headers": [
                    "type": "object",
                    "propertyNames": [
                        "pattern": .text(SchemaPattern.headerName),
                        "not": ["pattern": .text(SchemaPattern.anyCase(ReplyReader.reserved.sorted()))],
                    ],
                    "additionalProperties": headerText,
                ],
                "body": .to(.value),
            ])
    }

    /// Numbers, true, false and null are taken as they are written.
    private static var headerText: SchemaValue {
        let constant: SchemaValue = [
            "pattern": .text(SchemaPattern.printableASCII), "maxLength": .integer(ReplyTemplate.longestValue),
        ]
        return SchemaDefinition.text(orElse: constant).adding(["type": ["string", "number", "boolean", "null"]])
    }

    private static var noContentRule: SchemaValue {
        let statuses = ReplyReader.statuses.filter(ReplyTemplate.hasNoContent).map { SchemaValue.integer($0) }
        return .rule(
            if: ["required": ["status"], "properties": ["status": ["enum": .array(statuses)]]],
            then: .keys(["body": false]))
    }

    /// The gateway's own document has a type of its own.
    private static var contentTypeRule: SchemaValue {
        let isContentType: SchemaValue = ["pattern": .text(SchemaPattern.anyCase(["content-type"]))]
        return .rule(
            if: .not(.requiring("body")), then: .keys(["headers": ["propertyNames": .not(isContentType)]]))
    }
}
