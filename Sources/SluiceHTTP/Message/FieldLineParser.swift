internal import SluiceBase

/// Parses header and trailer lines byte by byte (RFC 9112 §5), up to and including the empty line at their end. It can
/// stop after any byte and continue later; its results depend only on the bytes, not on how they were split.
struct FieldLineParser: Sendable {
    enum Progress: Sendable, Equatable {
        case needMore
        /// A line is complete; `field(in:)` returns it.
        case line
        /// The empty line is complete.
        case end
        case fault(MessageError)
    }

    private enum Phase: Sendable {
        case lineStart, name, valueStart, value, valueLineFeed, endLineFeed
    }

    private let maximumLines: Int
    private var lineCount = 0
    private var phase = Phase.lineStart
    private var nameStart = 0
    private var nameEnd = 0
    private var valueStart = 0
    private var valueEnd = 0

    /// - Parameter maximumLines: one more is a fault at its first byte.
    init(maximumLines: Int) { self.maximumLines = maximumLines }

    /// Parses from `index`, which it advances, to the end of a line or to `end`.
    mutating func advance(_ bytes: Span<UInt8>, index: inout Int, end: Int) -> Progress {
        while index < end {
            switch phase {
            case .lineStart:
                if let fault = beginLine(bytes[index], at: index) { return .fault(fault) }
                index += phase == .endLineFeed ? 1 : 0
            case .name:
                index = Self.skipToken(bytes, from: index, to: end)
                guard index < end else { return .needMore }
                if let fault = endName(bytes[index], at: index) { return .fault(fault) }
                index += 1
            case .valueStart:
                while index < end, Grammar.isBlank(bytes[index]) { index += 1 }
                valueStart = index
                if index < end { phase = .value }
            case .value:
                index = Self.skipFieldText(bytes, from: index, to: end)
                guard index < end else { return .needMore }
                if let fault = endValue(bytes[index], at: index) { return .fault(fault) }
                index += 1
            case .valueLineFeed, .endLineFeed:
                guard bytes[index] == ASCII.lineFeed else { return .fault(.bareCarriageReturn) }
                index += 1
                let isEnd = phase == .endLineFeed
                phase = .lineStart
                return isEnd ? .end : .line
            }
        }
        return .needMore
    }

    /// The line that was just completed, without white space around the value. `bytes` must be those of `advance`, at
    /// the same offsets.
    func field(in bytes: Span<UInt8>) -> HeaderField {
        var end = valueEnd
        while end > valueStart, Grammar.isBlank(bytes[end - 1]) { end -= 1 }
        return HeaderField(name: nameStart..<nameEnd, value: valueStart..<end)
    }

    private mutating func beginLine(_ byte: UInt8, at index: Int) -> MessageError? {
        switch byte {
        case ASCII.carriageReturn: phase = .endLineFeed
        case ASCII.lineFeed: return .bareLineFeed
        case ASCII.space, ASCII.tab: return .foldedLine
        default:
            guard Grammar.isToken(byte) else { return byte < 0x20 ? .controlByte : .headerName }
            guard lineCount < maximumLines else { return .tooManyHeaderLines }
            lineCount += 1
            nameStart = index
            phase = .name
        }
        return nil
    }

    private mutating func endName(_ byte: UInt8, at index: Int) -> MessageError? {
        switch byte {
        case UInt8(ascii: ":"):
            nameEnd = index
            phase = .valueStart
            return nil
        case ASCII.space, ASCII.tab: return .spaceBeforeColon
        case ASCII.lineFeed: return .bareLineFeed
        default: return byte < 0x20 && byte != ASCII.carriageReturn ? .controlByte : .headerName
        }
    }

    private mutating func endValue(_ byte: UInt8, at index: Int) -> MessageError? {
        guard byte == ASCII.carriageReturn else { return byte == ASCII.lineFeed ? .bareLineFeed : .controlByte }
        valueEnd = index
        phase = .valueLineFeed
        return nil
    }

    @inline(__always)
    private static func skipToken(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, Grammar.isToken(bytes[index]) { index &+= 1 }
        return index
    }

    @inline(__always)
    private static func skipFieldText(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, Grammar.isFieldText(bytes[index]) { index &+= 1 }
        return index
    }
}
