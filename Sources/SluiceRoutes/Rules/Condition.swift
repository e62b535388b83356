/// One part of `when`, compiled. A list of them holds when all of them do.
package enum Condition: Sendable {
    /// What a reference names must be something.
    case value(ValueCondition)
    /// One of these lists must hold.
    case any([[Condition]], SourceLocation)
    /// This list must not hold.
    case not([Condition], SourceLocation)
}

extension Condition {
    /// The references that it compares, at any depth. Recurses as deep as the route file is nested.
    package var references: [Reference] {
        switch self {
        case .value(let condition): [condition.reference]
        case .any(let alternatives, _): alternatives.flatMap { $0.flatMap(\.references) }
        case .not(let conditions, _): conditions.flatMap(\.references)
        }
    }
}

/// One thing that the value of a reference must be.
package struct ValueCondition: Sendable {
    package let reference: Reference
    package let comparison: ValueComparison
    package let test: ValueTest
    /// The reference as it stands in the file.
    package let written: String
    /// Where the reference stands, or in a mapping the key of the test.
    package let place: SourceLocation

    package init(
        reference: Reference, comparison: ValueComparison, test: ValueTest, written: String, place: SourceLocation
    ) {
        self.reference = reference
        self.comparison = comparison
        self.test = test
        self.written = written
        self.place = place
    }
}

/// What the types of a value count for.
package enum ValueComparison: Sendable {
    /// A value of JSON, which has one.
    case byType
    /// A field of a form, which has none.
    case asFormField
    /// A value of a body that may be JSON or a form.
    case asFormFieldInForms
    /// Everything outside of the body, and the event.
    case asText
}

/// A position in a route file; lines and columns count from 1, columns in characters.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`
    package var description: String { "\(file):\(line):\(column)" }
}
