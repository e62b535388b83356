internal import SluiceBase

/// Brings the four forms of a request target (RFC 9112 §3.2) down to the path and query.
enum RequestTarget {
    /// The path and query of a target, nil where the target is malformed or the form does not fit the method.
    ///
    /// An absolute URL needs a path as soon as it has a query. The authority form is only for `CONNECT`, which a gateway that is not a
    /// proxy refuses.
    static func resolve(_ bytes: Span<UInt8>, method: Range<Int>, target: Range<Int>) -> Range<Int>? {
        switch bytes[target.lowerBound] {
        case UInt8(ascii: "/"): target
        case UInt8(ascii: "*"): target.count == 1 && bytes.extracting(method).equals("OPTIONS") ? target : nil
        default: pathOfAbsolute(bytes, target)
        }
    }

    private static func pathOfAbsolute(_ bytes: Span<UInt8>, _ target: Range<Int>) -> Range<Int>? {
        guard let scheme = [7, 8].first(where: { hasScheme(bytes, target, count: $0) }) else { return nil }
        let authorityStart = target.lowerBound + scheme
        var authorityEnd = authorityStart
        while authorityEnd < target.upperBound, bytes[authorityEnd] != UInt8(ascii: "/") { authorityEnd += 1 }
        guard Authority.isValid(bytes, authorityStart..<authorityEnd) else { return nil }
        guard (authorityEnd..<target.upperBound).allSatisfy({ Grammar.isTarget(bytes[$0]) }) else { return nil }
        // An empty path is `/` (RFC 9110 §4.2.3); the last slash of `://` stands in for it.
        return authorityEnd < target.upperBound ? authorityEnd..<target.upperBound : (authorityStart - 1)..<authorityStart
    }

    private static func hasScheme(_ bytes: Span<UInt8>, _ target: Range<Int>, count: Int) -> Bool {
        guard target.count > count else { return false }
        let scheme = bytes.extracting(target.lowerBound..<(target.lowerBound + count))
        return count == 7 ? scheme.equalsIgnoringCase(http.span) : scheme.equalsIgnoringCase(https.span)
    }

    private static let http = Array("http://".utf8)
    private static let https = Array("https://".utf8)
}
