package import SluiceBase

/// Removes the chunk framing of a body in place (RFC 9112 §7.1): chunk data moves to the front, so that the body
/// becomes contiguous in the connection's buffer. Chunk extensions and trailers are checked and dropped.
///
/// It reads each byte once, and its results depend only on the bytes, not on how they were split.
package struct ChunkedDecoder: Sendable {
    /// The state after the bytes so far.
    package enum Step: Sendable, Hashable {
        /// All bytes were processed; the buffer now ends with the body so far. New bytes are appended to it.
        case needMore
        /// The body is between `bodyStart` and `bodyEnd`; after it, the buffer contains what was received after the
        /// request.
        case complete(bodyEnd: Int)
        /// The request is answered with this code and the connection closes; `fault` has the exact rule. The buffer
        /// after `bodyStart` is undefined.
        case refused(ErrorCode)
    }

    private enum Phase: Sendable {
        case size, blankBehindSize, extensionText, quotedText, escapedByte, sizeLineFeed, data, dataCarriageReturn,
            dataLineFeed
        case trailers, complete, refused
    }

    /// The start of the body in the buffer.
    package let bodyStart: Int
    /// The end of the body in the buffer so far.
    package private(set) var bodyEnd: Int
    /// The rule that the body broke, after it was refused.
    package private(set) var fault: MessageError?

    let bodyLimit: Int
    private var phase = Phase.size
    private var sizeDigits = 0
    /// The size of the chunk while it is read, then the rest of its data.
    private var remaining = 0
    private var extensionAllowance: Int
    /// How many more bytes of sizes and line ends are allowed without data.
    private var framingAllowance: Int
    private let framingStart: Int
    private var trailerAllowance: Int
    private var trailers: FieldLineParser

    /// - Parameters:
    ///   - bodyStart: the length of the head; the first chunk size starts there.
    ///   - bodyLimit: a chunk that would make the body longer is refused when its size is known.
    package init(bodyStart: Int, bodyLimit: Int, limits: HTTPLimits) {
        self.bodyStart = bodyStart
        bodyEnd = bodyStart
        self.bodyLimit = bodyLimit
        extensionAllowance = limits.chunkExtensionBytes
        framingAllowance = limits.chunkFramingBytes
        framingStart = limits.chunkFramingBytes
        trailerAllowance = limits.trailerBytes
        trailers = FieldLineParser(maximumLines: limits.headerLines)
    }

    /// Decodes the bytes after `bodyEnd`.
    package mutating func decode(_ buffer: inout [UInt8]) -> Step {
        precondition(phase != .complete, "A decoder reads one body.")
        var index = bodyEnd
        do throws(MessageError) {
            if let fault { throw fault }
            while index < buffer.count, phase != .complete { try advance(&buffer, &index) }
        } catch {
            fault = error
            phase = .refused
            return .refused(error.code)
        }
        buffer.removeSubrange(bodyEnd..<index)
        return phase == .complete ? .complete(bodyEnd: bodyEnd) : .needMore
    }

    /// The body so far was taken out of the buffer, which now continues at `bodyStart`. It no longer counts towards the
    /// limit.
    mutating func bodyTaken() {
        bodyEnd = bodyStart
        framingAllowance = framingStart
    }

    private mutating func advance(_ buffer: inout [UInt8], _ index: inout Int) throws(MessageError) {
        switch phase {
        case .data: moveData(&buffer, &index)
        case .trailers: try readTrailers(buffer.span, &index)
        case .size, .blankBehindSize, .extensionText, .quotedText, .escapedByte, .sizeLineFeed, .dataCarriageReturn,
            .dataLineFeed,
            .complete, .refused:
            // A body with one byte per chunk has six times the traffic, and takes as much more work.
            guard framingAllowance > 0 else { throw .chunkFramingTooLong }
            framingAllowance -= 1
            try readFraming(buffer[index])
            index += 1
        }
    }

    private mutating func moveData(_ buffer: inout [UInt8], _ index: inout Int) {
        let count = min(remaining, buffer.count - index)
        buffer.moveBytes(index..<(index + count), to: bodyEnd)
        bodyEnd += count
        index += count
        remaining -= count
        framingAllowance += count
        if remaining == 0 { phase = .dataCarriageReturn }
    }

    private mutating func readFraming(_ byte: UInt8) throws(MessageError) {
        switch phase {
        case .size: try readSize(byte)
        case .blankBehindSize:
            // White space is allowed before the semicolon of an extension, and nowhere else (RFC 9112 §7.1.1).
            guard Grammar.isBlank(byte) || byte == UInt8(ascii: ";") else {
                throw byte == ASCII.lineFeed ? .bareLineFeed : .chunkSize
            }
            try readExtension(byte)
        case .extensionText, .quotedText, .escapedByte: try readExtension(byte)
        case .sizeLineFeed:
            guard byte == ASCII.lineFeed else { throw .bareCarriageReturn }
            phase = remaining > 0 ? .data : .trailers
            sizeDigits = 0
        case .dataCarriageReturn:
            guard byte == ASCII.carriageReturn else { throw .chunkEnd }
            phase = .dataLineFeed
        case .dataLineFeed:
            guard byte == ASCII.lineFeed else { throw .chunkEnd }
            phase = .size
        case .data, .trailers, .complete, .refused: break
        }
    }

    /// The size is refused as soon as it exceeds the limit, so it cannot overflow.
    private mutating func readSize(_ byte: UInt8) throws(MessageError) {
        if let digit = Grammar.hexDigit(byte) {
            guard sizeDigits < Self.sizeDigitsMaximum else { throw .chunkSize }
            sizeDigits += 1
            let allowance = bodyLimit - (bodyEnd - bodyStart)
            guard remaining <= (allowance - digit) / 16, allowance >= digit else { throw .bodyTooLarge }
            remaining = remaining * 16 + digit
            return
        }
        guard sizeDigits > 0 else { throw byte == ASCII.lineFeed ? .bareLineFeed : .chunkSize }
        switch byte {
        case ASCII.carriageReturn: phase = .sizeLineFeed
        case ASCII.lineFeed: throw .bareLineFeed
        case ASCII.space, ASCII.tab:
            phase = .blankBehindSize
            try chargeExtension()
        case UInt8(ascii: ";"): try readExtension(byte)
        default: throw .chunkSize
        }
    }

    /// The text of extensions is dropped. Only quotes are tracked: parsers differ in line ends inside of them.
    private mutating func readExtension(_ byte: UInt8) throws(MessageError) {
        if byte != ASCII.carriageReturn { try chargeExtension() }
        guard byte != ASCII.lineFeed else { throw .bareLineFeed }
        let endsLine = byte == ASCII.carriageReturn && phase == .extensionText
        guard endsLine || Grammar.isFieldText(byte) else { throw .chunkExtension }
        switch (phase, byte) {
        case (.extensionText, ASCII.carriageReturn): phase = .sizeLineFeed
        case (.quotedText, UInt8(ascii: "\\")): phase = .escapedByte
        case (.quotedText, UInt8(ascii: "\"")): phase = .extensionText
        case (.quotedText, _), (.escapedByte, _): phase = .quotedText
        case (.blankBehindSize, ASCII.space), (.blankBehindSize, ASCII.tab): break
        case (_, UInt8(ascii: "\"")): phase = .quotedText
        default: phase = .extensionText
        }
    }

    private mutating func chargeExtension() throws(MessageError) {
        guard extensionAllowance > 0 else { throw .chunkExtensionsTooLong }
        extensionAllowance -= 1
    }

    private mutating func readTrailers(_ bytes: Span<UInt8>, _ index: inout Int) throws(MessageError) {
        let start = index
        let end = min(bytes.count, index + trailerAllowance)
        var progress = FieldLineParser.Progress.line
        while progress == .line { progress = trailers.advance(bytes, index: &index, end: end) }
        trailerAllowance -= index - start
        switch progress {
        case .end: phase = .complete
        case .fault(let fault): throw fault
        case .needMore, .line:
            guard trailerAllowance > 0 else { throw .trailersTooLarge }
        }
    }

    /// Sixteen digits are enough for every 64-bit size; more can only be leading zeros or an attempt at overflow.
    private static let sizeDigitsMaximum = 16
}
