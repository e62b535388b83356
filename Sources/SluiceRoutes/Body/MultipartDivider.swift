internal import SluiceBase

/// Finds the parts of a multipart body (RFC 2046 §5.1.1) in one pass: a boundary contains no carriage return, so that
/// no byte is checked more than twice.
struct MultipartDivider {
    /// Two hyphens and the boundary.
    private let delimiter: [UInt8]
    /// The start of the next part.
    private var position = 0
    private var isAtEnd = false

    static let longestBoundary = 70

    init(boundary: [UInt8]) throws(BodyError) {
        guard (1...Self.longestBoundary).contains(boundary.count), boundary.allSatisfy({ (0x20...0x7E).contains($0) }),
            boundary.last != ASCII.space
        else { throw BodyError("the multipart body has a boundary that RFC 2046 does not allow") }
        delimiter = Array("--".utf8) + boundary
    }

    private enum Line {
        /// With the offset of the line after it.
        case delimiter(Int)
        case closing
        case other
    }

    /// Advances to the first part; the text before it is ignored.
    mutating func skipPreamble(of body: Span<UInt8>) throws(BodyError) {
        switch line(body, at: 0) {
        case .delimiter(let next): position = next
        case .closing: isAtEnd = true
        case .other:
            guard findLine(in: body, from: 0) != nil else {
                throw BodyError("the multipart body does not have its boundary")
            }
        }
    }

    /// Returns the next part, with its head.
    ///
    /// - Returns: `nil` after the last one; the text after it is ignored.
    mutating func next(in body: Span<UInt8>) throws(BodyError) -> Range<Int>? {
        guard !isAtEnd else { return nil }
        let start = position
        guard let end = findLine(in: body, from: start) else {
            throw BodyError("the multipart body has no closing boundary")
        }
        return start..<end
    }

    /// Advances to after the next boundary line.
    ///
    /// - Returns: the end of the content before it, without the line break.
    private mutating func findLine(in body: Span<UInt8>, from start: Int) -> Int? {
        var search = start
        while let index = body.firstIndex(of: ASCII.carriageReturn, from: search) {
            search = index + 1
            guard search < body.count, body[search] == ASCII.lineFeed else { continue }
            switch line(body, at: index + 2) {
            case .other: continue
            case .delimiter(let next): position = next
            case .closing: isAtEnd = true
            }
            return index
        }
        return nil
    }

    /// Classifies a line. Only blanks are allowed after a boundary.
    private func line(_ body: Span<UInt8>, at start: Int) -> Line {
        guard start + delimiter.count <= body.count else { return .other }
        guard body.extracting(start..<(start + delimiter.count)).equals(delimiter.span) else { return .other }
        var index = start + delimiter.count
        let isClosing =
            index + 1 < body.count && body[index] == UInt8(ascii: "-") && body[index + 1] == UInt8(ascii: "-")
        if isClosing { index += 2 }
        while index < body.count, HeaderParameters.isBlank(body[index]) { index += 1 }
        if isClosing, index == body.count { return .closing }
        guard index + 1 < body.count, body[index] == ASCII.carriageReturn, body[index + 1] == ASCII.lineFeed else {
            return .other
        }
        return isClosing ? .closing : .delimiter(index + 2)
    }
}
