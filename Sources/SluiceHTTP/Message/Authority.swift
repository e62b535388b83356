internal import SluiceBase

/// Checks the `host[:port]` of a Host header or of an absolute request target (RFC 9110 §7.2, RFC 3986 §3.2).
enum Authority {
    /// Whether `range` contains a non-empty host, no user information, and at most a port of up to five digits.
    static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let hostEnd = endOfHost(bytes, range)
        guard hostEnd > range.lowerBound else { return false }
        guard hostEnd < range.upperBound else { return true }
        let digits = (hostEnd + 1)..<range.upperBound
        guard bytes[hostEnd] == UInt8(ascii: ":"), digits.count <= 5 else { return false }
        return digits.allSatisfy { ASCII.isDigit(bytes[$0]) }
    }

    private static func endOfHost(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        guard let first = range.first else { return range.lowerBound }
        return bytes[first] == UInt8(ascii: "[") ? endOfAddress(bytes, range) : endOfRegisteredName(bytes, range)
    }

    /// The end of an IPv6 address in brackets, or the start if it is malformed. The groups are not counted: the name is
    /// not used to connect.
    private static func endOfAddress(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound + 1
        while index < range.upperBound, bytes[index] != UInt8(ascii: "]") {
            let byte = bytes[index]
            guard Grammar.hexDigit(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") else {
                return range.lowerBound
            }
            index += 1
        }
        guard index < range.upperBound, index - range.lowerBound >= 3 else { return range.lowerBound }
        return index + 1
    }

    private static func endOfRegisteredName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound,
            Grammar.isRegisteredName(bytes[index]) || isEscape(bytes, at: index, end: range.upperBound)
        {
            index += bytes[index] == UInt8(ascii: "%") ? 3 : 1
        }
        return index
    }

    private static func isEscape(_ bytes: Span<UInt8>, at index: Int, end: Int) -> Bool {
        guard bytes[index] == UInt8(ascii: "%"), index + 2 < end else { return false }
        return Grammar.hexDigit(bytes[index + 1]) != nil && Grammar.hexDigit(bytes[index + 2]) != nil
    }
}
