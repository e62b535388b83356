internal import SluiceBase
package import SluiceCrypto

/// How a signature is written.
package enum SignatureEncoding: String, CaseIterable, Sendable {
    case hex
    case base64

    /// - Returns: `nil` for what is not of this form.
    func decode(_ text: Span<UInt8>) -> [UInt8]? {
        switch self {
        case .hex: Hex.decode(text)
        case .base64: Base64.decode(text)
        }
    }

    func encode(_ digest: Digest) -> String {
        switch self {
        case .hex: digest.hex
        case .base64: Base64.encode(digest.span.array)
        }
    }

    /// Whether the byte stands in signatures that are written so.
    package func uses(_ byte: UInt8) -> Bool {
        switch self {
        case .hex: Hex.value(byte) != nil
        case .base64: ASCII.isDigit(byte) || ASCII.lowercase(byte) &- 0x61 < 26 || "+/=".utf8.contains(byte)
        }
    }
}

/// How a secret is written.
package enum KeyEncoding: String, CaseIterable, Sendable {
    case utf8
    case base64
    case hex

    /// - Returns: `nil` for what is not of this form.
    func decode(_ secret: [UInt8]) -> [UInt8]? {
        switch self {
        case .utf8: secret
        // Providers show secrets with and without padding.
        case .base64: Base64.decode(secret.span, allowsMissingPadding: true)
        case .hex: Hex.decode(secret.span)
        }
    }

    /// The inverse of `decode`, for keys that are text where the form is text.
    func encode(_ key: [UInt8]) -> String {
        switch self {
        case .utf8: String(decoding: key, as: UTF8.self)
        case .base64: Base64.encode(key)
        case .hex: Hex.encode(key)
        }
    }
}

/// What `alg` says.
package enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case hmacSHA1 = "hmac-sha1"
    case hmacSHA256 = "hmac-sha256"
    case hmacSHA512 = "hmac-sha512"

    /// Those of the language that this version does not have.
    package static let later = ["ed25519", "ecdsa-p256-sha256", "rsa-sha256", "static", "basic"]

    package var hash: HashAlgorithm {
        switch self {
        case .hmacSHA1: .sha1
        case .hmacSHA256: .sha256
        case .hmacSHA512: .sha512
        }
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

    /// Whether it was made up in the place of one that is not there.
    package var isStandIn: Bool { if case .standIn = self { true } else { false } }

    /// `env NAME`, `file PATH`, `inline`, `throw-away`, `given`, `env NAME, which is not there, so that one was made
    /// up`; never the secret.
    package var description: String {
        switch self {
        case .environment(let name): "env \(name)"
        case .file(let path): "file \(path)"
        case .inline: "inline"
        case .throwAway: "throw-away"
        case .given: "given"
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
