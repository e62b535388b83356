internal import SluiceBase
internal import SluiceJSON

/// The source of a scheme's public keys: `key_from`, `key_urls` and `key_request`.
package struct KeySource: Sendable {
    /// Where the key is found.
    package enum Location: Sendable {
        case fixed(KeyURL)
        /// A URL to which the name of the key is posted.
        case asked(KeyURL, KeyRequest)
        /// A part of the request that contains one of the URLs that these patterns allow. At least one pattern.
        case named(Reference, [KeyURLPattern])
    }

    package let location: Location
    /// Whether it is a JSON Web Key Set (RFC 7517 §5) instead of a certificate in PEM.
    let isKeySet: Bool

    package init(_ location: Location, isKeySet: Bool) {
        self.location = location
        self.isKeySet = isKeySet
    }

    /// The key to fetch before a request can be verified.
    ///
    /// - Parameter keyID: of its token; `nil` without one.
    func need(of request: borrowing SignedRequest, keyID: String?) throws(VerificationError) -> RequiredKey {
        switch location {
        case .fixed(let url): return RequiredKey(url: url, isKeySet: isKeySet, isNamedByRequest: false)
        case .asked(let url, let keyRequest):
            let content = keyRequest.content(keyID: try Self.plain(keyID))
            return RequiredKey(url: url, content: content, isKeySet: isKeySet, isNamedByRequest: true)
        case .named(let reference, let allowed):
            let text = try request.requiredValue(reference, "URL of the key")
            guard let url = KeyURL(parsing: String(decoding: text, as: UTF8.self)) else {
                throw .invalid("\(reference.source.noun) is not a URL of the form https://HOST/PATH")
            }
            guard allowed.contains(where: { $0.matches(url) }) else {
                throw .invalid("\(reference.source.noun) is not one of the URLs that 'key_urls' allows")
            }
            return RequiredKey(url: url, isKeySet: isKeySet, isNamedByRequest: true)
        }
    }

    /// In bytes.
    private static let longestKeyID = 128

    /// The id of a key, checked before it is sent to a host.
    private static func plain(_ keyID: String?) throws(VerificationError) -> String {
        guard let keyID else { throw .missingKeyID }
        guard 1...longestKeyID ~= keyID.utf8.count, keyID.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw .invalid("the 'kid' in the token's header is not 1 to \(longestKeyID) printable ASCII characters")
        }
        return keyID
    }

    /// The id of the key in generated tokens, which no key set has.
    static let exampleKeyID = "sluice-send"

    /// Whether a URL is the one in generated requests, at which there is nothing.
    func isExample(_ url: KeyURL) -> Bool {
        guard case .named(_, let allowed) = location else { return false }
        return allowed.first?.example == url
    }

    /// The URL that a generated request must contain, and its place; `nil` for a fixed URL.
    var example: (reference: Reference, url: String)? {
        guard case .named(let reference, let allowed) = location, let url = allowed.first?.example else { return nil }
        return (reference, "https://\(url.host)\(url.target)")
    }
}

/// The body that is posted to the URL of a key, for a sender that shows its keys only to its customers: a JSON object
/// of texts.
package struct KeyRequest: Sendable {
    private let members: [(name: String, text: TextTemplate)]
    private let secret: [UInt8]

    /// - Parameter members: texts that contain the secret and the id of the key, each in one or several, and nothing
    ///   else of a request.
    package init(_ members: [(name: String, text: TextTemplate)], secret: [UInt8]) {
        self.members = members
        self.secret = secret
    }

    fileprivate func content(keyID: String) -> KeyRequestContent {
        let members = members.map { name, template in
            let text = template.parts.flatMap { part in
                switch part {
                case .literal(let bytes): bytes
                case .reference(let reference) where reference.source == .secret: secret
                case .reference: Array(keyID.utf8)
                }
            }
            return JSONTree.Member(key: name, value: .text(String(decoding: text, as: UTF8.self)))
        }
        return KeyRequestContent(json: Array(JSONTree.object(members).json.utf8))
    }
}

/// The body of the request for a key. Its description never contains it, as it contains a secret.
package struct KeyRequestContent: Sendable, Hashable, CustomStringConvertible {
    package let json: [UInt8]
    package var description: String { "a body of \(json.count) bytes" }
}

/// A certificate or a key set that must be fetched before a request can be verified.
package struct RequiredKey: Sendable, Hashable {
    package let url: KeyURL
    /// The body to post to the URL; `nil` to use GET.
    package var content: KeyRequestContent?
    let isKeySet: Bool
    /// Whether the sender chooses the URL, so that anyone can make the gateway fetch another one.
    package let isNamedByRequest: Bool
}

extension VerificationError {
    static var missingKeyID: VerificationError { .invalid("the token's header has no 'kid'") }
}
