internal import SluiceRoutes

/// The keys of what a reference in `when` must be.
extension KeyTable {
    package static let condition = KeyTable(
        "condition", noun: "a condition",
        keys: [
            "exists": "Whether there is a value other than null.",
            "not": "The value or values that it must not equal.",
            "prefix": "Text that the value must begin with, or a list of them.",
            "suffix": "Text that the value must end with, or a list of them.",
            "contains": "Value that the text or array must contain, or a list of them.",
            "like": "Pattern for the whole value, with * for any text and ? for one character, or a list of them.",
            "greater": "The number that the value must be greater than.",
            "less": "The number that the value must be less than.",
        ])

    /// What `when` may hold besides references.
    package static let conditionGroups = KeyTable(
        "conditions", noun: "'when'",
        keys: [
            "any": "Mappings of conditions, of which one must hold.",
            "not": "A mapping of conditions that must not all hold.",
        ])
}
