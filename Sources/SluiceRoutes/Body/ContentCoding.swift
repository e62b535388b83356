internal import SluiceBase

/// What `Content-Encoding` says was done to the body (RFC 9110 §8.4).
enum ContentCoding {
    /// Nothing.
    case identity
    case gzip
    /// Something else, or more than one thing.
    case other

    static let header: HeaderName = "content-encoding"

    /// Whether a body begins as gzip does (RFC 1952 §2.3.1), which no JSON, form or text does.
    static func isGzip(_ body: Span<UInt8>) -> Bool { body.count >= 2 && body[0] == 0x1F && body[1] == 0x8B }

    /// All lines count, and each may list several codings.
    static func of(_ headers: borrowing HeaderView) -> ContentCoding {
        var coding = ContentCoding.identity
        var next = headers.firstIndex(of: header)
        while let index = next {
            coding = adding(headers.value(at: index), to: coding)
            next = headers.firstIndex(of: header, from: index + 1)
        }
        return coding
    }

    private static func adding(_ list: Span<UInt8>, to coding: ContentCoding) -> ContentCoding {
        var coding = coding
        var start = 0
        while start < list.count {
            let end = list.firstIndex(of: UInt8(ascii: ","), from: start) ?? list.count
            let name = HeaderParameters.trimmed(list.extracting(start..<end))
            start = end + 1
            if name.isEmpty || name.matches("identity") { continue }
            // `x-gzip` is the same (RFC 9110 §8.4.1.3).
            let isGzip = name.matches("gzip") || name.matches("x-gzip")
            if case .identity = coding, isGzip { coding = .gzip } else { coding = .other }
        }
        return coding
    }
}
