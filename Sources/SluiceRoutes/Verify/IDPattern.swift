internal import SluiceBase

/// The pattern of signed ids: a set of ASCII characters and a length, such as `[A-Za-z0-9_-]{1,256}`.
///
/// A bounded alphabet without separators prevents an id from including the value next to it in the signed text.
package struct IDPattern: Sendable, Hashable {
    /// In bytes.
    let lengths: ClosedRange<Int>
    /// One bit for each ASCII character.
    private let low: UInt64
    private let high: UInt64

    /// The default: `[A-Za-z0-9_-]{1,256}`.
    package static let standard: IDPattern = {
        guard let pattern = IDPattern(parsing: standardText) else {
            preconditionFailure("the standard pattern is of its own form")
        }
        return pattern
    }()
    package static let standardText = "[A-Za-z0-9_-]{1,256}"

    private static let longest = 256

    /// - Returns: `nil` unless the text is one set in brackets, of printable ASCII without blanks, followed by
    ///   `{LENGTH}` or `{LEAST,MOST}`.
    package init?(parsing text: String) {
        guard text.first == "[", let close = text.lastIndex(of: "]"),
            let lengths = Self.lengths(text[text.index(after: close)...]),
            let members = Self.members(Array(text[text.index(after: text.startIndex)..<close].utf8))
        else { return nil }
        self.lengths = lengths
        low = members.low
        high = members.high
    }

    /// The end of an id in a signed text.
    package var extent: SignedExtent {
        if lengths.count == 1 { return .fixed(lengths.lowerBound) }
        return allows(UInt8(ascii: ":")) ? .open : .withoutColon
    }

    func matches(_ id: [UInt8]) -> Bool { lengths.contains(id.count) && id.allSatisfy(allows) }

    /// The id itself if it matches, or one that matches and is derived from it, for requests that are signed here.
    func adapted(_ id: String) -> String {
        let bytes = Array(id.utf8)
        if matches(bytes) { return id }
        let members = (UInt8(0x21)...0x7E).filter(allows)
        let length = min(max(bytes.count, lengths.lowerBound), lengths.upperBound)
        return String(
            decoding: (0..<length).map { position in
                let byte = position < bytes.count ? bytes[position] : UInt8(ascii: "0")
                return allows(byte) ? byte : members[Int(byte) % members.count]
            }, as: UTF8.self)
    }

    func allows(_ byte: UInt8) -> Bool {
        byte < 128 && (byte < 64 ? low >> UInt64(byte) : high >> UInt64(byte - 64)) & 1 == 1
    }

    /// `{36}` or `{1,256}`.
    private static func lengths(_ text: Substring) -> ClosedRange<Int>? {
        guard text.first == "{", text.last == "}" else { return nil }
        let bounds = text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard 1...2 ~= bounds.count, let least = bounds.first ?? nil, let most = bounds.last ?? nil, 1 <= least,
            least <= most,
            most <= longest
        else { return nil }
        return least...most
    }

    /// `A-Za-z0-9_-`: characters and ranges of them; a hyphen at either end is literal.
    private static func members(_ text: [UInt8]) -> (low: UInt64, high: UInt64)? {
        var (low, high): (UInt64, UInt64) = (0, 0)
        var index = 0
        while index < text.count {
            let first = text[index]
            let isRange = index + 2 < text.count && text[index + 1] == UInt8(ascii: "-")
            let last = isRange ? text[index + 2] : first
            guard 0x21...0x7E ~= first, first <= last, last <= 0x7E else { return nil }
            for byte in first...last {
                if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
            }
            index += isRange ? 3 : 1
        }
        return low | high == 0 ? nil : (low, high)
    }
}
