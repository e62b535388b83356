/// One compiled part of `when`. A list of them is true if all of them are.
package enum Condition: Sendable {
    /// A condition on the value of a reference.
    case value(ValueCondition)
    /// One of these lists must be true.
    case any([[Condition]], SourceLocation)
    /// This list must not be true.
    case not([Condition], SourceLocation)
}

extension Condition {
    /// The references in it, at any depth. Recurses as deep as the route file is nested.
    package var references: [Reference] {
        switch self {
        case .value(let condition): [condition.reference]
        case .any(let alternatives, _): alternatives.flatMap { $0.flatMap(\.references) }
        case .not(let conditions, _): conditions.flatMap(\.references)
        }
    }
}

/// One condition on the value of a reference.
package struct ValueCondition: Sendable {
    package let reference: Reference
    package let comparison: ValueComparison
    package let test: ValueTest
    /// The reference as written in the file.
    package let written: String
    /// The location of the reference, or in a mapping of the test's key.
    package let location: SourceLocation

    package init(
        reference: Reference, comparison: ValueComparison, test: ValueTest, written: String, location: SourceLocation
    ) {
        self.reference = reference
        self.comparison = comparison
        self.test = test
        self.written = written
        self.location = location
    }
}

/// How the types of a value are compared.
package enum ValueComparison: Sendable {
    /// A value of JSON, which has a type.
    case byType
    /// A field of a form, which has no type.
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
