internal import SluiceBase
internal import SluiceYAML

/// The media types that a route takes: what `content_types` says.
struct ContentTypes: Sendable {
    /// In lower case; one that ends in `/*` takes every type with that beginning.
    let ranges: [[UInt8]]

    private static let header: HeaderName = "content-type"

    /// Whether a request says that its body is of one of the types. What says nothing is of none.
    func accept(_ headers: borrowing HeaderView) -> Bool {
        guard let index = headers.firstIndex(of: Self.header) else { return false }
        let type = MediaType(headers.value(at: index))
        for range in ranges where Self.holds(type.name, range.span) { return true }
        return false
    }

    /// The first type of which bodies are not JSON.
    var firstNotJSON: String? {
        for range in ranges where range.last != UInt8(ascii: "*") && MediaType(range.span).family != .json {
            return String(decoding: range, as: UTF8.self)
        }
        return nil
    }

    private static func holds(_ name: Span<UInt8>, _ range: Span<UInt8>) -> Bool {
        guard range[range.count - 1] == UInt8(ascii: "*") else { return name.equalsIgnoringCase(range) }
        let start = range.extracting(0..<(range.count - 1))
        return name.count > start.count && name.extracting(0..<start.count).equalsIgnoringCase(start)
    }

    /// - Returns: `nil` after a problem has been noted.
    static func read(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> ContentTypes? {
        guard let elements = context.list(node, subject) else { return nil }
        if elements.isEmpty {
            context.error(node.position, "\(subject) needs at least one type; otherwise no request would be accepted")
        }
        let ranges = elements.compactMap { element -> [UInt8]? in
            guard let text = context.text(element, "a content type") else { return nil }
            let range = text.utf8.map(ASCII.lowercase)
            if isRange(range) { return range }
            context.error(
                element.position,
                "a content type must be 'type/subtype' or 'type/*', without parameters, not "
                    + "'\(PrintableText.escape(text))'"
            )
            return nil
        }
        return ranges.isEmpty ? nil : ContentTypes(ranges: ranges)
    }

    private static func isRange(_ text: [UInt8]) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let type = parts.first, let subtype = parts.last, isName(type) else { return false }
        return isName(subtype) || subtype.elementsEqual("*".utf8)
    }

    /// A token (RFC 9110 §5.6.2), save for the star, which means something else here.
    private static func isName(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty
            && text.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || ASCII.isDigit(byte) || "!#$%&'+-.^_`|~".utf8.contains(byte)
            }
    }
}
