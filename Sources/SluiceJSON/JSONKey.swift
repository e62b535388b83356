internal import SluiceBase

/// A key of an object as it was read: compares with literals, also in a `switch`, without becoming a `String`.
@usableFromInline
package struct JSONKey: ~Escapable {
    private let bytes: Span<UInt8>
    private let token: JSONStringToken
    /// How many bytes the key has; -1 where that takes resolving escapes.
    @usableFromInline let plainLength: Int

    @_lifetime(copy bytes)
    init(_ token: JSONStringToken, in bytes: Span<UInt8>) {
        self.bytes = bytes
        self.token = token
        plainLength = token.hasEscapes ? -1 : token.content.count
    }

    /// The key, escapes resolved.
    package var text: String { JSONText.text(of: token, in: bytes) }

    /// Where the key stands in a table, escapes resolved; `nil` if it is none of its keys.
    package func position(in table: JSONKeyTable) -> Int? {
        let content = bytes.extracting(token.content)
        return token.hasEscapes ? table.position(of: JSONText.unescape(content).span) : table.position(of: content)
    }

    /// Whether the key is `name`, byte for byte, escapes resolved. Inlinable: most comparisons of a `switch` end with
    /// the length.
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

/// Lets a key be the subject of a `switch` over literals.
@inlinable
package func ~= (name: StaticString, key: borrowing JSONKey) -> Bool { key.equals(name) }

/// The keys of an object that somebody knows: one that was read is found among them in a time that hardly grows with
/// their number.
package struct JSONKeyTable: Sendable {
    private struct Entry {
        /// Where the key's UTF-8 lies.
        let bytes: Range<Int>
        let position: Int
    }

    private let text: [UInt8]
    /// By length, then by bytes.
    private let entries: [Entry]

    /// - Parameter keys: no two are equal byte for byte.
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

    /// Where the key stands among those that the table was made of; `nil` if it is none of them.
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

    /// Below, at or above zero as `one` comes before `other`, is equal, or comes behind.
    private static func order(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Int {
        guard one.count == other.count else { return one.count &- other.count }
        for index in 0..<one.count where one[index] != other[index] { return Int(one[index]) &- Int(other[index]) }
        return 0
    }
}
