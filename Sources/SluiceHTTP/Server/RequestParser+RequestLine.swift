internal import SluiceBase

/// The request line: `method SP target SP version CRLF`, one space each (RFC 9112 §3).
extension RequestParser {
    /// Parses to the end of the request line; then the phase is `fields`. Stops at `end`.
    mutating func advanceRequestLine(_ bytes: Span<UInt8>, end: Int) throws(MessageError) {
        while index < end {
            switch phase {
            case .start:
                try beginRequest(bytes[index])
            case .leadingLineFeed:
                guard bytes[index] == ASCII.lineFeed else { throw .bareCarriageReturn }
                index += 1
                phase = .methodStart
            case .methodStart:
                method = index..<index
                phase = .method
            case .method: try readMethod(bytes, end: end)
            case .target: try readTarget(bytes, end: end)
            case .version: try readVersion(bytes, end: end)
            case .fields, .complete, .refused: return
            }
        }
    }

    /// One empty line before the request line is skipped: some senders end a body with an additional one (RFC 9112
    /// §2.2).
    private mutating func beginRequest(_ byte: UInt8) throws(MessageError) {
        switch byte {
        case ASCII.carriageReturn:
            index += 1
            phase = .leadingLineFeed
        case ASCII.lineFeed: throw .bareLineFeed
        // The content type of a TLS handshake record (RFC 8446 §5.1).
        case 0x16: throw .tlsHandshake
        default: phase = .methodStart
        }
    }

    private mutating func readMethod(_ bytes: Span<UInt8>, end: Int) throws(MessageError) {
        let stop = min(end, method.lowerBound + Self.methodBytes + 1)
        while index < stop, Grammar.isToken(bytes[index]) { index &+= 1 }
        method = method.lowerBound..<index
        guard method.count <= Self.methodBytes else { throw .method }
        guard index < end else { return }
        guard bytes[index] == ASCII.space, !method.isEmpty else {
            let isWord = bytes[index] == ASCII.carriageReturn && !method.isEmpty
            throw Self.fault(for: bytes[index], otherwise: isWord ? .requestLine : .method)
        }
        index += 1
        target = index..<index
        phase = .target
    }

    private mutating func readTarget(_ bytes: Span<UInt8>, end: Int) throws(MessageError) {
        let stop = min(end, target.lowerBound + limits.targetBytes + 1)
        while index < stop, Grammar.isTarget(bytes[index]) || mayHoldBracket(bytes) { index &+= 1 }
        target = target.lowerBound..<index
        guard target.count <= limits.targetBytes else { throw .targetTooLong }
        guard index < end else { return }
        guard bytes[index] == ASCII.space, !target.isEmpty else { throw Self.targetFault(bytes[index]) }
        index += 1
        versionStart = index
        phase = .version
    }

    /// Brackets are only allowed around an IPv6 address, so in an absolute URL (RFC 3986 §3.2.2).
    private func mayHoldBracket(_ bytes: Span<UInt8>) -> Bool {
        guard bytes[index] == UInt8(ascii: "[") || bytes[index] == UInt8(ascii: "]") else { return false }
        return bytes[target.lowerBound] != UInt8(ascii: "/")
    }

    /// `HTTP/d.d CRLF`, checked as far as it has arrived.
    private mutating func readVersion(_ bytes: Span<UInt8>, end: Int) throws(MessageError) {
        while index < end {
            let byte = bytes[index]
            let position = index - versionStart
            index += 1
            switch position {
            case 0..<5, 6:
                guard byte == Self.versionForm[position] else {
                    throw Self.fault(for: byte, otherwise: position == 0 ? .requestLine : .version)
                }
            case 5, 7:
                guard ASCII.isDigit(byte) else { throw Self.fault(for: byte, otherwise: .version) }
            case 8:
                guard byte == ASCII.carriageReturn else { throw Self.fault(for: byte, otherwise: .version) }
            default:
                guard byte == ASCII.lineFeed else { throw .bareCarriageReturn }
                return try endRequestLine(bytes)
            }
        }
    }

    private mutating func endRequestLine(_ bytes: Span<UInt8>) throws(MessageError) {
        let minor = bytes[versionStart + 7] &- 0x30
        guard bytes[versionStart + 5] == UInt8(ascii: "1"), minor <= 1 else { throw .versionNotSupported }
        minorVersion = Int(minor)
        target = try RequestTarget.resolve(bytes, method: method, target: target)
        phase = .fields
    }

    /// The fault of a target that is empty or ends at a byte that it cannot contain.
    private static func targetFault(_ byte: UInt8) -> MessageError {
        switch byte {
        case ASCII.lineFeed: .bareLineFeed
        case ASCII.carriageReturn, ASCII.space: .requestLine
        case 0..<0x20, 0x7F: .controlByte
        default: .targetByte
        }
    }

    private static func fault(for byte: UInt8, otherwise fault: MessageError) -> MessageError {
        byte == ASCII.lineFeed ? .bareLineFeed : fault
    }

    private static let methodBytes = 32
    private static let versionForm = Array("HTTP/1.1".utf8)
}
