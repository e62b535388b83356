/// What a JSON value is, as its first byte tells.
package enum JSONKind: Sendable, Hashable {
    case object
    case array
    case string
    case number
    case `true`
    case `false`
    case null

    /// With an article, to stand in a sentence.
    package var name: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .true: "true"
        case .false: "false"
        case .null: "null"
        }
    }
}
