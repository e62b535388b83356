internal import SluiceBase
internal import SluiceJSON
internal import SluiceYAML

/// What `verify` says, or a provider's preset: everything about a signature but the secrets.
struct SignatureScheme {
    var header: HeaderName
    var prefix = ""
    var encoding = SignatureEncoding.hex
    var keyEncoding = KeyEncoding.utf8

    /// The algorithms of the language that this version has.
    private enum Algorithm: String, CaseIterable {
        case hmacSHA256 = "hmac-sha256"
    }

    private static let laterAlgorithms = [
        "hmac-sha1", "hmac-sha512", "ed25519", "ecdsa-p256-sha256", "rsa-sha256", "static", "basic",
    ]

    /// Reads the mapping `verify`.
    ///
    /// - Parameter preset: what holds where the mapping says nothing.
    /// - Returns: `nil` after a problem has been noted.
    static func read(_ node: YAMLNode, over preset: SignatureScheme?, in context: FileContext) -> SignatureScheme? {
        guard let reader = MappingReader(node, .verify, in: context) else { return nil }
        if reader.has("alg") {
            let algorithm: Algorithm? = reader.word("alg", later: laterAlgorithms)
            if algorithm == nil { return nil }
        } else if preset == nil {
            context.error(node.position, "'verify' needs 'alg', such as hmac-sha256")
        }
        let header = reader.value("signature_from", header) ?? preset?.header
        if header == nil, !reader.has("signature_from") {
            context.error(node.position, "'verify' needs 'signature_from', such as ${header.X-Signature}")
        }
        let encoding: SignatureEncoding? = reader.word("signature_encoding")
        let keyEncoding: KeyEncoding? = reader.word("key_encoding")
        let prefix = reader.text("signature_prefix")
        guard let header else { return nil }
        return SignatureScheme(
            header: header, prefix: prefix ?? preset?.prefix ?? "", encoding: encoding ?? preset?.encoding ?? .hex,
            keyEncoding: keyEncoding ?? preset?.keyEncoding ?? .utf8)
    }

    private static func header(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> HeaderName? {
        guard let text = context.text(node, subject) else { return nil }
        do {
            let parts = try TemplateParser.parse(text)
            if case .reference(let reference)? = parts.first, parts.count == 1, reference.fallback == nil {
                if case .header(let name) = reference.source { return name }
                if case .body = reference.source {
                    context.error(node.position, "a signature in the body is not supported yet")
                    return nil
                }
            }
            context.error(node.position, "\(subject) must be one reference to a header, such as ${header.X-Signature}")
        } catch {
            context.error(node.position, error.message)
        }
        return nil
    }
}

/// How a secret is written.
enum KeyEncoding: String, CaseIterable, Sendable {
    case utf8
    case base64
    case hex

    /// - Returns: `nil` for what is not of this form.
    func decode(_ secret: [UInt8]) -> [UInt8]? {
        switch self {
        case .utf8: secret
        case .base64: Base64.decode(secret.span)
        case .hex: Hex.decode(secret.span)
        }
    }
}
