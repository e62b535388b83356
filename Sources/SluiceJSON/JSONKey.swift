internal import SluiceBase

/// A key of an object as it was read: compares with literals, also in a `switch`, without becoming a `String`.
package struct JSONKey: ~Escapable {
    private let bytes: Span<UInt8>
    private let token: JSONStringToken

    @_lifetime(copy bytes)
    init(_ token: JSONStringToken, in bytes: Span<UInt8>) {
        self.bytes = bytes
        self.token = token
    }

    /// The key, escapes resolved.
    package var text: String { JSONText.text(of: token, in: bytes) }

    /// Whether the key is `name`, byte for byte, escapes resolved.
    package func equals(_ name: StaticString) -> Bool {
        if token.hasEscapes { return JSONText.unescape(bytes.extracting(token.content)).span.equals(name) }
        // The length first: most comparisons of a `switch` end here.
        return token.content.count == name.utf8CodeUnitCount && bytes.extracting(token.content).equals(name)
    }
}

/// Lets a key be the subject of a `switch` over literals.
package func ~= (name: StaticString, key: borrowing JSONKey) -> Bool { key.equals(name) }
