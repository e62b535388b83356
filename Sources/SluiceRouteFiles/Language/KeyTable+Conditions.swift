internal import SluiceRoutes

/// The keys of what a reference in `when` must be.
extension KeyTable {
    package static let condition = KeyTable(
        "condition", noun: "a condition",
        keys: [
            "exists": "Whether there is a value other than null.",
            "not": "What the value must not equal: one value, or none of a list.",
            "prefix": "What the value must begin with, or one of a list.",
            "suffix": "What the value must end with, or one of a list.",
            "contains": "What the text must hold or the array have as an element, or one of a list.",
            "like": "A pattern for the whole value, in which * is any text and ? one character, or one of a list.",
            "greater": "The number that the value must be above.",
            "less": "The number that the value must be below.",
        ])

    /// What `when` may hold besides references.
    package static let conditionGroups = KeyTable(
        "conditions", noun: "'when'",
        keys: [
            "any": "Mappings of conditions, of which one must hold.",
            "not": "A mapping of conditions that must not hold together.",
        ])
}
