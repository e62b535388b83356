internal import SluiceBase

/// The headers of a message that control the end of its body and whether the connection continues (RFC 9112 §6, §9.3).
/// Lines are added in the order of arrival; the first one that is wrong or contradicts an earlier one ends the message.
struct FramingFields: Sendable {
    private(set) var contentLength: Int?
    private(set) var hasClose = false
    private(set) var hasKeepAlive = false
    private var hasTransferEncoding = false
    private var endsInChunked = false
    private var hasOtherCoding = false

    /// Records Content-Length, Transfer-Encoding and Connection; ignores all other names.
    mutating func note(_ field: HeaderField, in bytes: Span<UInt8>, minorVersion: Int) -> MessageError? {
        let name = bytes.extracting(field.name)
        switch name.count {
        case 10 where FieldName.connection.matches(name):
            noteConnection(bytes, field.value)
            return nil
        case 14 where FieldName.contentLength.matches(name): return noteContentLength(bytes, field.value)
        case 17 where FieldName.transferEncoding.matches(name):
            guard minorVersion > 0 else { return .transferCodingInOldVersion }
            return noteTransferEncoding(bytes, field.value)
        default: return nil
        }
    }

    /// The framing from these lines; `nil` if there are none.
    func framing() throws(MessageError) -> MessageFraming? {
        if hasTransferEncoding {
            guard endsInChunked else { throw .chunkedNotLast }
            guard !hasOtherCoding else { throw .transferCodingNotSupported }
            return .chunked
        }
        return contentLength.map { .length($0) }
    }

    /// Whether the connection may carry another message after this one (RFC 9112 §9.3).
    func keepsAlive(minorVersion: Int) -> Bool { !hasClose && (minorVersion > 0 || hasKeepAlive) }

    /// A second line is refused even if its value is the same, and so is a list: such senders are broken, and parsers
    /// that resolve it differently are the cause of request smuggling (RFC 9112 §11.2).
    private mutating func noteContentLength(_ bytes: Span<UInt8>, _ range: Range<Int>) -> MessageError? {
        guard contentLength == nil else { return .contentLengthTwice }
        guard !hasTransferEncoding else { return .bothLengths }
        guard !range.isEmpty else { return .contentLength }
        var length = 0
        for index in range {
            guard ASCII.isDigit(bytes[index]) else { return .contentLength }
            if length < Self.lengthCeiling { length = length * 10 + Int(bytes[index] &- 0x30) }
        }
        contentLength = length
        return length < Self.lengthCeiling ? nil : .bodyTooLarge
    }

    private mutating func noteTransferEncoding(_ bytes: Span<UInt8>, _ range: Range<Int>) -> MessageError? {
        guard contentLength == nil else { return .bothLengths }
        hasTransferEncoding = true
        var list = ListElements(range)
        while let element = list.next(in: bytes) {
            let coding = bytes.extracting(element)
            guard !coding.isEmpty, coding.indices.allSatisfy({ Grammar.isToken(bytes[element.lowerBound + $0]) }) else {
                return .transferCoding
            }
            let isChunked = Self.chunked.matches(coding)
            if endsInChunked { return isChunked ? .chunkedTwice : .chunkedNotLast }
            if isChunked { endsInChunked = true } else { hasOtherCoding = true }
        }
        return nil
    }

    private mutating func noteConnection(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var list = ListElements(range)
        while let element = list.next(in: bytes) {
            let option = bytes.extracting(element)
            if Self.close.matches(option) { hasClose = true }
            if Self.keepAlive.matches(option) { hasKeepAlive = true }
        }
    }

    /// 10^17: a longer number would not fit after another digit, and exceeds every limit.
    private static let lengthCeiling = 100_000_000_000_000_000
    private static let chunked: HeaderName = "chunked"
    private static let close: HeaderName = "close"
    private static let keepAlive: HeaderName = "keep-alive"
}

/// Iterates over the elements of a comma-separated header value (RFC 9110 §5.6.1), including empty ones.
struct ListElements {
    private var start: Int
    private let end: Int
    private var isDone = false

    init(_ range: Range<Int>) {
        start = range.lowerBound
        end = range.upperBound
    }

    /// Returns the next element without the white space around it; `nil` after the last one.
    mutating func next(in bytes: Span<UInt8>) -> Range<Int>? {
        guard !isDone else { return nil }
        var stop = start
        while stop < end, bytes[stop] != UInt8(ascii: ",") { stop += 1 }
        var lower = start
        var upper = stop
        while lower < upper, Grammar.isBlank(bytes[lower]) { lower += 1 }
        while upper > lower, Grammar.isBlank(bytes[upper - 1]) { upper -= 1 }
        isDone = stop == end
        start = stop + 1
        return lower..<upper
    }
}
