package import SluiceBase

/// The encoding of the body according to `Content-Encoding` (RFC 9110 §8.4).
package enum ContentCoding {
    /// None.
    case identity
    case gzip
    /// Another one, or more than one.
    case other

    package static let header: HeaderName = "content-encoding"

    /// Whether a body starts like gzip (RFC 1952 §2.3.1), which no JSON, form or text does.
    static func isGzip(_ body: Span<UInt8>) -> Bool { body.count >= 2 && body[0] == 0x1F && body[1] == 0x8B }

    /// All lines count, and each may contain several codings.
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
            // `x-gzip` is equivalent (RFC 9110 §8.4.1.3).
            let isGzip = name.matches("gzip") || name.matches("x-gzip")
            if case .identity = coding, isGzip { coding = .gzip } else { coding = .other }
        }
        return coding
    }
}

/// Percent-encoding (RFC 3986 §2.1).
package enum PercentDecoding {
    /// For forms and queries: `+` is a space, and a `%` without two digits is literal.
    static func formDecode(_ text: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        formDecode(text, to: &bytes)
        return bytes
    }

    /// The same, appended to `bytes`.
    static func formDecode(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
        if text.firstIndex(of: UInt8(ascii: "%")) ?? text.firstIndex(of: UInt8(ascii: "+")) == nil {
            return bytes.append(text)
        }
        var index = 0
        // The output is never longer.
        bytes.append(addingCapacity: text.count) { output in
            while index < text.count {
                let byte = text[index]
                if byte == UInt8(ascii: "%"), let escaped = escapedByte(text, at: index) {
                    output.append(escaped)
                    index &+= 3
                } else {
                    output.append(byte == UInt8(ascii: "+") ? ASCII.space : byte)
                    index &+= 1
                }
            }
        }
    }

    /// The byte of an escape such as `%41` at `index`; `nil` if there is none.
    static func escapedByte(_ text: Span<UInt8>, at index: Int) -> UInt8? {
        guard text[index] == UInt8(ascii: "%"), index + 2 < text.count else { return nil }
        guard let high = Hex.value(text[index + 1]), let low = Hex.value(text[index + 2]) else { return nil }
        return high << 4 | low
    }
}

extension PercentDecoding {
    /// A path, decoded once.
    ///
    /// - Returns: `nil` if parsers could disagree about the path: an escaped slash or NUL, a `%` without an escape,
    ///   invalid UTF-8, a dot segment, or an empty segment other than after a final slash.
    package static func pathDecode(_ path: Span<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            if path[index] == UInt8(ascii: "%") {
                guard let byte = escapedByte(path, at: index), byte != 0, byte != UInt8(ascii: "/") else { return nil }
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(path[index])
                index += 1
            }
        }
        return hasPlainSegments(bytes) && String(validating: bytes, as: UTF8.self) != nil ? bytes : nil
    }

    /// Whether no segment is `.`, `..` or empty, except for the last one.
    static func hasPlainSegments(_ path: [UInt8]) -> Bool {
        let segments = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for segment in segments.dropLast() where segment.isEmpty { return false }
        return !segments.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
    }
}
