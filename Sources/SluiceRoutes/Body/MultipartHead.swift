internal import SluiceBase

/// The head of one part of a multipart form (RFC 7578 §4).
struct MultipartHead {
    /// As sent, without quotes.
    let name: [UInt8]
    /// `nil` if the part is a field and not a file. A `filename*` is ignored: RFC 7578 §4.2 forbids it.
    let filename: [UInt8]?
    /// As sent; `text/plain` if it is missing (RFC 7578 §4.4).
    let contentType: [UInt8]

    /// In bytes.
    static let longest = 8192

    /// - Parameter part: a part with its content.
    /// - Returns: the head, and the start of the content.
    static func read(_ part: Span<UInt8>) throws(BodyError) -> (head: MultipartHead, contentStart: Int) {
        // A line break is only searched within the maximum size of a head.
        let start = part.extracting(0..<min(part.count, longest))
        var fields = MultipartHeadFields()
        var position = 0
        while position < part.count {
            guard let end = lineEnd(start, from: position) else { throw cutOff(part) }
            let line = start.extracting(position..<end)
            position = end + 2
            if line.isEmpty { break }
            try fields.add(line)
        }
        return (try MultipartHead(fields), position)
    }

    private static func lineEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var search = start
        while let index = bytes.firstIndex(of: ASCII.carriageReturn, from: search), index + 1 < bytes.count {
            if bytes[index + 1] == ASCII.lineFeed { return index }
            search = index + 1
        }
        return nil
    }

    private static func cutOff(_ part: Span<UInt8>) -> BodyError {
        BodyError(
            part.count > longest
                ? "a part of the multipart body has a head of more than \(longest) bytes"
                : "a part of the multipart body has no empty line after its head")
    }

    private init(_ fields: borrowing MultipartHeadFields) throws(BodyError) {
        guard let disposition = fields["content-disposition"], let name = Self.parameter("name", of: disposition) else {
            throw BodyError("a part of the multipart body has no name")
        }
        try Self.checkTransferEncoding(fields["content-transfer-encoding"])
        self.name = name
        filename = Self.parameter("filename", of: disposition)
        contentType = fields["content-type"] ?? Array("text/plain".utf8)
    }

    private static func parameter(_ name: String, of disposition: [UInt8]) -> [UInt8]? {
        guard HeaderParameters.mainValue(of: disposition.span).matches("form-data") else { return nil }
        return HeaderParameters.value(of: name, in: disposition.span).map(unescaped)
    }

    /// Browsers write the characters that quotes cannot contain as `%22`, `%0D` and `%0A`, and nothing else (HTML,
    /// "multipart form data").
    private static func unescaped(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            if let byte = PercentDecoding.escapedByte(text.span, at: index),
                byte == UInt8(ascii: "\"") || byte == ASCII.carriageReturn || byte == ASCII.lineFeed
            {
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return bytes
    }

    /// RFC 7578 §4.7 knows no sender that uses one.
    private static func checkTransferEncoding(_ value: [UInt8]?) throws(BodyError) {
        guard let value else { return }
        let encoding = value.span
        guard encoding.matches("binary") || encoding.matches("8bit") || encoding.matches("7bit") else {
            throw BodyError("a part of the multipart body has an unsupported transfer encoding")
        }
    }
}

/// The header lines of one part.
private struct MultipartHeadFields {
    private var lines: [(name: [UInt8], value: [UInt8])] = []

    /// - Parameter line: not empty; one that starts with a blank continues the previous line (RFC 5322 §2.2.3).
    mutating func add(_ line: Span<UInt8>) throws(BodyError) {
        if HeaderParameters.isBlank(line[0]) {
            guard !lines.isEmpty else { throw Self.fault }
            lines[lines.count - 1].value.append(ASCII.space)
            lines[lines.count - 1].value.append(HeaderParameters.trimmed(line))
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw Self.fault }
        let name = HeaderParameters.trimmed(line.extracting(0..<colon))
        lines.append((name.array, HeaderParameters.trimmed(line.extracting((colon + 1)..<line.count)).array))
    }

    private static var fault: BodyError {
        BodyError("a part of the multipart body has an invalid header line")
    }

    /// The value of the first line with this name, in any case.
    subscript(name: String) -> [UInt8]? { lines.first { $0.name.span.matches(name) }?.value }
}
