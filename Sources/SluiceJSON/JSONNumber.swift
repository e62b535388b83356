internal import SluiceBase

/// A JSON number for comparison by value: exact up to 64 bits, as a double beyond, like Zizq.
package struct JSONNumber: Sendable, Hashable {
    private enum Value: Sendable, Hashable {
        /// Of 64 bits, signed or unsigned.
        case integer(Int128)
        /// With a fraction, or beyond 64 bits; finite.
        case double(Double)
    }

    private let value: Value

    /// - Parameter text: exactly a JSON number (RFC 8259 §6).
    /// - Returns: `nil` for anything else, and for a number that is infinite as a double.
    package init?(_ text: Span<UInt8>) {
        guard Self.isNumber(text) else { return nil }
        if let integer = JSONInteger.read(text) {
            value = .integer(integer)
        } else if let double = Double(text.text) {
            value = Self.canonical(double)
        } else {
            return nil
        }
    }

    package init?(_ text: String) { self.init(Array(text.utf8).span) }

    private static func isNumber(_ text: Span<UInt8>) -> Bool {
        var reader = JSONReader(text)
        do throws(JSONError) {
            guard try reader.peek() == .number else { return false }
            return try reader.skipValue() == 0..<text.count
        } catch {
            return false
        }
    }

    /// `1.0` and `1e0` are `1`.
    private static func canonical(_ double: Double) -> Value {
        if let integer = Int64(exactly: double) { return .integer(Int128(integer)) }
        if let integer = UInt64(exactly: double) { return .integer(Int128(integer)) }
        return .double(double)
    }
}

extension JSONNumber: Comparable {
    package static func < (one: JSONNumber, other: JSONNumber) -> Bool {
        switch (one.value, other.value) {
        case (.integer(let one), .integer(let other)): one < other
        case (.double(let one), .double(let other)): one < other
        case (.integer(let one), .double(let other)): isBelow(one, other)
        case (.double(let one), .integer(let other)): !isBelow(other, one)
        }
    }

    /// Exact, while a conversion of the integer would round. No double here equals an integer of 64 bits.
    private static func isBelow(_ integer: Int128, _ double: Double) -> Bool {
        guard double.magnitude < 0x1p100 else { return double > 0 }
        return integer <= Int128(double.rounded(.down))
    }
}
