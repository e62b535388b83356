internal import SluiceJSON

/// The declared type of a kind's payloads, or of a value in them.
package struct PayloadType: Sendable {
    /// Which JSON values belong to the type.
    package indirect enum Shape: Sendable {
        case string
        /// Without fraction and exponent, and within 64 bits, signed or unsigned. Zizq converts all other numbers to
        /// doubles.
        case integer
        case number
        case boolean
        case object
        case array
        /// Includes null.
        case any
        /// An array with elements of one type.
        case list(PayloadType)
        /// An object with these fields; other fields are ignored.
        case fields(PayloadFields)
    }

    package let shape: Shape
    /// A `?` after the type, or after the name of its field: the value may be null, and a field may be absent.
    package var isOptional: Bool

    package init(shape: Shape, isOptional: Bool) {
        self.shape = shape
        self.isOptional = isOptional
    }

    /// Whether null is a value of the type.
    package var takesNull: Bool {
        if case .any = shape { return true }
        return isOptional
    }
}

/// The named fields of an object type.
///
/// A class, because a check passes it for each object.
package final class PayloadFields: Sendable {
    /// In the order of the file.
    package let all: [PayloadField]
    /// By name.
    let names: JSONKeyTable

    package init(_ fields: [PayloadField]) {
        all = fields
        names = JSONKeyTable(fields.map(\.name))
    }

    /// The field of this name.
    package subscript(name: String) -> PayloadField? { names.position(of: name.utf8Span.span).map { all[$0] } }
}

/// A field of an object.
package struct PayloadField: Sendable {
    /// Without a final `?`.
    package let name: String
    package let type: PayloadType

    package init(name: String, type: PayloadType) {
        self.name = name
        self.type = type
    }
}

extension PayloadType {
    /// The types with a name.
    package static let named: [(name: String, shape: Shape)] = [
        ("string", .string), ("integer", .integer), ("number", .number), ("boolean", .boolean), ("object", .object),
        ("array", .array),
        ("any", .any),
    ]

    /// The name in JSON and JSON Schema; `nil` for any JSON.
    package var jsonType: String? {
        switch shape {
        case .string: "string"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        case .object, .fields: "object"
        case .array, .list: "array"
        case .any: nil
        }
    }

    /// With an article, for a sentence about JSON.
    package var noun: String {
        guard let jsonType else { return "any JSON" }
        return (["integer", "object", "array"].contains(jsonType) ? "an " : "a ") + jsonType
    }
}
