/// One part of `when`, compiled. A list of them holds when all of them do.
enum Condition: Sendable {
    /// What a reference names must be something.
    case value(ValueCondition)
    /// One of these lists must hold.
    case any([[Condition]], Place)
    /// This list must not hold.
    case not([Condition], Place)
}

/// One thing that the value of a reference must be.
struct ValueCondition: Sendable {
    let reference: Reference
    let comparison: ValueComparison
    let test: ValueTest
    /// The reference as it stands in the file.
    let written: String
    /// Where the reference stands, or in a mapping the key of the test.
    let place: Place
}

/// What the types of a value count for.
enum ValueComparison: Sendable {
    /// A value of JSON, which has one.
    case byType
    /// A field of a form, which has none.
    case asFormField
    /// A value of a body that may be JSON or a form.
    case asFormFieldInForms
    /// Everything outside of the body, and the event.
    case asText
}
