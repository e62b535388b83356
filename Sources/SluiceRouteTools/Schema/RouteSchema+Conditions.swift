internal import SluiceRouteFiles
internal import SluiceRoutes

/// What `when` holds.
extension RouteSchema {
    static var conditions: SchemaValue {
        .mapping(
            .conditionGroups, ["any": .filledList(of: .to(.conditionGroups)), "not": .to(.conditionGroups)]
        ).adding([
            "minProperties": 1,
            "patternProperties": .object([.init(key: ReferencePattern.bare, value: conditionOrValues)]),
        ])
    }

    /// A value must be equal, of a list one, and of a mapping everything must hold.
    private static var conditionOrValues: SchemaValue {
        .rule(if: ["type": "object"], then: .to(.condition), else: .oneOrList(of: .to(.comparedValue)))
    }

    static var condition: SchemaValue {
        let affix: SchemaValue = ["type": "string", "minLength": 1, "not": ["pattern": "\\$\\{"]]
        let glob: SchemaValue = ["type": "string", "pattern": .text(SchemaPattern.glob), "not": ["pattern": "\\$\\{"]]
        return .mapping(
            .condition,
            [
                "exists": .boolean, "not": .oneOrList(of: .to(.comparedValue)), "prefix": .oneOrList(of: affix),
                "suffix": .oneOrList(of: affix), "contains": .oneOrList(of: .to(.comparedValue)),
                "like": .oneOrList(of: glob).adding(["examples": ["refs/heads/*"]]), "greater": ["type": "number"],
                "less": ["type": "number"],
            ]
        ).adding(["minProperties": 1])
    }
}
