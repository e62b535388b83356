internal import SluiceBase
internal import SluiceCrypto
internal import SluiceRoutes
internal import SluiceYAML

/// What is shown of a secret, so that people can compare secrets without seeing them.
package struct SecretSummary: Sendable, Hashable, Codable {
    /// The key of the route: `secrets` or `handshake_secrets`.
    package var key: String
    /// `env NAME`, `file PATH` or `inline`.
    package var source: String
    /// The length of the secret as text, in bytes; `nil` if it was not read.
    package var bytes: Int?
    /// The first 8 hex digits of the SHA-256 of the secret as text; `nil` if it was not read.
    package var sha256: String?

    /// - Parameter text: the secret as read, before decoding: of a file without its final line break.
    package init(key: String, source: String, text: [UInt8]?) {
        self.key = key
        self.source = source
        bytes = text?.count
        sha256 = text.map { Self.digits($0) }
    }

    /// The first 8 hex digits of the SHA-256 of a secret.
    package static func digits(_ secret: [UInt8]) -> String {
        let digest = Hash.digest(.sha256, secret.span)
        return Hex.encode(digest.span.extracting(0..<4).array)
    }

    /// `env NAME, 32 bytes, SHA-256 1a2b3c4d`, safe to print.
    package var words: String {
        let source = PrintableText.escape(source)
        guard let bytes, let sha256 else { return "\(source), not read" }
        return "\(source), \(bytes) byte\(bytes == 1 ? "" : "s"), SHA-256 \(sha256)"
    }
}

extension SecretReader {
    /// The summaries of a list of secrets. Records no problems.
    func summaries(_ node: YAMLNode?, key: String) -> [SecretSummary] {
        let silent = silent
        return (node?.sequence ?? []).compactMap { element in
            guard let source = Self.source(element) else { return nil }
            let text = supply == .throwAway ? nil : silent.text(element)
            return SecretSummary(key: key, source: source.description, text: text)
        }
    }
}
