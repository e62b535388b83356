import SluiceBase
import SluiceHTTP
import TestSupport
import Testing

@Suite struct ChunkedDecoderTests {
    /// What a decoder made of some bytes, in a form that tests compare.
    enum Decoded: Equatable {
        case needMore(body: String)
        case complete(body: String, behind: String)
        case refused(MessageError, ErrorCode)
    }

    private static let head = Array("head".utf8)

    /// Decodes as the bytes come in, up to each of `cuts` and then to the end.
    private static func decode(_ bytes: [UInt8], cuts: [Int] = [], limit: Int = 1000, limits: HTTPLimits = HTTPLimits())
        -> Decoded
    {
        var decoder = ChunkedDecoder(bodyStart: head.count, bodyLimit: limit, limits: limits)
        var buffer = head
        var start = 0
        var step = ChunkedDecoder.Step.needMore
        for cut in cuts.sorted() + [bytes.count] {
            buffer += bytes[start..<cut]
            start = cut
            if step == .needMore { step = decoder.decode(&buffer) }
        }
        #expect(Array(buffer.prefix(head.count)) == head)
        switch step {
        case .needMore:
            #expect(buffer.count == decoder.bodyEnd)
            return .needMore(body: buffer.span.extracting(head.count..<buffer.count).text)
        case .complete(let end):
            return .complete(
                body: buffer.span.extracting(head.count..<end).text,
                behind: buffer.span.extracting(end..<buffer.count).text)
        case .refused(let code): return .refused(decoder.fault ?? .truncated, code)
        }
    }

