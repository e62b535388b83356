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

    /// Whether the key is `name`, byte for byte, escapes resolved. Inlinable: most comparisons of a `switch` end with the length.
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
