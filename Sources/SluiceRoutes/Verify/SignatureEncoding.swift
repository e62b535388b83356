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
