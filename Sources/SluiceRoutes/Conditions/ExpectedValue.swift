/// A scalar that a condition compares with.
struct ExpectedValue: Sendable, Hashable {
    enum JSON: Sendable, Hashable {
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
