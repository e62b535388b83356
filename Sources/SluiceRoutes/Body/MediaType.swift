package import SluiceBase

/// A media type with its parameters, from a header (RFC 9110 §8.3.1).
package struct MediaType: ~Escapable {
    /// `type/subtype`, as sent; empty if the header is missing or empty.
    let name: Span<UInt8>
    private let value: Span<UInt8>

    @_lifetime(copy value)
    init(_ value: Span<UInt8>) {
        self.value = value
        name = HeaderParameters.mainValue(of: value)
    }

    /// How a body of a media type is read.
    package enum Family {
        case json
        /// `application/x-www-form-urlencoded`
        case form
        /// `multipart/form-data`
        case multipart
        case text
        case other
    }

    /// A body without a type is JSON, like most webhooks.
    var family: Family {
        if name.isEmpty || name.matches("application/json") || name.ends(in: "+json") || name.matches("text/json") {
            return .json
        }
        if name.matches("application/x-www-form-urlencoded") { return .form }
        if name.matches("multipart/form-data") { return .multipart }
        if name.begins(with: "text/") || name.matches("application/xml") || name.ends(in: "+xml") { return .text }
        return .other
    }

    /// The value of a parameter, without quotes.
    ///
    /// - Returns: `nil` if there is none, or the header is broken before it.
    func parameter(_ name: String) -> [UInt8]? { HeaderParameters.value(of: name, in: value) }
}

extension Span where Element == UInt8 {
    /// Compares without case.
    func matches(_ lowercased: String) -> Bool { equalsIgnoringCase(lowercased.utf8Span.span) }

    fileprivate func begins(with lowercased: String) -> Bool {
        let prefix = lowercased.utf8Span.span
        return count >= prefix.count && extracting(0..<prefix.count).equalsIgnoringCase(prefix)
    }

    fileprivate func ends(in lowercased: String) -> Bool {
        let suffix = lowercased.utf8Span.span
        return count >= suffix.count && extracting((count - suffix.count)..<count).equalsIgnoringCase(suffix)
    }
}

/// The media types that a route accepts: `content_types`.
package struct ContentTypes: Sendable {
    /// In lower case; one with `*` after the slash matches every type with the rest, such as `text/*` and
    /// `application/*+json`.
    let ranges: [[UInt8]]

    package init(ranges: [[UInt8]]) {
        self.ranges = ranges
    }

    /// Whether the body of a request has one of the types. A request without a type has none of them.
    func accept(_ headers: borrowing HeaderView) -> Bool {
        guard let index = headers.firstIndex(of: BodyReader.contentType) else { return false }
        let type = MediaType(headers.value(at: index))
        for range in ranges where Self.holds(type.name, range.span) { return true }
        return false
    }

    /// The type of a request for people: escaped, and at most 100 bytes; or that there is none.
    package static func name(in headers: borrowing HeaderView) -> String {
        let text =
            headers.firstIndex(of: BodyReader.contentType)
            .map { PrintableText.escape(MediaType(headers.value(at: $0)).name.text, limit: 100) } ?? ""
        return text.isEmpty ? "a request without Content-Type" : text
    }

    /// The first type whose bodies are not JSON.
    package var firstNotJSON: String? {
        for range in ranges where range.last != UInt8(ascii: "*") && MediaType(range.span).family != .json {
            return String(decoding: range, as: UTF8.self)
        }
        return nil
    }

    private static func holds(_ name: Span<UInt8>, _ range: Span<UInt8>) -> Bool {
        let slash = range.firstIndex(of: UInt8(ascii: "/")) ?? 0
        guard slash + 1 < range.count, range[slash + 1] == UInt8(ascii: "*") else {
            return name.equalsIgnoringCase(range)
        }
        let start = range.extracting(0...slash)
        let end = range.extracting((slash + 2)..<range.count)
        guard name.count > start.count + end.count else { return false }
        return name.extracting(0..<start.count).equalsIgnoringCase(start)
            && name.extracting((name.count - end.count)..<name.count).equalsIgnoringCase(end)
    }
}
