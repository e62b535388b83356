/// A JSON number for comparison by value: exact as far as 64 bits reach, as a double beyond, as Zizq keeps them.
struct JSONNumber: Sendable, Equatable {
    private enum Value: Sendable, Equatable {
        case signed(Int64)
        case unsigned(UInt64)
        case double(Double)
    }

    private let value: Value

    /// - Parameter text: a JSON number.
    init?(_ text: String) {
        if let integer = Int64(text) {
            value = .signed(integer)
        } else if let integer = UInt64(text) {
            value = .unsigned(integer)
        } else if let double = Double(text) {
            value = Self.canonical(double)
        } else {
            return nil
        }
    }

    /// `1.0` and `1e0` are `1`.
    private static func canonical(_ double: Double) -> Value {
        if let integer = Int64(exactly: double) { return .signed(integer) }
        if let integer = UInt64(exactly: double) { return .unsigned(integer) }
        return .double(double)
    }
}
