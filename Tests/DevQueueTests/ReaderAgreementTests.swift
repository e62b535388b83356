import SluiceJSON
import Testing

@testable import DevQueue

/// The queue's reader and the gateway's scanner were written apart from each other; what one takes for JSON the other must, too.
@Suite struct ReaderAgreementTests {
    private static let pieces = [
        "{", "}", "[", "]", ",", ":", " ", "\n", #""a""#, #""\u0061\n""#, #""\ud83d\ude00""#, #""\ud83d""#, #""\udc00\ud83d""#, #""é😀""#,
        "\"\u{1}\"",
        "null", "true", "false", "nul", "0", "-0", "01", "-", "1.5", "1.", "1e5", "1e", "1e400", "1e-400", "-1e309",
        "12345678901234567890123",
        "0.1e309", #"{"a":1}"#, #"{"a":1,"a":[]}"#, #"[1,2,{"b":null}]"#, "[[[[[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]]]]]", "\u{FEFF}", "/",
        "\"",
    ]
    private static let damage: [UInt8] = Array(#"{}[],:"\ue0-1.5tfn "#.utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xC0, 0xE2, 0xED, 0xF4, 0xFF]

    private func scannerAccepts(_ text: [UInt8]) -> Bool {
        var findings = JSONFindings()
        do throws(JSONError) {
            try JSONScanner.scan(text.span, paths: .none, into: &findings)
            return findings.loneSurrogates.isEmpty
        } catch {
            return false
        }
    }

    /// As a payload in a bulk.
    private func readerAccepts(_ text: [UInt8]) -> Bool {
        var reader = StrictJSONReader(text.span)
        reader.remainingDepth = 125
        do throws(StrictJSONError) {
            _ = try reader.readValue()
            try reader.readEnd()
            return true
        } catch {
            return false
        }
    }

    private func value(_ depth: Int, _ random: inout SplitMix) -> String {
        let elements = (0..<Int.random(in: 0...3, using: &random))
        switch depth == 0 ? 0 : Int.random(in: 0..<4, using: &random) {
        case 0, 1: return Self.pieces[Int.random(in: 8..<Self.pieces.count, using: &random)]
        case 2: return "[" + elements.map { _ in value(depth - 1, &random) }.joined(separator: ",") + "]"
        default: return "{" + elements.map { #""k\#($0)": "# + value(depth - 1, &random) }.joined(separator: " ,") + "}"
        }
    }

    @Test("Loose pieces of JSON are taken or refused alike", arguments: 0..<8)
    func pieces(seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<1000 {
            let count = Int.random(in: 1...6, using: &random)
            let text = (0..<count).map { _ in Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)] }.joined()
            #expect(readerAccepts(Array(text.utf8)) == scannerAccepts(Array(text.utf8)), "\(text)")
        }
    }

    @Test("Whole values, sound and damaged in a byte or two, are taken or refused alike", arguments: 0..<8)
    func values(seed: UInt64) {
        var random = SplitMix(state: seed &+ 1000)
        var accepted = 0
        for _ in 0..<500 {
            var text = Array(value(4, &random).utf8)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let index = Int.random(in: 0..<text.count, using: &random)
                text[index] = Self.damage[Int.random(in: 0..<Self.damage.count, using: &random)]
            }
            let isAccepted = readerAccepts(text)
            accepted += isAccepted ? 1 : 0
            #expect(isAccepted == scannerAccepts(text), "\(text)")
        }
        #expect(accepted > 10)
    }

    @Test("Both stop at the same depth", arguments: [123, 124, 125, 126])
    func depth(levels: Int) {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let inner = open == "[" ? "" : "1"
            let text = Array((String(repeating: open, count: levels) + inner + String(repeating: close, count: levels)).utf8)
            #expect(readerAccepts(text) == (levels <= 124))
            #expect(scannerAccepts(text) == (levels <= 124))
        }
    }
}
