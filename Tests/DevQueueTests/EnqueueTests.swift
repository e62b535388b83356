import DevQueue
import SluiceHTTP
import Testing

@Suite struct EnqueueTests {
    @Test("a job is answered with its fields in the server's order and kept with its payload's bytes")
    func answersJob() throws {
        let queue = QueueUnderTest()
        let answer = try queue.answer("POST", "/jobs", body: #"{"type":"t","queue":"q","payload":{"b": 1,"a":"\n"}}"#)
        let stored = try #require(queue.store.jobs.first)
        #expect(answer.status == 201)
        let expected =
            #"{"id":"\#(stored.id.text)","type":"t","queue":"q","priority":32768,"status":"ready","ready_at":\#(stored.readyAt),"#
            + #""attempts":0,"duplicate":false,"folded":false}"#
        #expect(answer.text == expected)
        #expect(stored.payload.map { String(decoding: $0, as: UTF8.self) } == #"{"b": 1,"a":"\n"}"#)
        #expect(stored.id.text.utf8.count == 25)
    }

    @Test(
        "fields that were set precede the result in the answer, and a time in the future schedules the job"
    )
    func answersOptions() throws {
        let queue = QueueUnderTest(isLicensed: true)
        let members =
            #""priority":5,"ready_at":99999999999999,"retry_limit":3,"backoff":{"base_ms":1,"exponent":2,"jitter_ms":3},"#
            + #""retention":{"completed_ms":null,"dead_ms":4},"unique_key":"k","unique_while":"exists""#
        let answer = try queue.answer("POST", "/jobs", body: job(members))
        let tail =
            #""type":"t","queue":"q","priority":5,"status":"scheduled","ready_at":99999999999999,"attempts":0,"retry_limit":3,"#
            + #""backoff":{"exponent":2.0,"base_ms":1,"jitter_ms":3},"retention":{"dead_ms":4},"#
            + #""unique_key":"k","unique_while":"exists","duplicate":false,"folded":false}"#
        #expect(answer.text.hasSuffix(tail))
    }

    @Test("a bulk is answered in the order of the request, with identifiers that grow")
    func ordersBulk() throws {
        let queue = QueueUnderTest()
        let answer = try queue.bulk((0..<300).map { job(type: "t\($0)") })
        #expect(answer.status == 201)
        #expect(queue.store.jobs.map(\.type) == (0..<300).map { "t\($0)" })
        let texts = queue.store.jobs.map(\.id.text)
        #expect(texts == texts.sorted())
        #expect(Set(texts).count == 300)
        let shown = answer.text.split(separator: #""id":""#).dropFirst().map { String($0.prefix(25)) }
        #expect(shown == texts)
    }

    @Test(
        "with a licence a second job of the same key is a duplicate with the first one's identifier; all duplicates are 200"
    )
    func deduplicates() throws {
        let queue = QueueUnderTest(isLicensed: true)
        let keyed = job(#""unique_key":"k","unique_while":"exists""#)
        #expect(try queue.bulk([keyed, job(), keyed]).status == 201)
        #expect(queue.store.jobCount == 2)
        let again = try queue.bulk([keyed])
        let first = try #require(queue.store.jobs.first)
        #expect(again.status == 200)
        #expect(again.text.hasPrefix(#"{"jobs":[{"id":"\#(first.id.text)""#))
        #expect(again.text.contains(#""duplicate":true,"folded":false"#))
        #expect(queue.store.statistics.duplicateJobs == 2)
    }

    @Test("each scope keeps a key for just the states that it names", arguments: UniqueScope.allCases)
    func scopes(scope: UniqueScope) {
        let held = JobStatus.allCases.filter(scope.holds)
        let expected: [JobStatus] =
            switch scope {
            case .queued: [.scheduled, .ready]
            case .active: [.scheduled, .ready, .inFlight]
            case .exists: JobStatus.allCases
            }
        #expect(held == expected)
    }

    @Test("a batch is accepted until it would have to be folded, which is 422")
    func refusesFold() throws {
        let queue = QueueUnderTest(isLicensed: true)
        let batched = job(#""batch":{"key":"b","when":"true","fold":".a"}"#)
        #expect(try queue.bulk([job(), batched]).status == 201)
        #expect(
            try queue.bulk([job(), batched]).line
                == #"422 {"error":"jobs[1]: batch.fold needs jq, which the development queue does not have"}"#)
        #expect(try queue.answer("POST", "/jobs", body: batched).status == 422)
        #expect(queue.store.jobCount == 2)
    }

    @Test("a benchmark's queue counts jobs and keeps none, and still knows the keys")
    func countsOnly() throws {
        let queue = QueueUnderTest(isLicensed: true, keeping: .counts)
        let keyed = job(#""unique_key":"k""#)
        #expect(try queue.bulk([keyed, job(), job()]).status == 201)
        #expect(try queue.bulk([keyed]).text.contains(#""duplicate":true"#))
        #expect(queue.store.jobCount == 3)
        #expect(queue.store.jobs.isEmpty)
        #expect(try queue.answer("GET", "/jobs/count").text == #"{"count":3}"#)
    }
}
