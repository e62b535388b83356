import DevQueue
internal import Foundation
import Testing

@testable import Zizq

@Suite struct EnqueueTests {
    /// The job object that is sent.
    private func written(_ job: some Enqueueable, isBulk: Bool = false) throws(ZizqError) -> String {
        var writer = JobWriter(isBulk: isBulk)
        try job.write(to: &writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    @Test("a kind that says only its name sends type, queue and payload, and nothing else")
    func least() throws {
        #expect(
            try written(SendEmail(to: "a\"b")) == #"{"type":"send_email","queue":"emails","payload":{"to":"a\"b"}}"#)
        #expect(try written(Rebuild()) == #"{"type":"rebuild","queue":"default","payload":{}}"#)
        #expect(try written(Page(5)) == #"{"type":"page","queue":"default","payload":5}"#)
        #expect(try written(RawJob(Array(#"{"type":"x"}"#.utf8))) == #"{"type":"x"}"#)
    }

    @Test("the kind's options are sent, and each override replaces one")
    func precedence() throws {
        let backoff = #""backoff":{"base_ms":1000,"exponent":1.5,"jitter_ms":500}"#
        let start = #"{"type":"charge","queue":"billing","payload":{"invoice":"i"}"#
        let key = #""unique_key":"charge:i","unique_while":"exists""#
        #expect(
            try written(Charge(invoice: "i"))
                == #"\#(start),"priority":7,"retry_limit":3,\#(backoff),"retention":{"completed_ms":60000},\#(key)}"#)
        let job = Enqueue(Charge(invoice: "i"))
            .queue("fast").priority(1).readyAt(Timestamp(millisecondsSinceEpoch: 5)).retryLimit(0)
            .backoff(Backoff(base: .zero, exponent: 2, jitter: .zero)).retention(Retention(dead: .zero))
            .uniqueKey(.raw("k").scoped(.active)).budget("b").budget(BudgetBinding("c", cost: 2))
        #expect(
            try written(job)
                == #"{"type":"charge","queue":"fast","payload":{"invoice":"i"},"priority":1,"ready_at":5,"retry_limit":0,"#
                + #""backoff":{"base_ms":0,"exponent":2.0,"jitter_ms":0},"retention":{"dead_ms":0},"unique_key":"k","unique_while":"active","#
                + #""budgets":[{"key":"b"},{"key":"c","cost":2}]}"#)
        // The last call counts, and the value itself is as it was.
        #expect(try written(Enqueue(Rebuild()).priority(1).priority(2)).contains(#""priority":2"#))
        #expect(
            try written(Enqueue(Charge(invoice: "i")).uniqueKey(.raw("k"))).contains(
                #""unique_key":"k","unique_while":"exists""#))
    }

    @Test("budgets of a kind are replaced or cleared, and a policy is written whole")
    func budgets() throws {
        struct Budgeted: JobKind {
            static let name = "budgeted"
            static let budgets: [BudgetBinding] = [
                BudgetBinding("rate", createWith: BudgetPolicy(allocation: 10, .timeBased(.seconds(60), burst: 1))),
                BudgetBinding("slots", createWith: BudgetPolicy(allocation: 3, .whileInFlight)),
            ]
        }
        #expect(
            try written(Budgeted()).hasSuffix(
                #","budgets":[{"key":"rate","create_with":{"allocation":10,"strategy":{"type":"time_based","duration_ms":60000,"burst":1}}},"#
                    + #"{"key":"slots","create_with":{"allocation":3,"strategy":{"type":"while_in_flight"}}}]}"#))
        #expect(try !written(Enqueue(Budgeted()).clearBudgets()).contains("budgets"))
        #expect(try written(Enqueue(Budgeted()).budgets(["other"])).hasSuffix(#","budgets":[{"key":"other"}]}"#))
    }

    @Test("a delay counts from when the job is written, and a time may be a date")
    func times() throws {
        let job = Enqueue(Rebuild()).delay(.seconds(3600))
        let before = Timestamp.now
        let text = try written(job)
        let after = Timestamp.now
        let sent = try #require(text.firstMatch(of: /"ready_at":(\d+)/).flatMap { Int64($0.1) })
        #expect(
            ((before + .seconds(3600)).millisecondsSinceEpoch...(after + .seconds(3600)).millisecondsSinceEpoch)
                .contains(sent))
        let date = Date(timeIntervalSince1970: 1_700_000_000.123)
        #expect(try written(Enqueue(Rebuild()).runAt(Timestamp(date))).contains(#""ready_at":1700000000123"#))
        #expect(Date(Timestamp(date)).timeIntervalSince1970 == 1_700_000_000.123)
        #expect(Timestamp(date).description == "2023-11-14T22:13:20.123Z")
        #expect(Timestamp(date) - Timestamp(millisecondsSinceEpoch: 1_700_000_000_000) == .milliseconds(123))
    }

    @Test(
        "a name that the server would refuse, or not survive, is refused before anything is sent",
        arguments: ["", ",", "a*", "a?", "[a", "a]", "{", "}", "a\\b", "a\u{0}", String(repeating: "n", count: 256)])
    func names(name: String) async throws {
        try await QueueFixture.run { queue, client in
            let error = await failure { () throws(ZizqError) in try await client.enqueue(Enqueue(Rebuild()).queue(name))
            }
            #expect(error?.description.hasPrefix("the queue of a job must not ") == true)
            #expect(error?.isRetryable == false && error?.isAmbiguous == false)
            #expect(queue.store.statistics.enqueueRequests == 0)
        }
        #expect(try written(Enqueue(Rebuild()).queue(String(repeating: "n", count: 255))).contains("nnn"))
    }

    @Test("a job that cannot be sent is refused with its reason, and leaves no trace in a bulk request")
    func refusals() throws {
        struct Bad: JobKind {
            static let name = "bad"
            var value = Double.nan
        }
        struct Batched: JobKind {
            static let name = "batched"
            var batch: Batch? { Batch(key: "b", when: "true", fold: "$new") }
        }
        let rows: [(any Enqueueable, String)] = [
            (Bad(), "a job of the type bad cannot be encoded: value: JSON cannot represent nan"),
            (Enqueue(Batched()).uniqueKey(.raw("k")), "a job has either a unique key or a batch"),
            (Enqueue(Rebuild()).uniqueKey(.raw("")), "a unique key is empty; it would be the same for every job"),
            (
                Enqueue(Rebuild()).uniqueKey(.hash(of: [Double.infinity])),
                "a unique key cannot be made of this value: 0: JSON cannot represent inf"
            ),
            (
                Enqueue(Rebuild()).backoff(Backoff(base: .seconds(5_000_000), exponent: 1, jitter: .zero)),
                "the base of a backoff must be between 0 and 4294967295 milliseconds"
            ),
            (
                Enqueue(Rebuild()).retention(Retention(dead: .seconds(-1))),
                "a retention must be between 0 and 9223372036854775807 milliseconds"
            ),
            (Enqueue(Rebuild()).readyAt(Timestamp(millisecondsSinceEpoch: -1)), "readyAt must not be before 1970"),
            (
                Enqueue(Rebuild()).batch(Batch(key: "", when: "", fold: "")),
                "the key of a batch is empty; every job would be folded into one"
            ),
            (RawJob([]), "a raw job is empty"),
        ]
        for (job, sentence) in rows {
            var writer = JobWriter(isBulk: true)
            try SendEmail(to: "a").write(to: &writer)
            #expect(throws: ZizqError.invalidArgument(sentence)) { try job.write(to: &writer) }
            try SendEmail(to: "b").write(to: &writer)
            #expect(writer.count == 2)
            let email = #"{"type":"send_email","queue":"emails","payload":{"to":""#
            #expect(String(decoding: writer.finish(), as: UTF8.self) == #"{"jobs":[\#(email)a"}},\#(email)b"}}]}"#)
        }
    }

    /// An array in an array, so many times.
    struct Nest: JobKind {
        static let name = "nest"
        var levels: Int

        init(_ levels: Int) { self.levels = levels }
        init(from decoder: any Decoder) throws { levels = 0 }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            if levels > 1 { try container.encode(Nest(levels - 1)) }
        }
    }

    @Test("a payload may be as deep as the server takes, which is less in a bulk")
    func depth() async throws {
        try await QueueFixture.run { queue, client in
            try await client.enqueue(Nest(126))
            try await client.enqueueBulk().add(Nest(124)).send()
            #expect(queue.store.jobCount == 2)
            let one = await failure { () throws(ZizqError) in try await client.enqueue(Nest(127)) }
            let bulk = await failure { () throws(ZizqError) in try await client.enqueueBulk().add(Nest(125)).send() }
            for error in [one, bulk] {
                #expect(error?.description.contains("deep") == true, "\(String(describing: error))")
            }
            #expect(queue.store.jobCount == 2)
            // Far deeper than any stack.
            let deep = await failure { () throws(ZizqError) in try await client.enqueue(Nest(1_000_000)) }
            #expect(deep?.description.contains("deep") == true && deep?.description.utf8.count ?? 0 < 300)
        }
    }

    @Test("the server's answer is read whole: identifier, queue, times, options, duplicate")
    func answer() async throws {
        try await QueueFixture.run(isLicensed: true) { queue, client in
            let before = Timestamp.now
            let job = try await client.enqueue(
                Enqueue(Charge(invoice: "1")).retention(Retention(completed: .seconds(1), dead: .seconds(2))))
            #expect(job.id == queue.store.jobs[0].id.text)
            #expect((job.type, job.queue, job.priority, job.attempts) == ("charge", "billing", 7, 0))
            #expect(job.status == .ready && job.readyAt >= before && !job.duplicate && !job.folded)
            #expect(job.retryLimit == 3 && job.backoff == Charge.backoff)
            #expect(job.retention == Retention(completed: .seconds(1), dead: .seconds(2)))
            #expect(
                job.uniqueKey == "charge:1" && job.uniqueWhile == .exists && job.batch == nil && job.budgets.isEmpty)
            let again = try await client.enqueue(Charge(invoice: "1"))
            #expect(again.duplicate && again.id == job.id)
            let later = try await client.enqueue(Enqueue(Rebuild()).delay(.seconds(60)))
            #expect(later.status == .scheduled && later.readyAt > before + .seconds(59))
            let batch = Batch(key: "b", when: "true", fold: "$new")
            let batched = try await client.enqueue(Enqueue(Rebuild()).batch(batch))
            #expect(batched.batch == batch && !batched.folded)
        }
    }

    @Test("kinds are mixed freely in a bulk, which comes back in order; one bad job is named by its place")
    func bulk() async throws {
        try await QueueFixture.run { queue, client in
            let jobs = try await client.enqueueBulk()
                .add(SendEmail(to: "a")).add(Enqueue(Rebuild()).priority(3)).add(Page(9))
                .add(RawJob(Array(#"{"type":"raw","queue":"q","payload":null}"#.utf8))).send()
            #expect(jobs.map(\.type) == ["send_email", "rebuild", "page", "raw"])
            #expect(jobs.map(\.id) == queue.store.jobs.map(\.id.text))
            #expect(jobs.map(\.priority) == [32768, 3, 32768, 32768])
            #expect(queue.payloads == [#"{"to":"a"}"#, "{}", "9", "null"])

            var loop = client.enqueueBulk()
            for number in 0..<1000 { try loop.push(Page(number)) }
            #expect(loop.count == 1000)
            #expect(try await loop.send().count == 1000)
            let none = try await client.enqueueBulk().send()
            #expect(none.isEmpty)

            var bad = client.enqueueBulk()
            try bad.push(Page(1))
            #expect(throws: ZizqError.invalidArgument("jobs[1]: the queue of a job must not be empty")) {
                try bad.push(Enqueue(Page(2)).queue(""))
            }
            #expect(bad.count == 1)
        }
    }
}
