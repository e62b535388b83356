internal import SluiceBase

/// Parses `HTTP/1.d SP ddd SP reason CRLF` (RFC 9112 §4) byte by byte. The space after the status may be missing
/// together with the reason, because several servers omit both.
struct StatusLineParser: Sendable {
    private(set) var status = 0
    private(set) var minorVersion = 1
    private var position = 0
    private var endsLine = false

    /// Whether the line is complete; `index` is then after it.
    mutating func advance(_ bytes: Span<UInt8>, index: inout Int, end: Int) throws(MessageError) -> Bool {
        while index < end {
            let byte = bytes[index]
            index += 1
            if endsLine {
                guard byte == ASCII.lineFeed else { throw .bareCarriageReturn }
                return true
            }
            try read(byte)
            position += 1
        }
        return false
    }

    private mutating func read(_ byte: UInt8) throws(MessageError) {
        guard byte != ASCII.lineFeed else { throw .bareLineFeed }
        switch position {
        case 0..<5, 6:
            guard byte == Self.versionForm[position] else { throw .version }
        case 5:
            guard ASCII.isDigit(byte) else { throw .version }
            guard byte == UInt8(ascii: "1") else { throw .versionNotSupported }
        case 7:
            guard ASCII.isDigit(byte) else { throw .version }
            guard byte <= UInt8(ascii: "1") else { throw .versionNotSupported }
            minorVersion = Int(byte &- 0x30)
        case 8:
            guard byte == ASCII.space else { throw .version }
        case 9...11: try readStatusDigit(byte)
        case 12 where byte != ASCII.carriageReturn:
            guard byte == ASCII.space else { throw .statusLine }
        default:
            endsLine = byte == ASCII.carriageReturn
            guard endsLine || Grammar.isFieldText(byte) else { throw .controlByte }
        }
    }

    private mutating func readStatusDigit(_ byte: UInt8) throws(MessageError) {
        guard ASCII.isDigit(byte) else { throw .statusLine }
        status = status * 10 + Int(byte &- 0x30)
        guard position > 9 || (1...5).contains(status) else { throw .statusLine }
    }

    private static let versionForm = Array("HTTP/1.1".utf8)
}
