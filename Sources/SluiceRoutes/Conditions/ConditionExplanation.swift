/// What one part of `when` asked of a delivery, and what it found.
package struct ConditionExplanation: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        /// A reference as it was written; what it must be, such as `is one of "opened", "reopened"`; and what it was:
        /// `"closed"`, `absent`.
        case value(reference: String, expected: String, found: String)
        /// Of these one must hold.
        case any([[ConditionExplanation]])
        /// These must not all hold.
        case not([ConditionExplanation])
    }

    /// Where it stands, file, line and column: `routes/github.yaml:14:17`.
    package let place: String
    package let content: Content
    package let holds: Bool
}
