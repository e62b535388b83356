/// One line of `when`: what a reference must be.
struct Condition: Sendable {
    let reference: Reference
    /// Any of them.
    let expected: [ExpectedValue]
    /// Whether a form's field is meant, which has no type: it is compared as text.
    let isFormField: Bool
}

/// A scalar that a condition compares with.
struct ExpectedValue: Sendable {
    enum JSON: Sendable {
        case null
        case boolean(Bool)
        case number(JSONNumber)
        case text
    }

    /// As it stands in the file: what text, headers, parameters and form fields are compared with.
    let source: [UInt8]
    /// What JSON is compared with.
    let json: JSON
}
