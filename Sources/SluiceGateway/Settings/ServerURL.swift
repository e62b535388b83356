internal import SluiceBase

/// The parts of `http://host:port` or `https://host:port` (RFC 3986 §3): a server, without a path.
package struct ServerURL: Sendable, Hashable {
    package enum Scheme: String, Sendable {
        case http
        case https

        package var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    package let scheme: Scheme
    /// A host name or a numeric address; an IPv6 address without its brackets.
    package let host: String
    package let port: UInt16

    package init(scheme: Scheme, host: String, port: UInt16) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// Reads scheme, host and, where there is one, a port; a single `/` may follow.
    ///
    /// - Returns: `nil` for anything else: user names and passwords (they would show in logs and process lists), paths,
    ///   queries, port 0.
    package init?(parsing text: String) {
        guard let separator = text.firstRange(of: "://"), let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased()) else {
            return nil
        }
        var authority = text[separator.upperBound...]
        if authority.hasSuffix("/") { authority.removeLast() }
        guard let (host, port) = Self.hostAndPort(authority, scheme) else { return nil }
        self.init(scheme: scheme, host: host, port: port)
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

    /// Letters, digits, `-`, `_` and dots between them, at most 253 bytes (RFC 1123 §2.1; `_` because container networks have it).
    private static func isHostName(_ host: Substring) -> Bool {
        guard (1...253).contains(host.utf8.count) else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty
                && label.utf8.allSatisfy { byte in ASCII.isDigit(byte) || ASCII.lowercase(byte) &- 0x61 < 26 || byte == 0x2D || byte == 0x5F
                }
        }
    }
}

extension ServerURL: CustomStringConvertible {
    /// The shortest spelling: the port only where it is not the scheme's own.
    package var description: String { "\(scheme.rawValue)://\(authority)" }

    /// Host and, where it is not the scheme's own, port: what a `Host` header says.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }
}

extension ServerURL {
    /// Text that was meant as a URL, without what stands before an `@`: fit for an error message.
    package static func withoutCredentials(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        guard start <= at else { return "***" + text[at...] }
        return text[..<start] + "***" + text[at...]
    }
}
