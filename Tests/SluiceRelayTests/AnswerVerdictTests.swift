import Testing
import Zizq

@testable import SluiceRelay

@Suite struct AnswerVerdictTests {
    /// A verdict in a word.
    private func word(_ answer: LaneSimulation.Answer, jobs: Int = 10) -> String {
        switch AnswerVerdict(answer, jobs: jobs) {
        case .accepted(let jobs): "accepted \(jobs.count)"
        case .jobRefused(let position, let text): "job \(position): \(text)"
        case .batchRefused(let text): "batch: \(text)"
        case .licenceMissing(let feature, _): "licence \(feature)"
        case .tooLarge: "too large"
        case .setUpWrong(_, let mayHaveBeenStored): mayHaveBeenStored ? "set-up, stored?" : "set-up"
        case .retryLater(let why):
            "again\(why.isAmbiguous ? " ambiguous" : "")\(why.isTransport ? " transport" : "")\(why.retryAfter.map { " \($0)" } ?? "")"
        }
    }

    @Test(
        "every answer has its row in the table",
        arguments: [
            (.success((0..<10).map { EnqueuedJob(id: "\($0)") }), "accepted 10"),
            (.success([EnqueuedJob(id: "a")]), "set-up, stored?"),
            (.success((0..<10).map { EnqueuedJob(id: long($0 == 9 ? 129 : 128)) }), "set-up, stored?"),
            (.success((0..<10).map { _ in EnqueuedJob(id: long(128)) }), "accepted 10"),
            (
                .success((0..<10).map { EnqueuedJob(id: "\($0)", status: JobStatus(rawValue: long(129))) }),
                "set-up, stored?"
            ),
            (.failure(.decoding(.init(status: 200, message: "no JSON"))), "set-up, stored?"),
            (refuse(400, "jobs[7]: queue must not contain ','"), "job 7: queue must not contain ','"),
            (refuse(400, "jobs[10]: beyond the batch"), "batch: jobs[10]: beyond the batch"),
            (refuse(400, "jobs[x]: no number"), "batch: jobs[x]: no number"),
            (refuse(400, "jobs[]: no number"), "batch: jobs[]: no number"),
            (refuse(422, "jobs[0]: bad batch"), "job 0: bad batch"),
            (refuse(400, "invalid JSON: number out of range"), "batch: invalid JSON: number out of range"),
            (refuse(422, "bad expression"), "batch: bad expression"),
            (refuse(400, nil), "set-up"), (refuse(422, nil), "set-up"),
            (refuse(403, "unique jobs requires a pro license"), "licence uniqueJobs"),
            (refuse(403, "batched jobs requires a pro license"), "licence batchedJobs"),
            (refuse(403, "forbidden"), "set-up"), (refuse(403, nil), "set-up"),
            (refuse(413, nil), "too large"), (refuse(413, "too large"), "too large"),
            (refuse(301, nil), "set-up"), (refuse(307, nil), "set-up"), (refuse(401, "who?"), "set-up"),
            (refuse(404, "not found"), "set-up"),
            (refuse(405, nil), "set-up"), (refuse(406, "not acceptable"), "set-up"),
            (refuse(415, "unsupported media type"), "set-up"),
            (refuse(431, nil), "set-up"), (.failure(.invalidArgument("no")), "set-up"),
            (refuse(408, nil), "again"),
            (refuse(429, nil, retryAfter: .seconds(7)), "again 7.0 seconds"),
            (refuse(500, "internal server error"), "again ambiguous"), (refuse(502, nil), "again ambiguous"),
            (refuse(503, nil, retryAfter: .seconds(2)), "again ambiguous 2.0 seconds"),
            (refuse(504, nil), "again ambiguous"),
            (lost(sent: false), "again transport"), (lost(sent: true), "again ambiguous transport"),
        ] as [(LaneSimulation.Answer, String)])
    func classifies(answer: LaneSimulation.Answer, expected: String) {
        #expect(word(answer) == expected)
    }

    @Test("what a server wrote is fit to print")
    func escapes() {
        #expect(word(refuse(400, "jobs[0]: a\u{1B}[31mb")) == "job 0: a\\u{1b}[31mb")
        #expect(word(refuse(400, "a\nb")) == "batch: a\\u{a}b")
    }

