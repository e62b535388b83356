internal import SluiceBase

/// How providers see the service: `https://hooks.example.com`, or with the path that they know,
/// `https://hooks.example.com/prod/stripe`, where a proxy changes it.
package struct PublicURL: Sendable, Hashable {
    /// Scheme and authority, and the path where one was written; no slash at the end of a bare authority.
    private let text: [UInt8]
    private let hasPath: Bool

    /// - Returns: `nil` for anything else than `https://` or `http://`, an authority and perhaps a path of printable
    ///   ASCII without query and fragment.
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
        guard slash > rest.startIndex, !rest[..<slash].contains("@") else { return nil }
        hasPath = slash < rest.endIndex && rest.index(after: slash) < rest.endIndex
        text = Array((hasPath ? written : scheme + rest[..<slash]).utf8)
    }

    /// Whether the path of a request is in its URL; it is not where a path was written.
    package var takesPathOfRequest: Bool { !hasPath }

    /// How many bytes of it are the same for every request.
    var constantLength: Int { text.count }

    /// The whole URL of a request: the path, unless one was written, and the query as they were received.
    func url(of request: borrowing RequestView) -> [UInt8] {
        var url = text
        guard hasPath else {
            url.append(request.target)
            return url
        }
        if request.target.count > request.path.count {
            url.append(request.target.extracting(request.path.count..<request.target.count))
        }
        return url
    }
}
