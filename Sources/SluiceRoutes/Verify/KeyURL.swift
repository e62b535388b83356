internal import SluiceBase

/// The URL of a certificate or a key set: https, the name of a host, the usual port, and a path.
package struct KeyURL: Sendable, Hashable {
    /// In lower case.
    package let host: String
    /// Path and query.
    package let target: String

    private static let longest = 1024

    /// - Returns: `nil` for anything but `https://HOST/PATH` in printable ASCII, without a user, another port than 443,
    ///   or a fragment, and with a name as the host.
    package init?(parsing text: String) {
        guard let parts = URLParts(text), parts.labels.allSatisfy(URLParts.isLabel),
            parts.labels.last?.utf8.contains(where: { !ASCII.isDigit($0) }) == true
        else { return nil }
        host = parts.labels.joined(separator: ".")
        target = parts.target
    }

    /// Whether nothing in the path can mean something else to the server: there is no query, no percent-encoding, no
    /// `..` and no empty segment.
    var isPlain: Bool {
        target.utf8.allSatisfy { URLParts.isLetterOrDigit($0) || "-._~/".utf8.contains($0) }
            && !target.contains("..") && !target.contains("//")
    }

    /// A URL taken apart; its host may be a pattern.
    fileprivate struct URLParts {
        let labels: [String]
        let target: String

        init?(_ text: String) {
            guard text.utf8.count <= KeyURL.longest, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }),
                text.utf8.starts(with: "https://".utf8), !text.contains("#"), !text.contains("\\")
            else { return nil }
            let rest = text.dropFirst("https://".count)
            guard let slash = rest.firstIndex(of: "/") else { return nil }
            var host = rest[..<slash].lowercased()
            if host.hasSuffix(":443") { host.removeLast(4) }
            labels = host.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            target = String(rest[slash...])
            if host.utf8.count > 253 { return nil }
        }

        static func isLetterOrDigit(_ byte: UInt8) -> Bool {
            ASCII.isDigit(byte) || ASCII.lowercase(byte) &- 0x61 < 26
        }

        static func isLabel(_ label: String) -> Bool {
            1...63 ~= label.utf8.count && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }
}

/// Which URLs a request may name, such as `https://sns.*.amazonaws.com/*.pem`: a `*` in the host is one label, and in
/// the path any text.
package struct KeyURLPattern: Sendable {
    private let labels: [String]
    /// What stands between the `*` of the path.
    private let path: [String]

    /// - Returns: `nil` for anything but such a pattern whose last two labels are written out.
    package init?(parsing text: String) {
        guard let parts = KeyURL.URLParts(text),
            parts.labels.allSatisfy({ $0 == "*" || KeyURL.URLParts.isLabel($0) }),
            parts.labels.suffix(2).allSatisfy({ $0 != "*" })
        else { return nil }
        labels = parts.labels
        path = parts.target.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        guard example != nil else { return nil }
    }

    func matches(_ url: KeyURL) -> Bool {
        let parts = url.host.split(separator: ".").map(String.init)
        return url.isPlain && parts.count == labels.count && zip(labels, parts).allSatisfy { $0 == "*" || $0 == $1 }
            && matchesPath(url.target)
    }

    /// Whether the pieces stand in the path in this order, the first at its begin and the last at its end.
    private func matchesPath(_ target: String) -> Bool {
        guard let first = path.first, let last = path.last, path.count > 1 else { return target == path.first }
        guard target.hasPrefix(first), target.utf8.count >= first.utf8.count + last.utf8.count,
            target.hasSuffix(last)
        else { return false }
        var rest = target.dropFirst(first.count).dropLast(last.count)
        for piece in path.dropFirst().dropLast() where !piece.isEmpty {
            guard let found = rest.firstRange(of: piece) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }

    /// A URL that the pattern allows, for samples.
    var example: KeyURL? {
        let host = labels.map { $0 == "*" ? "example" : $0 }.joined(separator: ".")
        let url = KeyURL(parsing: "https://\(host)\(path.joined(separator: "example"))")
        return url.flatMap { $0.isPlain ? $0 : nil }
    }
}

/// Where the public keys of a scheme are fetched from: what `key_from` and `key_urls` say.
package struct KeySource: Sendable {
    package enum Place: Sendable {
        case fixed(KeyURL)
        /// A part of the request, which names one of the URLs that these patterns allow. At least one pattern.
        case named(Reference, [KeyURLPattern])
    }

    package let place: Place
    /// Whether it is a JSON Web Key Set (RFC 7517 §5), and not a certificate in PEM.
    let isKeySet: Bool

    package init(_ place: Place, isKeySet: Bool) {
        self.place = place
        self.isKeySet = isKeySet
    }

    /// What has to be fetched to verify a request.
    func need(of request: borrowing SignedRequest) throws(VerificationError) -> KeyNeed {
        switch place {
        case .fixed(let url): return KeyNeed(url: url, isKeySet: isKeySet, isNamedByRequest: false)
        case .named(let reference, let allowed):
            let text = try request.requiredValue(reference, "URL of the key")
            guard let url = KeyURL(parsing: String(decoding: text, as: UTF8.self)) else {
                throw .invalid("\(reference.source.noun) is not a URL of the form https://HOST/PATH")
            }
            guard allowed.contains(where: { $0.matches(url) }) else {
                throw .invalid("\(reference.source.noun) is not one of the URLs that 'key_urls' allows")
            }
            return KeyNeed(url: url, isKeySet: isKeySet, isNamedByRequest: true)
        }
    }

    /// Whether a URL is the one that made-up requests name, at which there is nothing.
    func isExample(_ url: KeyURL) -> Bool {
        guard case .named(_, let allowed) = place else { return false }
        return allowed.first?.example == url
    }

    /// What a request has to name, and where, to be signed; `nil` for a fixed URL.
    var example: (reference: Reference, url: String)? {
        guard case .named(let reference, let allowed) = place, let url = allowed.first?.example else { return nil }
        return (reference, "https://\(url.host)\(url.target)")
    }
}

/// A certificate or a key set that has to be fetched before a request can be verified.
package struct KeyNeed: Sendable, Hashable {
    package let url: KeyURL
    let isKeySet: Bool
    /// Whether anyone can make the gateway fetch another one.
    package let isNamedByRequest: Bool
}
