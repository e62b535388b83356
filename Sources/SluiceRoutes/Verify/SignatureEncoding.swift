internal import SluiceBase

/// How a signature is written.
package enum SignatureEncoding: String, CaseIterable, Sendable {
    case hex
    case base64
    case base64url

    /// - Returns: `nil` for what is not of this form.
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

    /// Whether the byte stands in signatures that are written so.
    package func uses(_ byte: UInt8) -> Bool {
        switch self {
        case .hex: Hex.value(byte) != nil
        case .base64: Self.isLetterOrDigit(byte) || "+/=".utf8.contains(byte)
        case .base64url: Self.isLetterOrDigit(byte) || "-_=".utf8.contains(byte)
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || ASCII.lowercase(byte) &- 0x61 < 26
    }
}

/// Where a secret came from.
package enum SecretSource: Sendable, Hashable, CustomStringConvertible {
    /// The environment variable of this name.
    case environment(String)
    /// The file at this path, as the route file writes it.
    case file(String)
    /// The route file itself.
    case inline
    /// Made up when the route was compiled, in the place of one that was not looked for.
    case throwAway
    /// Made up in the place of this one, which was looked for and is not there.
    indirect case standIn(SecretSource)
    /// Handed over for one trial.
    case given
    /// Learnt from a handshake of the route.
    case learnt
    /// Made up in the place of the keys that `key_from` names, which only a gateway fetches.
    case fetched

    /// Whether it was made up in the place of one that is not there.
    package var isStandIn: Bool {
        switch self {
        case .standIn, .fetched: true
        case .environment, .file, .inline, .throwAway, .given, .learnt: false
        }
    }

    /// `env NAME`, `file PATH`, `inline`, `throw-away`, `given`, `env NAME, which is not there, so that one was made
    /// up`; never the secret.
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

/// Where a compilation takes the secrets of its routes from.
package enum SecretSupply: Sendable, Hashable {
    /// From where the route files say; what is not there is a problem.
    case configured
    /// From where the route files say; what is not there comes from a generator. For explanations; never to be served
    /// from.
    case whereThere
    /// From where the route files say; the key of a variable that is not there is this text. For trying out.
    case wellKnown(String)
    /// From a generator: the table can sign and verify requests of its own, and no variable and no file is looked at.
    /// For examples; never to be served from.
    case throwAway
}
