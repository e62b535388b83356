import SluiceBase
import SluiceHTTP
import Testing

@testable import DevQueue

@Suite struct MessagePackTests {
    private func json(_ bytes: [UInt8]) throws(MessagePackError) -> String {
        String(decoding: try MessagePackReader.json(from: bytes.span), as: UTF8.self)
    }

    private func pack(_ json: String) -> [UInt8] { MessagePackWriter.messagePack(fromJSON: Array(json.utf8)) }

    @Test(
        "Each kind of value has one JSON, and that again its shortest form",
        arguments: [
            ([0xC0], "null"), ([0xC2], "false"), ([0xC3], "true"), ([0x00], "0"), ([0x7F], "127"), ([0xCC, 0x80], "128"),
            ([0xCD, 0x01, 0x00], "256"), ([0xCE, 0x00, 0x01, 0x00, 0x00], "65536"),
            ([0xCF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "18446744073709551615"), ([0xFF], "-1"), ([0xE0], "-32"),
            ([0xD0, 0x80], "-128"), ([0xD1, 0x80, 0x00], "-32768"), ([0xD2, 0x80, 0x00, 0x00, 0x00], "-2147483648"),
            ([0xD3, 0x80, 0, 0, 0, 0, 0, 0, 0], "-9223372036854775808"), ([0xCB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0], "1.5"),
            ([0xCB, 0x80, 0, 0, 0, 0, 0, 0, 0], "-0.0"), ([0xA0], #""""#), ([0xA2, 0xC3, 0xA9], #""é""#),
            ([0xA3, 0x22, 0x5C, 0x0A], #""\"\\\n""#),
            ([0x90], "[]"), ([0x92, 0x01, 0x91, 0xC0], "[1,[null]]"), ([0x80], "{}"),
            ([0x82, 0xA1, 0x61, 0x01, 0xA1, 0x62, 0x80], #"{"a":1,"b":{}}"#),
        ] as [([UInt8], String)])
    func values(bytes: [UInt8], text: String) throws {
        #expect(try json(bytes) == text)
        #expect(pack(text) == bytes)
    }

    @Test("What is longer than need be is read all the same")
    func longForms() throws {
        #expect(try json([0xCA, 0x3F, 0xC0, 0, 0]) == "1.5")
        #expect(try json([0xCF, 0, 0, 0, 0, 0, 0, 0, 1]) == "1")
        #expect(try json([0xD3, 0, 0, 0, 0, 0, 0, 0, 1]) == "1")
        #expect(try json([0xD9, 1, 0x61]) == #""a""#)
        #expect(try json([0xDA, 0, 1, 0x61]) == #""a""#)
        #expect(try json([0xDB, 0, 0, 0, 1, 0x61]) == #""a""#)
        #expect(try json([0xDC, 0, 1, 0xC0]) == "[null]")
        #expect(try json([0xDD, 0, 0, 0, 1, 0xC0]) == "[null]")
        #expect(try json([0xDE, 0, 1, 0xD9, 1, 0x61, 0xC0]) == #"{"a":null}"#)
        #expect(try json([0xDF, 0, 0, 0, 1, 0xA1, 0x61, 0xC0]) == #"{"a":null}"#)
    }

    @Test("Containers and texts have the head that their size asks for", arguments: [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536])
    func sizes(count: Int) throws {
        let array = "[" + Array(repeating: "0", count: count).joined(separator: ",") + "]"
        let text = "\"" + String(repeating: "x", count: count) + "\""
        let map = "{" + (0..<count).map { #""\#($0)":0"# }.joined(separator: ",") + "}"
        for value in [array, text, map] { #expect(try json(pack(value)) == value) }
    }

    @Test(
        "What is no MessagePack, or has no JSON, is refused and named",
        arguments: [
            ([], .truncated), ([0x91], .truncated), ([0xA2, 0x61], .truncated), ([0xCD, 0x01], .truncated), ([0xC0, 0xC0], .trailing),
            ([0xDD, 0xFF, 0xFF, 0xFF, 0xFF], .truncated), ([0xC1], .reserved), ([0x81, 0x01, 0x01], .key), ([0xA1, 0xFF], .text),
            ([0xCB, 0x7F, 0xF0, 0, 0, 0, 0, 0, 0], .notFinite), ([0xCA, 0x7F, 0xC0, 0, 0], .notFinite), ([0xC4, 0x00], .binary),
            ([0xC6, 0, 0, 0, 0], .binary), ([0xD4, 0x01, 0x00], .extended), ([0xC7, 0, 1], .extended),
            (Array(repeating: 0x91, count: 100_000), .tooDeep),
        ] as [([UInt8], MessagePackError)])
    func refuses(bytes: [UInt8], error: MessagePackError) {
        #expect(throws: error) { try json(bytes) }
    }

    @Test("Whatever the bytes, they are read or refused", arguments: 0..<4 as Range<UInt64>)
    func anything(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0..<20, using: &random)).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
            guard let text = try? json(bytes) else { continue }
            #expect(try json(pack(text)) == text)
        }
    }

    private let queue = QueueUnderTest()

    private func send(_ path: String, _ body: [UInt8], accept: String? = nil) throws -> HTTPResponse {
        let headers = [("content-type", "application/msgpack")] + (accept.map { [("accept", $0)] } ?? [])
        guard case .answer(let answer) = queue.reply("POST", path, headers: headers, body: body) else { throw QueueUnderTest.NoAnswer() }
        return answer
    }

    @Test("Jobs that come as MessagePack are the same as those that come as JSON, and the answer is in the notation asked for")
    func enqueues() throws {
        let payload = #"{"a":[1,-1,1.5,"é",null,true,18446744073709551615]}"#
        let body = pack(#"{"jobs":[{"type":"t","queue":"q","priority":7,"payload":\#(payload)}]}"#)
        let plain = try send("/jobs/bulk", body)
        #expect(plain.status == 201)
        #expect(plain.headers.map(\.value) == ["application/json"])
        let packed = try send("/jobs/bulk", body, accept: "application/msgpack")
        #expect(packed.headers.map(\.value) == ["application/msgpack"])
        let ids = queue.store.jobs.map(\.id.text)
        #expect(try json(packed.body) == plain.text.replacing(ids[0], with: ids[1]))
        let read = try queue.answer("GET", "/jobs/\(ids[0])").text
        #expect(read.contains(#""payload":\#(payload)"#))
        #expect(try json(queue.answer("GET", "/jobs/\(ids[0])", headers: [("accept", "application/msgpack")]).body) == read)
    }

    @Test("Refusals of MessagePack say so, and name the field where one is wrong; no job is stored")
    func refusesBodies() throws {
        let rows: [([UInt8], String)] = [
            ([0xC1], "invalid MessagePack: the byte 0xc1 begins no value"),
            (pack(#"{"type":"t","queue":"q"}"#), "invalid MessagePack: missing field `payload`"),
            (pack(#"{"type":"t","priority":70000}"#), "invalid MessagePack: invalid value: integer `70000`, expected u16"),
            ([0x81, 0xA7] + Array("payload".utf8) + [0xC4, 0x01, 0x00], "invalid MessagePack: a bin value, which JSON cannot hold"),
            ([0x81, 0xA7] + Array("payload".utf8) + [0xD4, 0x01, 0x00], "invalid MessagePack: an ext value, which JSON cannot hold"),
            (pack(job(queue: ",")), "queue must not contain ','"),
        ]
        for (body, sentence) in rows { #expect(try send("/jobs", body).line == #"400 {"error":"\#(sentence)"}"#) }
        #expect(queue.store.jobCount == 0)
    }

    @Test("Workers may speak MessagePack, too")
    func workers() throws {
        _ = try queue.bulk([job(), job()])
        let taker = try queue.taker("prefetch=2")
        let jobs = (0..<2).compactMap { _ in queue.store.takeJob(for: taker) }
        let failed = try send("/jobs/\(jobs[0].id.text)/failure", pack(#"{"message":"m","kill":true}"#), accept: "application/msgpack")
        #expect(try json(failed.body).contains(#""status":"dead""#))
        #expect(try send("/jobs/success", pack(#"{"ids":["\#(jobs[1].id.text)"]}"#)).line == "204 ")
        #expect(try send("/jobs/success", [0xC1]).line == #"400 {"error":"invalid MessagePack: the byte 0xc1 begins no value"}"#)
    }
}
