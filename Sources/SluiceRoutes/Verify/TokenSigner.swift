internal import SluiceBase
internal import SluiceCrypto

/// Makes the authentication codes of opaque tokens: the `hmac` of a handshake.
package struct TokenSigner: Sendable {
    let key: HMACKey
    /// The additional format of tokens; `nil` for any.
    let pattern: IDPattern?
    /// Whether the key is a secret that also verifies signatures of its route.
    let hasRouteKey: Bool

    private static let probe = Array("sluice".utf8)

    /// - Returns: `nil` for a value that is not a token.
    func code(of value: [UInt8]) -> Digest? {
        guard OpaqueToken.isValid(value.span), pattern?.matches(value) ?? true else { return nil }
        return key.authenticate(value.span)
    }

    /// Whether its codes are valid signatures for a secret: whether both are the same key of the same algorithm.
    ///
    /// - Parameter isOwn: whether both belong to one route, whose secret may have been generated for each of them.
    func signs(for secret: VerifierSecret, isOwn: Bool) -> Bool {
        guard case .hmac(let other) = secret.key, other.algorithm == key.algorithm else { return false }
        if isOwn, hasRouteKey, secret.source.isStandIn || secret.source == .throwAway { return true }
        return constantTimeEquals(
            key.authenticate(Self.probe.span).span, other.authenticate(Self.probe.span).span)
    }

    /// Whether it signs a text for anyone who sends it as a token. Also `true` for an empty one, to be safe.
    func signs(_ text: SignedText, body: Span<UInt8>) -> Bool {
        guard text.count(body: body) <= OpaqueToken.longest else { return false }
        let bytes = text.bytes(body: body, key: [])
        return OpaqueToken.isTokenText(bytes.span) && (bytes.isEmpty || pattern?.matches(bytes) ?? true)
    }
}

/// A text of 1 to 128 letters, digits and `+/=_-`, such as a challenge.
package enum OpaqueToken {
    package static let words = "1 to 128 letters, digits and characters of +/=_-"
    static let longest = 128

    static func isValid(_ text: Span<UInt8>) -> Bool { !text.isEmpty && text.count <= longest && isTokenText(text) }

    /// Whether the text consists of characters of a token only; also an empty one does.
    static func isTokenText(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            guard ASCII.isWordByte(text[index]) || "+/=".utf8.contains(text[index]) else { return false }
        }
        return true
    }
}
