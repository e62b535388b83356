import DevQueue
import SluiceHTTP
import Testing

@Suite struct FaultTests {
    private func send(_ queue: QueueUnderTest) -> DevQueueReply {
        queue.reply("POST", "/jobs/bulk", body: Array(#"{"jobs":[\#(job())]}"#.utf8))
    }

    /// What a reply does, in a word.
    private func word(_ reply: DevQueueReply) -> String {
        switch reply {
        case .answer(let answer): "answer \(answer.status) \(answer.headers.map(\.value).joined())"
        case .bytesThenClose(let bytes): "bytes \(bytes.count)"
        case .take: "take"
        case .drop: "drop"
        case .silence: "silence"
        case .delayed(let duration, let reply): "\(duration) \(word(reply))"
        }
    }

    @Test(
        "a fault has its described effect, and stores the jobs only if it is described so",
        arguments: [
            (.status(503, error: "busy"), "answer 503 application/json", 0),
            (.delay(.seconds(2)), "2.0 seconds answer 201 application/json", 1),
            (.dropBeforeCommit, "drop", 0),
            (.dropAfterCommit, "drop", 1),
            (.garbage, "answer 200 application/json", 1),
            (.htmlBadRequest, "answer 400 text/html", 0),
            (.payloadTooLarge, "answer 413 text/html", 0),
            (.redirect, "answer 307 https://queue.example/jobs/bulk", 0),
            (.silence, "silence", 0),
            (.silenceAfterCommit, "silence", 1),
            (.refusesType("t"), "answer 400 application/json", 0),
            (.refusesType("u"), "answer 201 application/json", 1),
        ] as [(DevQueueFault, String, Int)])
    func doesAsTold(fault: DevQueueFault, expected: String, stored: Int) {
        let queue = QueueUnderTest()
        queue.store.setFault(fault, count: 1)
        #expect(word(send(queue)) == expected)
        #expect(queue.store.jobCount == stored)
        #expect(word(send(queue)) == "answer 201 application/json")
        #expect(queue.store.jobCount == stored + 1)
        #expect(queue.store.statistics.faultyRequests == 1)
    }

    @Test("half an answer is the first half of the normal one, after the jobs were stored")
    func sendsHalf() throws {
        let queue = QueueUnderTest()
        queue.store.setFault(.halfAnswer)
        guard case .bytesThenClose(let bytes) = send(queue) else { throw QueueUnderTest.NoAnswer() }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 201 Created\r\ncontent-type: application/json\r\n"))
        #expect(!text.hasSuffix("]}"))
        #expect(queue.store.jobCount == 1)
    }

    @Test("a fault without a count lasts until it is cleared, and leaves all but enqueues alone")
    func lasts() throws {
        let queue = QueueUnderTest()
        queue.store.setFault(.status(503, error: "busy"))
        for _ in 0..<3 { #expect(word(send(queue)) == "answer 503 application/json") }
        #expect(try queue.answer("GET", "/health").status == 200)
        queue.store.clearFaults()
        #expect(word(send(queue)) == "answer 201 application/json")
    }

    @Test("statistics and all jobs are read over HTTP")
    func inspects() throws {
        let queue = QueueUnderTest()
        #expect(try queue.bulk([job(#""unique_key":"k""#)]).status == 403)
        queue.store.setLicensed(true)
        _ = try queue.bulk([job(#""unique_key":"k""#), job()])
        _ = try queue.bulk([job(#""unique_key":"k""#)])
        #expect(
            try queue.answer("GET", "/dev/stats").text
                == #"{"jobs":2,"enqueue_requests":3,"accepted_jobs":2,"duplicate_jobs":1,"refused_requests":1,"faulty_requests":0,"largest_bulk":2}"#
        )
        #expect(try queue.answer("GET", "/dev/jobs").text.split(separator: "\n").count == 2)
        #expect(try queue.answer("GET", "/dev/nothing").status == 404)
    }
}
