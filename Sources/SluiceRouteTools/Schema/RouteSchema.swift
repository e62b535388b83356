internal import SluiceRouteFiles
internal import SluiceRoutes

/// The JSON Schema of a route file, for editors and for checks without Sluice.
///
/// It is the language as `RouteTable.compile` reads it, as far as a schema can say it: not which kinds there are,
/// whether a name or a path is taken, or what a reference means in its place.
package enum RouteSchema {
    /// JSON text in the dialect 2020-12, the same each time, without a line feed at its end.
    package static var document: String { schema.prettyText }

    private static var schema: SchemaValue {
        let header: SchemaValue = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "urn:sluice:route-file",
            "title": "Sluice route file",
            "description":
                "Which webhooks the gateway accepts, how it verifies them, and which jobs they become.",
        ]
        return SchemaValue.object(header.constraints + file.constraints).adding(["$defs": definitions])
    }

    private static var file: SchemaValue {
        .mapping(
            .file,
            [
                "kinds": ["type": "object", "propertyNames": .to(.name), "additionalProperties": kindOrNothing],
                "routes": .list(of: .to(.route)),
            ])
    }

    /// A kind can be a name alone.
    private static var kindOrNothing: SchemaValue { .rule(if: .not(["type": "null"]), then: .to(.kind)) }

    private static var definitions: SchemaValue {
        let mappings: [(KeyTable, SchemaValue)] = [
            (.kind, kind), (.route, route), (.rule, rule), (.conditionGroups, conditions), (.condition, condition),
            (.verify, verify),
            (.secret, secret), (.rate, rate), (.reply, reply), (.backoff, backoff), (.retention, retention),
            (.batch, batch),
            (.budget, budget), (.budgetPolicy, budgetPolicy), (.example, example), (.expectation, expectation),
            (.expectedJob, expectedJob), (.expectedReply, expectedReply),
        ]
        let values = SchemaDefinition.allCases.map { SchemaValue.Member(key: $0.rawValue, value: $0.schema) }
        return .object(mappings.map { SchemaValue.Member(key: $0.0.name, value: $0.1) } + values)
    }
}
