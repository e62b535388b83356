/// What every language asks of a type.
extension PayloadType {
    /// The fields of the object that it is, or that the elements of its lists are: what needs a type of its own.
    var innerFields: PayloadFields? {
        switch shape {
        case .fields(let fields): fields
        case .list(let element): element.innerFields
        case .string, .integer, .number, .boolean, .object, .array, .any: nil
        }
    }

    /// What a type for the inner fields is named after, where this is the type of a field of this name.
    func innerName(_ field: String) -> String {
        if case .list = shape { "\(field) element" } else { field }
    }

    /// The same where null is no value.
    var required: PayloadType { PayloadType(shape: shape, isOptional: false) }

    /// Whether JSON of any form can be in it.
    var holdsAnyJSON: Bool {
        switch shape {
        case .object, .array, .any: true
        case .list(let element): element.holdsAnyJSON
        case .fields(let fields): fields.all.contains { $0.type.holdsAnyJSON }
        case .string, .integer, .number, .boolean: false
        }
    }

    /// Whether an object of any fields can be in it.
    var holdsAnyObject: Bool {
        switch shape {
        case .object: true
        case .list(let element): element.holdsAnyObject
        case .fields(let fields): fields.all.contains { $0.type.holdsAnyObject }
        case .string, .integer, .number, .boolean, .array, .any: false
        }
    }
}

/// A field with what it is called in a source file.
struct NamedField {
    let field: PayloadField
    /// No other field of the object has it.
    let identifier: String
    /// Of the type for its inner fields; without meaning where it has none.
    let innerType: String

    var type: PayloadType { field.type }

    /// - Parameters:
    ///   - identifier: what a field's name becomes, as far as that depends on the name alone.
    ///   - innerType: names the type for the inner fields of a field, given its name and the identifiers of all.
    static func all(
        _ fields: PayloadFields, identifier: (String) -> String, innerType: (_ name: String, _ identifiers: Set<String>) -> String
    ) -> [NamedField] {
        var identifiers: Set<String> = []
        let named = fields.all.map { field in
            let identifier = TypeName.unique(identifier(field.name), besides: identifiers, separator: "_")
            identifiers.insert(identifier)
            return (field, identifier)
        }
        return named.map { field, identifier in
            let hasInner = field.type.innerFields != nil
            let innerType = hasInner ? innerType(field.type.innerName(field.name), identifiers) : ""
            return NamedField(field: field, identifier: identifier, innerType: innerType)
        }
    }
}
