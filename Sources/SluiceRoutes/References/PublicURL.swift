internal import SluiceBase

/// The URL of the service for providers: `https://hooks.example.com`, or with the path that they use,
/// `https://hooks.example.com/prod/stripe`, if a proxy changes it.
package struct PublicURL: Sendable, Hashable {
    /// Scheme and authority, and the path if one is set; no slash at the end of a bare authority.
    private let text: [UInt8]
    private let hasPath: Bool

    /// - Returns: `nil` for anything but `https://` or `http://`, an authority and optionally a path of printable ASCII
    ///   without query and fragment.
    package init?(parsing written: String) {
        guard let scheme = ["https://", "http://"].first(where: { written.hasPrefix($0) }) else { return nil }
        let rest = written.dropFirst(scheme.count)
        guard
            written.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
            )
        else {
            return nil
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        guard slash > rest.startIndex else { return nil }
        hasPath = slash < rest.endIndex && rest.index(after: slash) < rest.endIndex
        text = Array((hasPath ? written : scheme + rest[..<slash]).utf8)
    }

    /// Whether the URL includes the path of a request; not if it has its own path.
    package var takesPathOfRequest: Bool { !hasPath }

    /// The length of its constant part in bytes.
    package var constantLength: Int { text.count }

    /// The same for a variant of the URL; 0 for other values.
    func constantLength(of source: ReferenceSource) -> Int {
        switch source {
        case .url, .urlWithoutQuery: text.count
        case .urlWithPort: withPort.text.count
        case .urlWithoutPort: withoutPort.text.count
        default: 0
        }
    }

    /// The URL with the port of its scheme, if it has none.
    var withPort: PublicURL {
        portRange.isEmpty ? replacingPort(by: text.starts(with: "https:".utf8) ? ":443" : ":80") : self
    }

    /// The URL without its port.
    var withoutPort: PublicURL {
        replacingPort(by: "")
    }

    private func replacingPort(by port: String) -> PublicURL {
        var url = text
        url.replaceSubrange(portRange, with: port.utf8)
        return PublicURL(text: url, hasPath: hasPath)
    }

    /// Where the colon and the port are in the text, or would be.
    private var portRange: Range<Int> {
        // After the two slashes behind the scheme.
        let start = text.firstIndex(of: UInt8(ascii: "/")).map { $0 + 2 } ?? 0
        let end = text[start...].firstIndex(of: UInt8(ascii: "/")) ?? text.endIndex
        let host = text[(text[start..<end].lastIndex(of: UInt8(ascii: "@")) ?? start)..<end]
        // The last colon of an IPv6 address is before its bracket.
        guard let colon = host.lastIndex(of: UInt8(ascii: ":")), !host[colon...].contains(UInt8(ascii: "]")) else {
            return end..<end
        }
        return colon..<end
    }

    /// The URL without a trailing slash, for a request whose path is only `/`: some senders sign the URL as it was
    /// entered.
    ///
    /// - Returns: `nil` for a request with another path, and if `public_url` contains a path.
    func withoutSlash(of request: borrowing RequestView) -> PublicURL? {
        guard !hasPath, request.path.count == 1 else { return nil }
        return PublicURL(text: text, hasPath: true)
    }

    /// URLs that are easily confused with this one: with the other scheme, and with or without the port.
    var lookalikes: [PublicURL] {
        let written = description
        let other =
            written.hasPrefix("https:") ? "http:" + written.dropFirst(6) : "https:" + written.dropFirst(5)
        let urls = [self, PublicURL(text: Array(other.utf8), hasPath: hasPath)]
        return (urls.flatMap { [$0, $0.withPort, $0.withoutPort] }).filter { $0 != self }
    }

    /// As written.
    var description: String { String(decoding: text, as: UTF8.self) }

    private init(text: [UInt8], hasPath: Bool) {
        self.text = text
        self.hasPath = hasPath
    }

    /// The URL of a request without its query.
    func url(ofPath request: borrowing RequestView) -> [UInt8] {
        hasPath ? text : text + request.path.array
    }

    /// The whole URL of a request: with the path, unless it has its own, and the query as received.
    func url(of request: borrowing RequestView) -> [UInt8] { url(ofTarget: request.target) }

    /// The same for the target of a request.
    func url(ofTarget target: Span<UInt8>) -> [UInt8] {
        var url = text
        let start = hasPath ? target.firstIndex(of: UInt8(ascii: "?")) ?? target.count : 0
        url.append(target.extracting(start..<target.count))
        return url
    }
}
