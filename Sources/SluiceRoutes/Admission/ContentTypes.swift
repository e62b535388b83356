internal import SluiceBase

/// The media types that a route takes: what `content_types` says.
package struct ContentTypes: Sendable {
    /// In lower case; one that ends in `/*` takes every type with that beginning.
    let ranges: [[UInt8]]

    package init(ranges: [[UInt8]]) {
        self.ranges = ranges
    }

    private static let header: HeaderName = "content-type"

    /// Whether a request says that its body is of one of the types. What says nothing is of none.
    func accept(_ headers: borrowing HeaderView) -> Bool {
        guard let index = headers.firstIndex(of: Self.header) else { return false }
        let type = MediaType(headers.value(at: index))
        for range in ranges where Self.holds(type.name, range.span) { return true }
        return false
    }

    /// The first type of which bodies are not JSON.
    package var firstNotJSON: String? {
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

}
