internal import SluiceBase
internal import SluiceJSON

extension [UInt8] {
    /// Appends text as the inside of a JSON string, without quotes; malformed UTF-8 is replaced.
    mutating func appendJSONStringContent(_ utf8: Span<UInt8>) {
        var literal: [UInt8] = []
        literal.reserveCapacity(utf8.count + 2)
        literal.appendJSONString(utf8)
        append(literal.span.extracting(1..<(literal.count - 1)))
    }
}
