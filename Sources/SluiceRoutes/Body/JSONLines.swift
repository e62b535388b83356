internal import SluiceBase
internal import SluiceJSON

/// A body of JSON texts, one per line (JSON lines, `application/x-ndjson`), converted to an array.
struct JSONLines {
    /// The array; its elements are the unchanged lines.
    private(set) var document: [UInt8] = [UInt8(ascii: "[")]
    /// The range of each line in the document, up to the maximum number of elements.
    private(set) var lines: [Range<Int>] = []
    /// The number of lines.
    private(set) var count = 0

    /// Lines end in LF or CR LF; blank lines are skipped.
    init(_ body: Span<UInt8>) {
        let body = BodyReader.json(in: body)
        document.reserveCapacity(body.count + 2)
        var start = 0
        while start < body.count {
            let end = body.firstIndex(of: ASCII.lineFeed, from: start) ?? body.count
            add(body.extracting(Self.trimmed(start..<end, of: body)))
            start = end + 1
        }
        document.append(UInt8(ascii: "]"))
    }

    private mutating func add(_ line: Span<UInt8>) {
        guard !line.isEmpty else { return }
        if document.count > 1 { document.append(UInt8(ascii: ",")) }
        count += 1
        if count <= JSONFindings.maximumItems { lines.append(document.count..<(document.count + line.count)) }
        document.append(line)
    }

    private static func trimmed(_ line: Range<Int>, of body: Span<UInt8>) -> Range<Int> {
        var start = line.lowerBound
        var end = line.upperBound
        while end > start, ASCII.isWhiteSpace(body[end - 1]) { end -= 1 }
        while start < end, ASCII.isWhiteSpace(body[start]) { start += 1 }
        return start..<end
    }
}
