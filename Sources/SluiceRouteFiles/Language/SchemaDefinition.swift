package import SluiceJSON
internal import SluiceRoutes

/// A named schema that others refer to: of a value that is allowed in several places, or that is recursive.
package enum SchemaDefinition: String, CaseIterable {
    case text
    case uniqueKey = "unique_key"
    case value
    case name
    case nameOrText = "name_or_text"
    case duration
    case positiveDuration = "positive_duration"
    case time
    case payloadType = "payload_type"
    case comparedValue = "compared_value"
    case signaturePart = "signature_part"

    package var schema: JSONTree {
        switch self {
        case .text: .text(matching: ReferencePattern.text).adding(["description": .text(Self.aboutTexts)])
        case .uniqueKey: uniqueKey
        case .value: value
        case .name: .text(matching: SchemaPattern.zizqName).adding(["maxLength": 255])
        case .nameOrText: Self.text(orElse: .to(.name))
        case .duration: duration
        case .positiveDuration:
            .text(matching: SchemaPattern.positiveDuration).adding(["description": .text(Self.aboutDurations)])
        case .time: time
        case .payloadType: payloadType
        case .comparedValue: comparedValue
        case .signaturePart: .text(matching: ReferencePattern.signaturePart)
        }
    }

    private static let aboutTexts =
        "The text can contain references: ${body.id}, ${header.X-Name}, ${body.id ?? \"none\"}. A literal ${ is "
        + "written $${."

    /// A text with references is checked as such, and everything else by a separate schema.
    static func text(orElse other: JSONTree) -> JSONTree {
        .rule(if: .text(matching: ReferencePattern.isHeld), then: .to(.text), else: other)
    }

    /// Without a reference every delivery would have the same key.
    private var uniqueKey: JSONTree {
        let isHeld: JSONTree = ["pattern": .text(ReferencePattern.isHeld)]
        return .rule(
            if: ["type": "array"], then: ["items": .to(.text), "contains": isHeld],
            else: ["allOf": [.to(.text), isHeld]])
    }

    /// Any JSON, with references in its texts and none in its keys.
    private var value: JSONTree {
        .rule(
            if: ["type": "string"], then: .to(.text),
            else: [
                "items": .to(.value), "propertyNames": .not(["pattern": "\\$\\{"]), "additionalProperties": .to(.value),
            ])
    }

    private static let aboutDurations = "A number and its unit: 500ms, 30s, 5m, 2h or 7d."

    /// `0` needs no unit, and no quotes.
    private var duration: JSONTree {
        JSONTree.rule(if: ["type": "number"], then: .constant(0), else: .text(matching: SchemaPattern.duration))
            .adding(["description": .text(Self.aboutDurations + " 0 needs none.")])
    }

    private var time: JSONTree {
        [
            "type": ["string", "integer"], "pattern": .text(SchemaPattern.time),
            "minimum": .number(JobStart.earliest),
            "maximum": .number(JobStart.latest),
        ]
    }

    private var payloadType: JSONTree {
        [
            "type": ["string", "array", "object"],
            "description": .text(
                "A type: a name, with ? after it if the value may be absent or null; a list of one type; or a mapping "
                    + "of fields."),
            "if": ["type": "string"],
            "then": .words(PayloadType.named.flatMap { [$0.name, "\($0.name)?"] }),
            "minItems": 1, "maxItems": 1, "items": .to(.payloadType),
            "propertyNames": ["minLength": 1, "not": .constant("?")], "additionalProperties": .to(.payloadType),
        ]
    }

    private var comparedValue: JSONTree {
        ["type": ["string", "number", "boolean", "null"], "not": ["type": "string", "pattern": "\\$\\{"]]
    }
}
