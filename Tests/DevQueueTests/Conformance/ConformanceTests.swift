import Testing

/// What a Zizq server answers, row by row, over a real socket. The development queue is walked twice, without a licence
/// and with one; where the variable `ZIZQ_URL` names a server (`http://127.0.0.1:7890`), that one is walked instead.
/// Names are the test's own there, and nothing is wiped unless `ZIZQ_RESET` is `1`.
@Suite struct ConformanceTests {
    private static let rows = EnqueueRows.all + RefusalRows.all + PayloadRows.all + RequestRows.all

    @Test("each request is answered as a server answers it", arguments: ConformanceTarget.all, rows)
    func answers(target: ConformanceTarget, row: ConformanceRow) async throws {
        try await target.run { queue in
            guard row.appliesTo(queue) else { return }
            let request = row.request(to: queue)
            let answer = try queue.connect().exchange(request)
            #expect(answer.status == row.status, "\(answer.line)")
            if let body = row.body {
                let expected = AnswerPattern(queue.named(body.description))
                let text = queue.serverText(answer, to: request)
                #expect(expected.matches(text), "'\(text)' is not '\(expected)'")
            }
            if row.status == 405 { #expect(answer[header: "allow"]?.isEmpty == false) }
            if !answer.body.isEmpty, row.status != 431 { #expect(answer[header: "content-type"] == "application/json") }
            if row.section == 2 || row.status >= 400 {
                #expect(try queue.send("GET", "/jobs/count?queue=QUEUE").text == #"{"count":0}"#)
            }
            if queue.own == nil { try queue.drain(Int(queue.count("ready") ?? 0)) }
        }
    }

    @Test("a pattern matches exactly the texts that it describes")
    func patterns() {
        let id = String(repeating: "0", count: 25)
        #expect(AnswerPattern("a<id>b<ms>").matches("a\(id)b12"))
        #expect(!AnswerPattern("a<id>b<ms>").matches("a\(id)b12x"))
        #expect(!AnswerPattern("<id>").matches(String(id.dropLast())))
        #expect(AnswerPattern("a<any>c<any>").matches("abcc"))
        #expect(!AnswerPattern("a<any>c").matches("abcd"))
        #expect(AnswerPattern("").matches("") && !AnswerPattern("").matches("x"))
    }
}
