internal import SluiceBase

/// The encoding of a signature.
package enum SignatureEncoding: String, CaseIterable, Sendable {
    case hex
    case base64
    case base64url

    /// - Returns: `nil` for another format.
    func decode(_ text: Span<UInt8>) -> [UInt8]? {
        switch self {
        case .hex: Hex.decode(text)
        case .base64: Base64.decode(text)
        case .base64url: Base64.decodeURL(text)
        }
    }

    func encode(_ signature: [UInt8]) -> String {
        switch self {
        case .hex: Hex.encode(signature)
        case .base64: Base64.encode(signature)
        case .base64url: Base64.encodeURL(signature)
        }
    }

    /// Whether the byte occurs in signatures with this encoding.
    package func uses(_ byte: UInt8) -> Bool {
        switch self {
        case .hex: Hex.value(byte) != nil
        case .base64: ASCII.isLetterOrDigit(byte) || "+/=".utf8.contains(byte)
        case .base64url: ASCII.isLetterOrDigit(byte) || "-_=".utf8.contains(byte)
        }
    }
}

/// The source of a secret.
package enum SecretSource: Sendable, Hashable, CustomStringConvertible {
    /// The environment variable with this name.
    case environment(String)
    /// The file at this path, as in the route file.
    case file(String)
    /// The route file itself.
    case inline
    /// Generated when the route was compiled, instead of reading one.
    case throwAway
    /// Generated instead of this one, which is missing.
    indirect case standIn(SecretSource)
    /// Passed for one test.
    case given
    /// Learnt from a handshake of the route.
    case learnt
    /// Generated instead of the keys of `key_from`, which only a gateway fetches.
    case fetched

    /// Whether it was generated instead of a missing one.
    package var isStandIn: Bool {
        switch self {
        case .standIn, .fetched: true
        case .environment, .file, .inline, .throwAway, .given, .learnt: false
        }
    }

    /// `env NAME`, `file PATH`, `inline`, `throw-away`, `given`, `learnt`; for a generated one, what it replaces, as in
    /// `env NAME, which is missing, so one was generated`. Never the secret.
    package var description: String {
        switch self {
        case .environment(let name): "env \(name)"
        case .file(let path): "file \(path)"
        case .inline: "inline"
        case .throwAway: "throw-away"
        case .given: "given"
        case .learnt: "learnt"
        case .fetched: "key_from, which the running gateway fetches"
        case .standIn(.learnt): "learnt by the running gateway, so one was generated here"
        case .standIn(let missing): "\(missing), which is missing, so one was generated"
        }
    }
}

/// The source of the secrets of a compilation.
package enum SecretSupply: Sendable, Hashable {
    /// The sources in the route files; a missing one is a problem.
    case configured
    /// The sources in the route files; missing ones are generated. For explanations; must not serve requests.
    case whereThere
    /// The sources in the route files; this text replaces the key of an unset variable. For development.
    case wellKnown(String)
    /// Generated: the table can sign and verify its own requests, and no variable and no file is read. For examples;
    /// must not serve requests.
    case throwAway
}
