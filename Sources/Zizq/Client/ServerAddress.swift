/// The address of a server, from its URL.
struct ServerAddress: Hashable {
    let isTLS: Bool
    /// A name or an address; an IPv6 address without its brackets.
    let host: String
    let port: UInt16
    /// The path prefix: empty, or `/prefix` without a slash at the end.
    let prefix: String

    /// The `host` header: without the port if it is the default of the scheme (RFC 9110 §7.2).
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Parses URLs such as `http://host:port/prefix`.
    init(url: String) throws(ZizqError) {
        guard let scheme = ["http://", "https://"].first(where: { url.lowercased().hasPrefix($0) }) else {
            throw Self.wrong("must begin with http:// or https://")
        }
        isTLS = scheme == "https://"
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest.dropFirst(authority.count)
        guard !path.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Self.wrong("must have neither a query nor a fragment")
        }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Self.wrong("has a path with a character that must be escaped")
        }
        guard !authority.contains("@") else { throw Self.wrong("must not contain a user name or a password") }
        (host, port) = try Self.split(authority, defaultPort: isTLS ? 443 : 80)
        var prefix = String(path)
        while prefix.hasSuffix("/") { prefix.removeLast() }
        self.prefix = prefix
    }

    private static func split(_ authority: Substring, defaultPort: UInt16) throws(ZizqError) -> (
        host: String, port: UInt16
    ) {
        let host: Substring
        var rest: Substring
        if authority.hasPrefix("[") {
            host = authority.dropFirst().prefix { $0 != "]" }
            rest = authority.dropFirst(host.count + 1)
            guard rest.hasPrefix("]"), host.contains(":") else { throw wrong("has a malformed IPv6 address") }
            rest = rest.dropFirst()
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority.dropFirst(host.count)
        }
        let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}/%".utf8.contains($0) }
        guard !host.isEmpty, isPlain else { throw wrong("has no host name") }
        guard !rest.isEmpty else { return (String(host), defaultPort) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0, !rest.hasPrefix(":+") else {
            throw wrong("must have a port between 1 and 65535")
        }
        return (String(host), port)
    }

    /// The URL is not repeated because it may contain a password.
    private static func wrong(_ what: String) -> ZizqError { .invalidArgument("the URL of the Zizq server \(what)") }
}