    static let accepted: [(String, String)] = [
        ("0\r\n\r\n", ""), ("3\r\nabc\r\n0\r\n\r\n", "abc"), ("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"), ("0000000000000003\r\nabc\r\n00\r\n\r\n", "abc"),
        ("3;a\r\nabc\r\n0;b=c\r\n\r\n", "abc"),
        ("3;a=\"b;\\\"c d\"\r\nabc\r\n0\r\n\r\n", "abc"), ("3 \t;a = b\r\nabc\r\n0\r\n\r\n", "abc"),
        ("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
        ("1\r\na\r\n0\r\nX: y\r\nContent-Length: 5\r\n\r\n", "a"),
    ]

    @Test("chunks become a contiguous body; extensions and trailers are dropped")
    func accepts() {
        for (text, body) in Self.accepted {
            #expect(Self.decode(Array(text.utf8)) == .complete(body: body, behind: ""))
        }
    }

    @Test("chunks of one byte are accepted up to 64 KiB of framing, and then no more framing than data")
    func framing() {
        var limits = HTTPLimits()
        limits.chunkFramingBytes = 50
        let few = String(repeating: "1\r\na\r\n", count: 11) + "0\r\n\r\n"
        #expect(
            Self.decode(Array(few.utf8), limits: limits)
                == .complete(body: String(repeating: "a", count: 11), behind: ""))
        let many = String(repeating: "1\r\na\r\n", count: 13)
        #expect(Self.decode(Array(many.utf8), limits: limits) == .refused(.chunkFramingTooLong, .malformedRequest))
        let larger = String(repeating: "8\r\nabcdefgh\r\n", count: 100)
        #expect(
            Self.decode(Array(larger.utf8), limits: limits)
                == .needMore(body: String(repeating: "abcdefgh", count: 100)))
    }

    @Test("the bytes after the last chunk are unchanged, directly after the body")
    func pipelined() {
        for (text, body) in Self.accepted {
            #expect(
                Self.decode(Array((text + "GET / HTTP/1.1\r\n").utf8))
                    == .complete(body: body, behind: "GET / HTTP/1.1\r\n"))
        }
    }

    @Test("a malformed chunk is refused with 400 at its first wrong byte", arguments: refused)
    func refuses(_ row: RefusalRow) {
        #expect(Self.decode(Array(row.text.utf8)) == .refused(row.fault, row.fault.code))
        #expect(row.fault.code.httpStatus == row.status)
    }

    static let refused: [RefusalRow] = [
        .init("\r", .chunkSize), .init("\n", .bareLineFeed), .init("g", .chunkSize), .init("-", .chunkSize),
        .init("+3", .chunkSize),
        .init("0x3", .chunkSize), .init(" 3", .chunkSize), .init(";a", .chunkSize), .init("3\n", .bareLineFeed),
        .init("3\rX", .bareCarriageReturn),
        .init("3 \r", .chunkSize), .init("3 4", .chunkSize), .init("3 \n", .bareLineFeed), .init("3\u{0}", .chunkSize),
        .init("3,", .chunkSize),
        .init("3;a\n", .bareLineFeed), .init("3;a\rX", .bareCarriageReturn), .init("3;a\u{0}", .chunkExtension),
        .init("3;a=\"b\r", .chunkExtension), .init("3;a=\"b\n", .bareLineFeed), .init("3;a=\"b\\\r", .chunkExtension),
        .init("00000000000000003", .chunkSize), .init("3e9", .bodyTooLarge, 413),
        .init("FFFFFFFFFFFFFFFF", .bodyTooLarge, 413),
        .init("FFFFFFFFFFFFFFFFFFFF", .bodyTooLarge, 413), .init("10000000000000003", .bodyTooLarge, 413),
        .init("3\r\nabcd", .chunkEnd),
        .init("3\r\nabc\n", .chunkEnd), .init("3\r\nabc\rX", .chunkEnd), .init("3\r\nabc0", .chunkEnd),
        .init("0\r\n\n", .bareLineFeed),
        .init("0\r\n\rX", .bareCarriageReturn), .init("0\r\n X", .foldedLine), .init("0\r\nA: b\r\n c", .foldedLine),
        .init("0\r\nA ", .spaceBeforeColon),
        .init("0\r\nA: b\n", .bareLineFeed), .init("0\r\nA: \u{0}", .controlByte), .init("0\r\nA\r", .headerName),
    ]

    @Test("however the bytes are cut up, the result is the same")
    func splits() {
        for text in Self.accepted.map({ $0.0 + "GET" }) + Self.refused.map({ $0.text + "xyz" }) + [
            "3\r\nab", "3\r\nabc\r\n", "0\r\nA: b\r\n",
        ] {
            let bytes = Array(text.utf8)
            let whole = Self.decode(bytes)
            for cut in 0...bytes.count where Self.decode(bytes, cuts: [cut]) != whole {
                Issue.record("\(PrintableText.escape(text)) cut at \(cut)")
            }
            #expect(Self.decode(bytes, cuts: Array(0...bytes.count)) == whole)
        }
    }

    @Test(
        "a body of exactly the limit is taken; a chunk that would go over it is refused when it says so, before its data"
    )
    func bodyLimit() {
        #expect(
            Self.decode(Array("2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n".utf8), limit: 5)
                == .complete(body: "abcde", behind: ""))
        #expect(Self.decode(Array("2\r\nab\r\n4".utf8), limit: 5) == .refused(.bodyTooLarge, .bodyTooLarge))
        #expect(Self.decode(Array("1".utf8), limit: 0) == .refused(.bodyTooLarge, .bodyTooLarge))
        #expect(Self.decode(Array("0\r\n\r\n".utf8), limit: 0) == .complete(body: "", behind: ""))
        #expect(Self.decode(Array("7FFFFFFFFFFFFFFF\r\nab".utf8), limit: .max) == .needMore(body: "ab"))
        #expect(Self.decode(Array("8000000000000000".utf8), limit: .max) == .refused(.bodyTooLarge, .bodyTooLarge))
    }

    @Test("chunk extensions and trailers are limited to their bytes and lines exactly")
    func overhead() {
        var limits = HTTPLimits()
        limits.chunkExtensionBytes = 3
        limits.trailerBytes = 8
        limits.headerLines = 1
        #expect(Self.decode(Array("1;a\r\nx\r\n0;\r\n\r\n".utf8), limits: limits) == .complete(body: "x", behind: ""))
        #expect(
            Self.decode(Array("1;a\r\nx\r\n0;b".utf8), limits: limits)
                == .refused(.chunkExtensionsTooLong, .malformedRequest))
        #expect(Self.decode(Array("0\r\nA: b\r\n\r\n".utf8), limits: limits) == .complete(body: "", behind: ""))
        #expect(
            Self.decode(Array("0\r\nA: bc\r\n\r\n".utf8), limits: limits) == .refused(.trailersTooLarge, .headTooLarge))
        limits.trailerBytes = 100
        #expect(
            Self.decode(Array("0\r\nA: b\r\nC".utf8), limits: limits) == .refused(.tooManyHeaderLines, .headTooLarge))
    }

    @Test("random chunks cut up at random give the body that went in", arguments: 0..<20)
    func random(_ seed: Int) {
        var generator = SeededRandom(seed: UInt64(seed))
        for _ in 0..<50 {
            var body: [UInt8] = []
            var wire: [UInt8] = []
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                let chunk = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                    UInt8.random(in: 0x61...0x7A, using: &generator)
                }
                body += chunk
                wire += Array("\(String(chunk.count, radix: 16));x=y\r\n".utf8) + chunk + [13, 10]
            }
            wire += Array("0\r\nT: u\r\n\r\nNEXT".utf8)
            let cuts = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                Int.random(in: 0...wire.count, using: &generator)
            }
            #expect(Self.decode(wire, cuts: cuts) == .complete(body: body.span.text, behind: "NEXT"))
        }
    }
}
