internal import SluiceBase

/// The parts of `http://host:port` or `https://host:port` (RFC 3986 §3): a server and, if allowed, the prefix of its
/// paths.
package struct ServerURL: Sendable, Hashable {
    /// Whether the connection uses TLS.
    package enum Scheme: String, Sendable {
        case http
        case https

        package var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// A host name or a numeric address; an IPv6 address without its brackets.
    package let host: String
    package let port: UInt16
    /// Empty, or `/prefix` without a slash at the end.
    package let path: String

    package init(scheme: Scheme, host: String, port: UInt16, path: String = "") {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
    }

    /// Parses scheme, host and an optional port; a single `/` may follow.
    ///
    /// - Parameter allowsPath: whether a path may follow, for a server behind a proxy.
    /// - Returns: `nil` for anything else: user names and passwords (they would be shown in logs and process lists),
    ///   queries, port 0.
    package init?(parsing text: String, allowsPath: Bool = false) {
        guard let separator = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased())
        else {
            return nil
        }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let (host, port) = Self.hostAndPort(authority, scheme),
            let path = Self.path(rest.dropFirst(authority.count)),
            path.isEmpty || allowsPath
        else { return nil }
        self.init(scheme: scheme, host: host, port: port, path: path)
    }

    /// Segments of unreserved characters, percent escapes and other allowed characters (RFC 3986 §3.3); no empty ones.
    private static func path(_ text: Substring) -> String? {
        let path = text.hasSuffix("/") ? text.dropLast() : text
        guard !path.isEmpty else { return "" }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = segments.allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#\"<>\\^`{|}".utf8.contains($0) }
        }
        return isPlain ? String(path) : nil
    }

    private static func hostAndPort(_ authority: Substring, _ scheme: Scheme) -> (host: String, port: UInt16)? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let host = authority[authority.index(after: authority.startIndex)..<end]
            guard host.contains(":"), PeerAddress.address(parsing: host) != nil else { return nil }
            return port(authority[authority.index(after: end)...], scheme).map { (String(host), $0) }
        }
        let host = authority.prefix { $0 != ":" }
        guard isHostName(host) else { return nil }
        return port(authority.dropFirst(host.count), scheme).map { (host.lowercased(), $0) }
    }

    private static func port(_ suffix: Substring, _ scheme: Scheme) -> UInt16? {
        guard !suffix.isEmpty else { return scheme.defaultPort }
        guard suffix.hasPrefix(":"), let port = PeerAddress.port(suffix.dropFirst()), port > 0 else { return nil }
        return port
    }

    /// Letters, digits, `-`, `_` and dots between them, at most 253 bytes (RFC 1123 §2.1; `_` because container
    /// networks use it).
    private static func isHostName(_ host: Substring) -> Bool {
        guard (1...253).contains(host.utf8.count) else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty
                && label.utf8.allSatisfy { byte in
                    ASCII.isDigit(byte) || ASCII.lowercase(byte) &- 0x61 < 26 || byte == 0x2D || byte == 0x5F
                }
        }
    }
}

extension ServerURL: CustomStringConvertible {
    /// The shortest text: with the port only if it is not the scheme's default.
    package var description: String { "\(scheme.rawValue)://\(authority)\(path)" }

    /// Host and, if it is not the scheme's default, port: the `Host` header.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }
}

extension ServerURL {
    /// A text that was intended as a URL, without the part before an `@`: safe for an error message.
    package static func withoutCredentials(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        guard start <= at else { return "***" + text[at...] }
        return text[..<start] + "***" + text[at...]
    }
}
