internal import SluiceBase

/// A key of an object as read. Can be compared with literals, also in a `switch`, without creating a `String`.
@usableFromInline
package struct JSONKey: ~Escapable {
    private let bytes: Span<UInt8>
    private let token: JSONStringToken
    /// The length of the key in bytes; -1 if it has escapes.
    @usableFromInline let plainLength: Int

    @_lifetime(copy bytes)
    init(_ token: JSONStringToken, in bytes: Span<UInt8>) {
        self.bytes = bytes
        self.token = token
        plainLength = token.hasEscapes ? -1 : token.content.count
    }

    /// The key, with escapes resolved.
    package var text: String { JSONText.text(of: token, in: bytes) }

    /// The position of the key in a table; `nil` if it is not in it.
    package func position(in table: JSONKeyTable) -> Int? {
        let content = bytes.extracting(token.content)
        return token.hasEscapes ? table.position(of: JSONText.unescape(content).span) : table.position(of: content)
    }

    /// Whether the key is `name`, byte for byte, with escapes resolved. Inlinable: most comparisons of a `switch` end
    /// with the length.
    @inlinable
    package func equals(_ name: StaticString) -> Bool {
        (plainLength == name.utf8CodeUnitCount || plainLength < 0) && hasBytes(of: name)
    }

    @usableFromInline
    func hasBytes(of name: StaticString) -> Bool {
        let content = bytes.extracting(token.content)
        return token.hasEscapes ? JSONText.unescape(content).span.equals(name) : content.equals(name)
    }
}

/// Allows a `switch` over literals.
@inlinable
package func ~= (name: StaticString, key: borrowing JSONKey) -> Bool { key.equals(name) }

/// A set of known keys. The time to find a key hardly depends on their number.
package struct JSONKeyTable: Sendable {
    private struct Entry {
        /// The range of the key's UTF-8.
        let bytes: Range<Int>
        let position: Int
    }

    private let text: [UInt8]
    /// By length, then by bytes.
    private let entries: [Entry]

    /// - Parameter keys: different from each other, byte for byte.
    package init(_ keys: [String]) {
        var text: [UInt8] = []
        var entries: [Entry] = []
        for (position, key) in keys.enumerated() {
            let start = text.count
            text += key.utf8
            entries.append(Entry(bytes: start..<text.count, position: position))
        }
        self.entries = entries.sorted { Self.order(text.span.extracting($0.bytes), text.span.extracting($1.bytes)) < 0 }
        self.text = text
    }

    /// The position of the key in the list that the table was made from; `nil` if it is not in it.
    package func position(of key: Span<UInt8>) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low &+ high) / 2
            let order = Self.order(key, text.span.extracting(entries[middle].bytes))
            if order == 0 { return entries[middle].position }
            if order < 0 { high = middle } else { low = middle &+ 1 }
        }
        return nil
    }

    /// Negative, zero or positive if `one` comes before `other`, is equal, or comes after.
    private static func order(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Int {
        guard one.count == other.count else { return one.count &- other.count }
        for index in 0..<one.count where one[index] != other[index] { return Int(one[index]) &- Int(other[index]) }
        return 0
    }
}
