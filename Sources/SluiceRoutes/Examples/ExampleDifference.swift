internal import SluiceYAML

/// One thing that came out otherwise than an example says.
package struct ExampleDifference: Sendable, Hashable {
    /// What: `status`, `jobs[0].payload.repository`.
    package let what: String
    /// Where it is expected.
    let place: Place
    /// JSON, or words in brackets.
    package let expected: String
    package let found: String

    static let nothing = "(nothing)"

    package var line: Int { place.position.line }
    package var column: Int { place.position.column }
}
