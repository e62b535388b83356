/// Writes `Encodable` values as JSON, straight into bytes: nothing is built in between. What Swift's synthesized conformances do is all
/// that is fast; what hand-written ones may do besides (containers used in turns, super encoders) works too.
///
/// Differs from Foundation's encoder in what it makes of a few types: a `Date` becomes an RFC 3339 text in UTC with milliseconds, `Data`
/// base64, a `URL` its text, a `Decimal` a number. Keys stand in the order in which they are encoded.
package enum JSONValueEncoder {
    /// Appends a value as JSON text.
    ///
    /// - Parameters:
    ///   - bytes: where it goes; on an error they hold what they held before.
    ///   - maximumDepth: how many arrays and objects may lie inside one another in the value.
    /// - Throws: `EncodingError.invalidValue` for a number that JSON has not (infinite, NaN), for a value that is too deep, and whatever
    ///   the value's own `encode(to:)` throws.
    package static func append(
        _ value: some Encodable, to bytes: inout [UInt8], maximumDepth: Int = JSONLimits.messageDepth
    ) throws {
        let start = bytes.count
        let encoding = JSONEncoding(maximumDepth: maximumDepth)
        // The bytes are moved, not copied, there and back.
        swap(&encoding.output.bytes, &bytes)
        defer { swap(&encoding.output.bytes, &bytes) }
        do {
            try encoding.encode(value)
            try encoding.finish()
        } catch {
            encoding.output.bytes.removeSubrange(start...)
            throw error
        }
    }

    /// A value as JSON text.
    package static func encode(_ value: some Encodable, maximumDepth: Int = JSONLimits.messageDepth) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try append(value, to: &bytes, maximumDepth: maximumDepth)
        return bytes
    }
}
