import SluiceBase
import SluiceJSON
import Testing

@testable import DevQueue

/// SluiceJSON and the oracle of a Zizq server's reader were written independently: what one accepts the other must
/// accept, too.
@Suite struct ReaderAgreementTests {
    private static let pieces = [
        "{", "}", "[", "]", ",", ":", " ", "\n", #""a""#, #""\u0061\n""#, #""\ud83d\ude00""#, #""\ud83d""#,
        #""\udc00\ud83d""#, #""é😀""#,
        "\"\u{1}\"",
        "null", "true", "false", "nul", "0", "-0", "01", "-", "1.5", "1.", "1e5", "1e", "1e400", "1e-400", "-1e309",
        "12345678901234567890123",
        "0.1e309", #"{"a":1}"#, #"{"a":1,"a":[]}"#, #"[1,2,{"b":null}]"#, "[[[[[[[[[[[[[[[[[[[[",
        "]]]]]]]]]]]]]]]]]]]]", "\u{FEFF}", "/",
        "\"",
    ]
    private static let damage: [UInt8] =
        Array(#"{}[],:"\ue0-1.5tfn "#.utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xC0, 0xE2, 0xED, 0xF4, 0xFF]

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

    private func value(_ depth: Int, _ random: inout SeededRandom) -> String {
        let elements = (0..<Int.random(in: 0...3, using: &random))
        switch depth == 0 ? 0 : Int.random(in: 0..<4, using: &random) {
        case 0, 1: return Self.pieces[Int.random(in: 8..<Self.pieces.count, using: &random)]
        case 2: return "[" + elements.map { _ in value(depth - 1, &random) }.joined(separator: ",") + "]"
        default: return "{" + elements.map { #""k\#($0)": "# + value(depth - 1, &random) }.joined(separator: " ,") + "}"
        }
    }

    @Test("loose pieces of JSON are taken or refused alike", arguments: 0..<8)
    func pieces(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<1000 {
            let count = Int.random(in: 1...6, using: &random)
            let text = (0..<count).map { _ in Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)] }
                .joined()
            #expect(readerAccepts(Array(text.utf8)) == scannerAccepts(Array(text.utf8)), "\(text)")
        }
    }

    @Test("whole values, sound and damaged in a byte or two, are taken or refused alike", arguments: 0..<8)
    func values(seed: UInt64) {
        var random = SeededRandom(seed: seed &+ 1000)
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

    @Test("both stop at the same depth", arguments: [123, 124, 125, 126])
    func depth(levels: Int) {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let inner = open == "[" ? "" : "1"
            let text = Array(
                (String(repeating: open, count: levels) + inner + String(repeating: close, count: levels)).utf8)
            #expect(readerAccepts(text) == (levels <= 124))
            #expect(scannerAccepts(text) == (levels <= 124))
        }
    }

    private static let members = [
        #""type":"t""#, #""queue":"q""#, #""payload":{"a":[1]}"#, #""type":1"#, #""queue":null"#, #""payload":1e400"#,
        #""payload":null"#,
        #""priority":65535"#, #""priority":65536"#, #""priority":-1"#, #""priority":-0"#, #""priority":1.0"#,
        #""priority":null"#,
        #""ready_at":18446744073709551615"#, #""ready_at":18446744073709551616"#, #""retry_limit":"3""#,
        #""unique_key":"k""#,
        #""unique_key":5"#, #""unique_while":"x""#, #""backoff":{"base_ms":1,"exponent":2.5,"jitter_ms":3}"#,
        #""backoff":{"base_ms":1,"exponent":2}"#, #""backoff":{"base_ms":1,"base_ms":1,"exponent":2,"jitter_ms":3}"#,
        #""backoff":[]"#,
        #""retention":{}"#, #""retention":{"dead_ms":null,"completed_ms":7}"#, #""retention":{"dead_ms":-1}"#,
        #""batch":{"key":"k","when":"true","fold":"$new"}"#, #""batch":{"key":"k"}"#, #""other":[{"a":1}]"#,
        #""\u0074ype":"t""#,
    ]

    @Test(
        "bodies of jobs, with members that are missing, doubled or of the wrong kind, are accepted or refused alike",
        arguments: 0..<8)
    func jobs(seed: UInt64) {
        var random = SeededRandom(seed: seed &+ 2000)
        var accepted = 0
        for _ in 0..<1000 {
            let basis = Bool.random(using: &random) ? Array(Self.members[..<3]) : []
            let others = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                Self.members.randomElement(using: &random) ?? ""
            }
            let job = "{" + (basis + others).shuffled(using: &random).joined(separator: ",") + "}"
            let alone = (try? RequestReader.job(Array(job.utf8).span)) != nil
            #expect(alone == (ServerWords.refusal(of: Array(job.utf8), path: "/jobs") == nil), "\(job)")
            let bulk = Array(#"{"jobs":[\#(job),\#(job)]}"#.utf8)
            #expect(
                ((try? RequestReader.jobs(bulk.span)) != nil)
                    == (ServerWords.refusal(of: bulk, path: "/jobs/bulk") == nil), "\(job)")
            accepted += alone ? 1 : 0
        }
        #expect(accepted > 10)
    }
}
