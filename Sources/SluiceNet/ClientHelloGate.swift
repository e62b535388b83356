/// Checks the records of a ClientHello before OpenSSL gets them: OpenSSL allocates the announced size, up to 128 KiB,
/// as soon as it has read the first nine bytes. State machine without I/O.
struct ClientHelloGate {
    /// The result for the bytes so far.
    enum Verdict: Hashable {
        case needMore
        /// The first `length` bytes are one complete record, which can be passed to OpenSSL.
        case record(length: Int)
        case refused(TLSFailureCause)
    }

    /// The maximum ClientHello message, in bytes. Post-quantum key shares take 2 KiB.
    static let maximumMessage = 16 * 1024
    /// The maximum record: 2^14 bytes and its header (RFC 8446 §5.1).
    static let maximumRecord = 16 * 1024 + headerLength
    private static let headerLength = 5
    private static let messageHeaderLength = 4

    private enum ContentType {
        static let alert: UInt8 = 21
        static let handshake: UInt8 = 22
    }

    private var isFirstRecord = true
    private var isMessageKnown = false

    /// The server has asked for another ClientHello (RFC 8446 §4.1.4).
    mutating func retryRequested() { isMessageKnown = false }

    /// Checks what was received and not passed on yet; it starts with a record.
    mutating func next(_ bytes: ArraySlice<UInt8>) -> Verdict {
        guard let type = bytes.first else { return .needMore }
        if isFirstRecord, type != ContentType.handshake { return .refused(Self.cause(ofFirst: type)) }
        guard bytes.count >= Self.headerLength else { return .needMore }
        let start = bytes.startIndex
        let length = Int(bytes[start + 3]) << 8 | Int(bytes[start + 4])
        guard bytes[start + 1] == 3, length > 0, length + Self.headerLength <= Self.maximumRecord else {
            return .refused(.badRecord)
        }
        if type == ContentType.handshake, !isMessageKnown {
            if let verdict = messageVerdict(bytes.dropFirst(Self.headerLength), recordLength: length) { return verdict }
        }
        guard bytes.count >= Self.headerLength + length else { return .needMore }
        isFirstRecord = false
        if type == ContentType.handshake { isMessageKnown = true }
        return .record(length: Self.headerLength + length)
    }

    /// - Returns: `nil` if the message is allowed.
    private func messageVerdict(_ content: ArraySlice<UInt8>, recordLength: Int) -> Verdict? {
        guard recordLength >= Self.messageHeaderLength else { return .refused(.badRecord) }
        guard content.count >= Self.messageHeaderLength else { return .needMore }
        let start = content.startIndex
        guard content[start] == 1 else { return .refused(.badRecord) }
        let announced = Int(content[start + 1]) << 16 | Int(content[start + 2]) << 8 | Int(content[start + 3])
        return announced <= Self.maximumMessage ? nil : .refused(.clientHelloTooLarge)
    }

    private static func cause(ofFirst type: UInt8) -> TLSFailureCause {
        // A client that cannot continue sends an alert and closes.
        if type == ContentType.alert { return .alert }
        return isText(type) ? .clearText : .badRecord
    }

    /// A letter, or the line break that some clients send before a request: TLS never starts like this.
    private static func isText(_ byte: UInt8) -> Bool {
        byte == 0x0A || byte == 0x0D || (byte | 0x20) &- 0x61 < 26
    }
}
