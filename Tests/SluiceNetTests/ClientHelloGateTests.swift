import Testing

@testable import SluiceNet

@Suite struct ClientHelloGateTests {
    /// A record of the handshake type with a ClientHello's header that announces `announced` bytes.
    private static func hello(announced: Int, content: Int, type: UInt8 = 1) -> [UInt8] {
        let header: [UInt8] = [type, UInt8(announced >> 16), UInt8(announced >> 8 & 255), UInt8(announced & 255)]
        return record(22, header + [UInt8](repeating: 0, count: content))
    }

    private static func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        [type, 3, 1, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
    }

    private static func verdict(_ bytes: [UInt8]) -> ClientHelloGate.Verdict {
        var gate = ClientHelloGate()
        return gate.next(bytes[...])
    }

    @Test("a ClientHello is handed on once its record is whole, however it was cut")
    func whole() {
        let bytes = Self.hello(announced: 500, content: 500)
        for count in bytes.indices { #expect(Self.verdict(Array(bytes[..<count])) == .needMore, "\(count) bytes") }
        #expect(Self.verdict(bytes) == .record(length: bytes.count))
        #expect(Self.verdict(bytes + [22, 3]) == .record(length: bytes.count))
    }

    @Test("a ClientHello that announces more than 16 KiB is refused with its ninth byte")
    func tooLarge() {
        let bytes = Self.hello(announced: 16 * 1024 + 1, content: 100)
        #expect(Self.verdict(Array(bytes[..<8])) == .needMore)
        #expect(Self.verdict(Array(bytes[..<9])) == .refused(.clientHelloTooLarge))
        #expect(Self.verdict(Array(Self.hello(announced: 16 * 1024, content: 100)[..<9])) == .needMore)
    }

    @Test("an alert instead of a ClientHello is distinguished from other records, and from text")
    func alert() {
        #expect(Self.verdict([21]) == .refused(.alert))
        #expect(Self.verdict([20]) == .refused(.badRecord))
        #expect(Self.verdict([UInt8(ascii: "P")]) == .refused(.clearText))
    }

    @Test("a ClientHello in several records is handed on record by record")
    func fragments() {
        var gate = ClientHelloGate()
        #expect(gate.next(Self.hello(announced: 1000, content: 60)[...]) == .record(length: 69))
        // The length of a later piece is not taken for that of a message.
        #expect(gate.next(Self.record(22, [1, 255, 255, 255])[...]) == .record(length: 9))
    }

    @Test("a second ClientHello, after a retry was asked for, is held to the same length")
    func retry() {
        var gate = ClientHelloGate()
        _ = gate.next(Self.hello(announced: 100, content: 100)[...])
        gate.retryRequested()
        // What middleboxes want to see may come before it (RFC 8446 §D.4).
        #expect(gate.next(Self.record(20, [1])[...]) == .record(length: 6))
        #expect(gate.next(Self.hello(announced: 100_000, content: 100)[...]) == .refused(.clientHelloTooLarge))
    }

    @Test("text is distinguished from other data and from TLS")
    func notTLS() {
        for text in ["GET / HTTP/1.1", "POST", "PRI * HTTP/2.0", "\r\nGET", "get"] {
            #expect(Self.verdict(Array(text.utf8)) == .refused(.clearText), "\(text)")
        }
        for bytes: [UInt8] in [[0x80, 0x2E, 1], [0], [20, 3, 1], [23, 3, 3], [0xFF]] {
            #expect(Self.verdict(bytes) == .refused(.badRecord), "\(bytes)")
        }
        for bytes: [UInt8] in [
            [22, 2, 0, 0, 10], [22, 3, 1, 0, 0], [22, 3, 1, 0x40, 1], [22, 3, 1, 0, 3],
            Self.hello(announced: 5, content: 5, type: 2),
        ] {
            #expect(Self.verdict(bytes) == .refused(.badRecord), "\(bytes)")
        }
    }
}
