import SluiceBase
import SluiceHTTP
import Testing

@testable import DevQueue

/// The life cycle of a job, on a clock that the test moves.
@Suite struct LifeTests {
    private let queue = QueueUnderTest()

    private func taker(_ query: String = "") throws -> JobWorkers.ID { try queue.taker(query) }
    private func take(_ taker: JobWorkers.ID) -> DevQueueJob? { queue.store.takeJob(for: taker) }
    private func enqueue(_ members: String = "", type: String = "t", queue name: String = "q") throws {
        #expect(try queue.answer("POST", "/jobs", body: job(members, type: type, queue: name)).status == 201)
    }
    private func success(_ job: DevQueueJob) throws -> String {
        try queue.answer("POST", "/jobs/\(job.id.text)/success").line
    }
    private func failure(_ job: DevQueueJob, _ body: String = #"{"message":"m"}"#) throws -> HTTPResponse {
        try queue.answer("POST", "/jobs/\(job.id.text)/failure", body: body)
    }

    @Test("jobs are taken by priority, then in the order of their arrival, and the others' queues are left alone")
    func order() throws {
        for (type, priority) in [("late", 9), ("first", 1), ("second", 1), ("third", 2)] {
            try enqueue(#""priority":\#(priority)"#, type: type)
        }
        try enqueue(#""priority":0"#, type: "other", queue: "o")
        let mine = try taker("queue=q,none&prefetch=10")
        #expect((0..<5).map { _ in take(mine)?.type } == ["first", "second", "third", "late", nil])
        #expect(take(try taker())?.type == "other")
    }

    @Test("of many queues the first job of all is taken, also after taking from single queues")
    func manyQueues() throws {
        for number in 0..<200 {
            try enqueue(#""priority":\#(number * 7 % 5)"#, type: "\(number)", queue: "q\(number % 10)")
        }
        let one = try taker("queue=q3&prefetch=1000")
        let all = try taker("prefetch=1000")
        for _ in 0..<5 { _ = take(one) }
        let taken = (0..<195).compactMap { _ in take(all) }
        #expect(taken.count == 195)
        let isOrdered = zip(taken, taken.dropFirst()).allSatisfy {
            $0.priority != $1.priority ? $0.priority < $1.priority : $0.id < $1.id
        }
        #expect(isOrdered)
        #expect(take(one) == nil)
    }

    @Test("a worker never has more jobs than requested; each kind of acknowledgement makes room for one")
    func prefetch() throws {
        for _ in 0..<5 { try enqueue() }
        let taker = try taker("prefetch=2")
        let first = try #require(take(taker))
        let second = try #require(take(taker))
        #expect(take(taker) == nil)
        #expect(try success(first) == "204 ")
        let third = try #require(take(taker))
        #expect(take(taker) == nil)
        #expect(try failure(second).status == 200)
        #expect(take(taker) != nil)
        #expect(try queue.answer("POST", "/jobs/success", body: #"{"ids":["\#(third.id.text)"]}"#).line == "204 ")
        #expect(take(taker) != nil)
    }

    @Test("a scheduled job becomes ready when its time comes")
    func schedule() throws {
        let now = queue.store.now()
        try enqueue(#""ready_at":\#(now + 1000)"#)
        let taker = try taker()
        #expect(take(taker) == nil)
        #expect(queue.store.millisecondsUntilNextJob() == 1000)
        queue.time.advance(by: .milliseconds(999))
        #expect(take(taker) == nil)
        queue.time.advance(by: .milliseconds(1))
        #expect(queue.store.jobs.map(\.status) == [.ready])
        let job = try #require(take(taker))
        #expect(job.status == .inFlight && job.readyAt == now + 1000 && job.dequeuedAt == now + 1000)
    }

    @Test("the jobs of one who goes away are ready again, without an attempt")
    func goes() throws {
        for _ in 0..<3 { try enqueue() }
        let gone = try taker("prefetch=2")
        let job = try #require(take(gone))
        _ = take(gone)
        queue.store.closeWorker(gone)
        #expect(queue.store.jobs.map(\.status) == [.ready, .ready, .ready])
        #expect(queue.store.jobs.allSatisfy { $0.attempts == 0 && $0.dequeuedAt == nil })
        #expect(try success(job) == #"404 {"error":"job not found in in-flight set"}"#)
        #expect(take(try taker())?.id == job.id)
    }

    @Test("a job is acknowledged once")
    func acknowledgedOnce() throws {
        try enqueue()
        let job = try #require(take(try taker()))
        #expect(try success(job) == "204 ")
        #expect(try success(job) == #"404 {"error":"job not found in in-flight set"}"#)
        #expect(try failure(job).line == #"404 {"error":"job not found in in-flight set"}"#)
        #expect(try queue.answer("POST", "/jobs/success", body: #"{"ids":["x"]}"#).line == #"422 {"not_found":["x"]}"#)
    }

    @Test("a failed job is scheduled by its own back-off, base and seconds that grow, and answered without its payload")
    func backoff() throws {
        let now = queue.store.now()
        try enqueue(#""backoff":{"base_ms":500,"exponent":3,"jitter_ms":0}"#)
        let taker = try taker()
        let job = try #require(take(taker))
        queue.time.advance(by: .milliseconds(5))
        let answer = try failure(job, #"{"message":"m","error_type":null,"backtrace":"b","kill":false,"more":1}"#)
        let expected =
            #"200 {"id":"\#(job.id.text)","type":"t","queue":"q","priority":32768,"status":"scheduled","ready_at":\#(now + 1505),"#
            + #""attempts":1,"backoff":{"exponent":3.0,"base_ms":500,"jitter_ms":0},"dequeued_at":\#(now),"failed_at":\#(now + 5)}"#
        #expect(answer.line == expected)
        queue.time.advance(by: .milliseconds(1500))
        #expect(try failure(#require(take(taker))).text.contains(#""ready_at":\#(now + 1505 + 8500),"attempts":2"#))
    }

    @Test("the server's own back-off has 15 seconds, the fourth power and up to 30 seconds of jitter for each attempt")
    func standardBackoff() {
        for attempts in [1, 2, 5] as [UInt32] {
            let growth = UInt64(attempts * attempts * attempts * attempts) * 1000
            let range = (15_000 + growth)...(15_000 + growth + 30_000 * UInt64(attempts))
            for _ in 0..<100 { #expect(range.contains(JobBackoff.standard.time(afterAttempts: attempts, now: 0))) }
        }
        let endless = JobBackoff(base: .max, exponent: 1000, jitter: .max)
        #expect(endless.time(afterAttempts: 26, now: 1) == 1 << 53)
    }

    @Test("a failure report can set the time of the retry, or that there is none")
    func retryAt() throws {
        try enqueue()
        let taker = try taker()
        #expect(
            try failure(#require(take(taker)), #"{"message":"m","retry_at":7}"#).text.contains(
                #""status":"scheduled","ready_at":7,"#))
        let again = try #require(take(taker))
        #expect(again.attempts == 1)
        #expect(try failure(again, #"{"message":"m","kill":true,"retry_at":7}"#).text.contains(#""status":"dead""#))
        #expect(take(taker) == nil)
    }

    @Test("a job that has failed more often than it may is dead, for seven days unless it says otherwise")
    func dies() throws {
        try enqueue(#""retry_limit":1"#)
        try enqueue(#""retry_limit":0,"retention":{"dead_ms":5}"#)
        try enqueue(#""retry_limit":0,"retention":{"dead_ms":0}"#)
        let taker = try taker("prefetch=3")
        let jobs = (0..<3).compactMap { _ in take(taker) }
        let statuses = try jobs.map {
            try failure($0, #"{"message":"m","retry_at":0}"#).text.contains(#""status":"dead""#)
        }
        #expect(statuses == [false, true, true])
        #expect(queue.store.jobs.map(\.status) == [.ready, .dead])
        #expect(try failure(#require(take(taker))).text.contains(#""status":"dead","ready_at":0,"attempts":2"#))
        queue.time.advance(by: .milliseconds(5))
        #expect(queue.store.jobs.map(\.id) == [jobs[0].id])
        queue.time.advance(by: .seconds(7 * 24 * 3600) - .milliseconds(6))
        #expect(queue.store.jobs.count == 1)
        queue.time.advance(by: .milliseconds(1))
        #expect(queue.store.jobs.isEmpty)
    }

    @Test("the default limit is 25 retries")
    func defaultLimit() throws {
        try enqueue()
        let taker = try taker()
        for attempt in 1...26 {
            let answer = try failure(#require(take(taker)), #"{"message":"m","retry_at":0}"#)
            #expect(answer.text.contains(#""status":"\#(attempt > 25 ? "dead" : "scheduled")""#))
        }
    }

    @Test("a completed job is removed immediately, unless its retention keeps it")
    func completes() throws {
        try enqueue()
        try enqueue(#""retention":{"completed_ms":10}"#)
        let taker = try taker("prefetch=2")
        for _ in 0..<2 { #expect(try success(#require(take(taker))) == "204 ") }
        #expect(queue.store.jobs.map(\.status) == [.completed])
        #expect(try queue.answer("GET", "/jobs/count").text == #"{"count":1}"#)
        queue.time.advance(by: .milliseconds(10))
        #expect(try queue.answer("GET", "/jobs/count").text == #"{"count":0}"#)
        #expect(queue.store.jobCount == 2)
    }

    @Test(
        "a failure is read as strictly as a job",
        arguments: [
            ("{}", "missing field `message` at line 1 column 2"),
            (#"{"message":null}"#, "invalid type: null, expected a string at line 1 column 15"),
            (#"{"message":"m","kill":1}"#, "invalid type: integer `1`, expected a boolean at line 1 column 23"),
            (#"{"message":"m","message":"m"}"#, "duplicate field `message` at line 1 column 24"),
            (#"{"message":"m","retry_at":-1}"#, "invalid value: integer `-1`, expected u64 at line 1 column 28"),
            ("", "EOF while parsing a value at line 1 column 0"),
        ])
    func refusesReport(body: String, sentence: String) throws {
        try enqueue()
        let job = try #require(take(try taker()))
        #expect(
            try queue.serverLine("/jobs/\(job.id.text)/failure", body) == #"400 {"error":"invalid JSON: \#(sentence)"}"#
        )
        #expect(try success(job) == "204 ")
    }

    @Test("a reset takes the jobs from those who have them, who may take on")
    func resets() throws {
        try enqueue()
        let taker = try taker()
        let job = try #require(take(taker))
        _ = try queue.answer("POST", "/reset")
        #expect(try success(job).hasPrefix("404"))
        try enqueue()
        #expect(take(taker) != nil)
    }
}
