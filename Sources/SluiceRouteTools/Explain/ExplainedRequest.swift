internal import SluiceBase
internal import SluiceRouteFiles
package import SluiceRoutes

/// What people write on a command line to describe a request.
extension RequestToSign.Header {
    /// Reads `Name: value`.
    ///
    /// - Returns: `nil` for anything else, and for what no header can hold.
    package init?(parsing text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let name = text[..<colon]
        var value = text[text.index(after: colon)...]
        while let first = value.first, first == " " || first == "\t" { value.removeFirst() }
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        guard HeaderSyntax.isName(name), HeaderSyntax.isValue(value) else { return nil }
        self.init(String(name), String(value))
    }
}

extension RequestToSign {
    /// Path and query as they go over the wire: percent-encoded but for escapes that are there already.
    ///
    /// - Parameters:
    ///   - path: with what stands behind a `?`, if there is no `query`.
    ///   - query: without the `?`.
    /// - Returns: `nil` where the path does not begin with `/`, or there are two queries or a fragment.
    package static func target(path: String, query: String?) -> String? {
        guard path.hasPrefix("/"), !path.contains("#"), query?.contains("#") != true else { return nil }
        guard let mark = path.firstIndex(of: "?") else {
            let end = query.flatMap { $0.isEmpty ? nil : "?\(PercentEncoding.query($0))" } ?? ""
            return PercentEncoding.path(path) + end
        }
        guard query == nil else { return nil }
        let query = PercentEncoding.query(String(path[path.index(after: mark)...]))
        return "\(PercentEncoding.path(String(path[..<mark])))?\(query)"
    }
}
