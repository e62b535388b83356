import SluiceBase
import SluiceHTTP
import TestSupport
import Testing

/// However the bytes are cut up, the result is the same.
@Suite struct SplitInvarianceTests {
    static let requests: [String] =
        [
            "POST /github?x=1 HTTP/1.1\r\nHost: h\r\nA:  b \r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n",
            "\r\nGET http://h HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nA: b",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\nB\n",
        ] + RefusalRow.requestLines.map { $0.text + "x\r\n" } + RefusalRow.targets.map { $0.text + " HTTP/1.1\r\n\r\n" }
        + RefusalRow.headerLines.map { "GET / HTTP/1.1\r\nHost: h\r\n" + $0.text + "x\r\n\r\n" }
        + RefusalRow.smuggling.map { "POST / HTTP/1.1\r\nHost: h\r\n" + $0.text + "\r\n" }

    @Test("a head cut at any one place, or between all bytes, gives what it gives whole")
    func oneCut() {
        for bytes in Self.requests.map({ Array($0.utf8) }) {
            let whole = ParsedRequest.whole(bytes)
            for cut in 0...bytes.count where ParsedRequest.pieces(bytes, cuts: [cut]) != whole {
                Issue.record("\(PrintableText.escape(bytes.span.text)) cut at \(cut)")
            }
            #expect(ParsedRequest.pieces(bytes, cuts: Array(0..<bytes.count)) == whole)
        }
    }

    @Test("with small limits too", arguments: [1, 4, 5, 10, 16, 20, 24, 25, 26, 27, 36, 37, 40])
    func smallLimits(_ limit: Int) {
        var limits = HTTPLimits()
        limits.headBytes = limit
        limits.headerLines = 2
        limits.targetBytes = 6
        for text in [
            "GET /aaaa HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n", "GET /aaaaaaa HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nB x\r\n",
        ] {
            let bytes = Array(text.utf8)
            let whole = ParsedRequest.whole(bytes, limits: limits)
            #expect(ParsedRequest.pieces(bytes, cuts: Array(0..<bytes.count), limits: limits) == whole)
        }
    }

    @Test("random bytes near HTTP give the same whole and in random pieces", arguments: 0..<20)
    func random(_ seed: Int) {
        var generator = SeededRandom(seed: UInt64(seed))
        for _ in 0..<300 {
            let bytes = Self.mutated(generator: &generator)
            let cuts = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                Int.random(in: 0...bytes.count, using: &generator)
            }
            #expect(ParsedRequest.pieces(bytes, cuts: cuts) == ParsedRequest.whole(bytes))
        }
    }

    private static func mutated(generator: inout SeededRandom) -> [UInt8] {
        let text = requests.randomElement(using: &generator) ?? ""
        var bytes = Array(text.utf8)
        let alphabet = Array("\r\n\t :,;aA0/?%[]\u{0}".utf8)
        for _ in 0..<Int.random(in: 0...3, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let byte = alphabet.randomElement(using: &generator) ?? 0
            if Bool.random(using: &generator) { bytes[place] = byte } else { bytes.insert(byte, at: place) }
        }
        return bytes
    }
}
