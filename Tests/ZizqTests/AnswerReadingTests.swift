import Testing

@testable import Zizq

@Suite struct AnswerReadingTests {
    private func jobs(_ text: String, status: Int = 201) throws -> [EnqueuedJob] {
        let body = Array(text.utf8)
        return try AnswerReading.jobs(status: status, body: body.span)
    }

    @Test("a status that this client has no name for is kept as it came")
    func keepsUnknownStatus() throws {
        #expect(
            try jobs(#"{"jobs":[{"id":"a","status":"paused"},{"id":"b","status":"ready"}]}"#).map(\.status) == [
                .init(rawValue: "paused"), .ready,
            ])
    }

    @Test("the jobs of a bulk answer come back in its order, with what happened to each")
    func readsJobs() throws {
        let text =
            #"{"jobs":[{"id":"a","type":"t","queue":"q","priority":1,"duplicate":false,"folded":false,"backoff":{"exponent":2.0}},"#
            + #"{"duplicate":true,"folded":false,"id":"b"},{"id":"\u0063","folded":true}],"more":[null]}"#
        let read = try jobs(text)
        #expect(read.map(\.id) == ["a", "b", "c"])
        #expect(read.map(\.duplicate) == [false, true, false])
        #expect(read.map(\.folded) == [false, false, true])
        #expect(read[0].priority == 1 && read[0].backoff?.exponent == 2)
        #expect(read[1] == EnqueuedJob(id: "b", duplicate: true))
        #expect(try jobs(#"{"jobs":[]}"#, status: 200).isEmpty)
    }

    @Test(
        "a success that is not Zizq's JSON is a decoding error and ambiguous",
        arguments: [
            ("<html>", 200), ("", 201), ("{}", 200), (#"{"jobs":null}"#, 200), (#"{"jobs":[{"type":"t"}]}"#, 201),
            (#"{"jobs":[]} x"#, 201),
            (#"{"jobs":[]}"#, 202), ("", 204), (#"{"jobs":[{"id":5}]}"#, 201), (#"[{"id":"a"}]"#, 201),
        ])
    func refusesOther(text: String, status: Int) {
        let error = #expect(throws: ZizqError.self) { try jobs(text, status: status) }
        guard case .decoding(let answer) = error else {
            Issue.record("threw \(String(describing: error))")
            return
        }
        #expect(answer.status == status)
        #expect(error?.isAmbiguous == true)
        #expect(error?.isRetryable == false)
    }

    @Test("a version is read, and its absence is a decoding error")
    func readsText() throws {
        let body = Array(#"{"name":"zizq","version":"0.6.1"}"#.utf8)
        #expect(try AnswerReading.text("version", status: 200, body: body.span) == "0.6.1")
        let error = #expect(throws: ZizqError.self) { try AnswerReading.text("status", status: 200, body: body.span) }
        #expect(error?.description == "the answer 200 cannot be parsed: status is missing at byte 33")
    }

    @Test(
        "a refusal keeps the server's text only if it is Zizq's JSON",
        arguments: [
            (#"{"error":"jobs[1]: queue must not contain ','"}"#, "jobs[1]: queue must not contain ','"),
            (#"{"error":"unsupported media type","supported":["application/json"]}"#, "unsupported media type"),
            ("<html>", nil), ("", nil), ("{}", nil), (#"{"error":{"code":1}}"#, nil), (#"{"error":"x"} trailing"#, nil),
        ] as [(String, String?)])
    func readsRefusal(text: String, expected: String?) {
        let body = Array(text.utf8)
        let error = AnswerReading.refusal(status: 400, body: body.span, header: { _ in nil }, now: 0)
        #expect(error == .response(.init(status: 400, serverText: expected)))
    }

    @Test("an answer that does not come from Zizq is quoted with its identifying headers, without a query")
    func quotesFields() {
        let fields = [
            "content-type": "text/html; charset=\u{1B}", "content-encoding": "gzip", "retry-after": "7",
            "location": "https://login.example/?token=s3cret",
        ]
        let body: [UInt8] = []
        let error = AnswerReading.refusal(status: 302, body: body.span, header: { fields[$0] }, now: 0)
        #expect(
            error.description == """
                the answer 302 does not come from Zizq (content-type: text/html; charset=\\u{1b}, \
                content-encoding: gzip, location: https://login.example/)
                """)
        #expect(error.retryAfter == .seconds(7))
    }
}