    private static let request =
        #"{"jobs":[{"type":"t","queue":"deploys","payload":{"id": 0, "secret": "ünique \"content\""}}]}"#

    @Test(
        "what a refusal quotes of the request is left out, and what Zizq says by itself is not",
        arguments: [
            (#"invalid JSON: {"id": 0, "secret": "ünique \"content\""} at 1"#, "invalid JSON: {… at 1"),
            (
                #"no: {\"id\":0,\"secret\":\"ünique \\\"content\\\"\"}, {\#n  "id" : 0,\#n  "secret": ""#,
                #"no: {\"id\":0,\…, …"#
            ),
            ("jobs[3]: queue must not contain ','", "jobs[3]: queue must not contain ','"),
            ("invalid JSON: missing field `payload` at line 1 column 127", nil),
            (#"jobs[2]: invalid unique_while: "zzz" (expected "queued", "active", or "exists")"#, nil),
            (#"queue "deploys" is full"#, nil), ("", nil),
            (String(repeating: "x", count: 5000), String(repeating: "x", count: 4000)),
        ] as [(String, String?)])
    func quotations(text: String, kept: String?) {
        #expect(Quotation.removed(from: text, of: Array(Self.request.utf8)) == kept ?? text)
    }

    @Test("a quotation of a value is left out if the request has it with other escapes")
    func escapedQuotation() {
        let request = Array(#"{"name":"\u0418\u0432\u0430\u043d \ud83d\ude00\n\"4111 1111\" a\/b \\c\u0041"}"#.utf8)
        let value = "Иван 😀\n\"4111 1111\" a/b \\cA"
        let text = Quotation.removed(from: "invalid value: \"\(value)\" at 1", of: request)
        #expect(text == "invalid value: … at 1")
        #expect(Quotation.removed(from: "bad string \"\(value)\"", of: request) == "bad string \"И…")
        let raw = Quotation.removed(from: #"invalid value: \u0418\u0432\u0430\u043d at 1"#, of: request)
        #expect(raw == #"invalid value: \… at 1"#)
    }

    @Test("a header that quotes the request is shown without the quotation")
    func quotedHeader() {
        let fields = ["content-type: text/html; x={\"id\":1,\"secret\":2}"]
        let request = Array(#"{"jobs":[{"payload":{"id":1,"secret":2}}]}"#.utf8)
        let kept = ["content-type: text/html; x=…"]
        #expect(
            ZizqError.response(.init(status: 403, serverText: nil, fields: fields)).withoutQuotations(of: request)
                == .response(.init(status: 403, serverText: nil, fields: kept)))
        #expect(
            ZizqError.decoding(.init(status: 200, message: "no", fields: fields)).withoutQuotations(of: request)
                == .decoding(.init(status: 200, message: "no", fields: kept)))
    }

    @Test("a payload that quotes a refusal does not change what the refusal means")
    func quotedRefusal() {
        func shown(_ status: Int, _ text: String) -> LaneSimulation.Answer {
            refuse(status, text).mapError { $0.withoutQuotations(of: Array(#"{"a":"\#(text)"}"#.utf8)) }
        }
        #expect(word(shown(400, "jobs[7]: queue must not contain ','")) == "job 7: queue …")
        #expect(word(shown(403, "unique jobs requires a pro license")) == "licence uniqueJobs")
    }

    @Test("a quotation is found wherever it is in a large request, and the error keeps all else")
    func largeRequest() {
        let filler = (0..<100_000).map { "\($0)," }.joined()
        let error = ZizqError.response(
            .init(status: 400, serverText: "bad: 99997,99998,99999,end", retryAfter: .seconds(3), fields: ["a: b"]))
        let expected = ZizqError.response(
            .init(status: 400, serverText: "bad: 99997,9999…", retryAfter: .seconds(3), fields: ["a: b"]))
        #expect(error.withoutQuotations(of: Array((filler + "end").utf8)) == expected)
        let lost = ZizqError.decoding(.init(status: 200, message: "no"))
        #expect(lost.withoutQuotations(of: []) == lost)
    }
}

private func long(_ count: Int) -> String { String(repeating: "a", count: count) }
