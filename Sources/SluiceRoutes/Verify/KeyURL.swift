internal import SluiceBase

/// The URL of a certificate, a key set or a call: https, the name of a host, the usual port, and a path.
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

    /// Whether a path is unambiguous for the server: no query, percent-encoding, `..` or empty segment.
    fileprivate static func isPlain(_ path: String) -> Bool {
        path.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || "-._~/".utf8.contains($0) }
            && !path.contains("..") && !path.contains("//")
    }

    /// The path and the parameters of the query as written; no parameters without a query.
    fileprivate var parts: (path: String, parameters: [String]) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return (target, []) }
        return (parts[0], parts[1].split(separator: "&", omittingEmptySubsequences: false).map(String.init))
    }

    /// The parts of a URL; its host may be a pattern.
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

        static func isLabel(_ label: String) -> Bool {
            1...63 ~= label.utf8.count && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }
}

/// The URLs that a request may name, such as `https://sns.*.amazonaws.com/*.pem`: a `*` in the host is one label, and
/// in the path any text. A query has the same parameters in the same order, where a `*` is any text of one of them.
package struct KeyURLPattern: Sendable {
    private let labels: [String]
    /// The texts between the `*` of the path.
    private let path: [String]
    /// As written.
    private let parameters: [String]

    /// - Parameter allowsQuery: whether there may be a query.
    /// - Returns: `nil` for an invalid pattern, or if one of the last two labels of the host contains a `*`.
    package init?(parsing text: String, allowsQuery: Bool = false) {
        guard let parts = KeyURL.URLParts(text),
            parts.labels.allSatisfy({ $0 == "*" || KeyURL.URLParts.isLabel($0) }),
            parts.labels.suffix(2).allSatisfy({ $0 != "*" })
        else { return nil }
        labels = parts.labels
        let target = parts.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard target.count == 1 || allowsQuery else { return nil }
        path = Self.pieces(String(target[0]))
        parameters = target.dropFirst().flatMap {
            $0.split(separator: "&", omittingEmptySubsequences: false).map(String.init)
        }
        guard example != nil else { return nil }
    }

    private static func pieces(_ text: String) -> [String] {
        text.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    }

    func matches(_ url: KeyURL) -> Bool {
        let host = url.host.split(separator: ".").map(String.init)
        let target = url.parts
        return KeyURL.isPlain(target.path) && host.count == labels.count
            && zip(labels, host).allSatisfy { $0 == "*" || $0 == $1 } && Self.match(path, target.path)
            && parameters.count == target.parameters.count
            && zip(parameters, target.parameters).allSatisfy { Self.match(Self.pieces($0), $1) }
    }

    /// Whether the text contains the pieces in this order, the first at its start and the last at its end.
    private static func match(_ pieces: [String], _ target: String) -> Bool {
        guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else { return target == pieces.first }
        guard target.hasPrefix(first), target.utf8.count >= first.utf8.count + last.utf8.count,
            target.hasSuffix(last)
        else { return false }
        var rest = target.dropFirst(first.count).dropLast(last.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let found = rest.firstRange(of: piece) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }

    /// A URL that the pattern allows, for samples.
    var example: KeyURL? {
        let host = labels.map { $0 == "*" ? "example" : $0 }.joined(separator: ".")
        let query = parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")
        let target = path.joined(separator: "example") + query.replacing("*", with: "example")
        return KeyURL(parsing: "https://\(host)\(target)").flatMap { KeyURL.isPlain($0.parts.path) ? $0 : nil }
    }

    /// The URL without the values of `*` in its query, which may be secrets.
    func redacted(_ url: KeyURL) -> String {
        "https://\(url.host)\(url.parts.path)" + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
    }
}
