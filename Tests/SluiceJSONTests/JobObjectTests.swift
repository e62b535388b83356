import SluiceBase
import SluiceJSON
import Testing

@Suite(.serialized) struct JobObjectTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("a request has each job's members in order, and the key only if it is sent")
    func bulk() {
        let full = Job(
            type: "a\"b", queue: "q", options: JobOptions(stored: Array(#""priority":5"#.utf8)), uniqueKey: "k",
            payload: Array(#"{"x":1}"#.utf8))
        let scoped = Job(type: "t", queue: "é", uniqueKey: "k", uniqueWhile: .queued, payload: Array("null".utf8))
        #expect(
            text(JobObject.bulk([full, scoped], withKeys: true, size: 0))
                == #"{"jobs":[{"type":"a\"b","queue":"q","priority":5,"unique_key":"k","unique_while":"exists","payload":{"x":1}},"#
                + #"{"type":"t","queue":"é","unique_key":"k","unique_while":"queued","payload":null}]}"#)
        #expect(
            text(JobObject.bulk([full], withKeys: false, size: 0))
                == #"{"jobs":[{"type":"a\"b","queue":"q","priority":5,"payload":{"x":1}}]}"#)
        #expect(text(JobObject.bulk([], withKeys: true, size: 0)) == #"{"jobs":[]}"#)
    }

    @Test("the size of a job in a request is not too small, so that the buffer is allocated once")
    func reserves() {
        let job = Job(type: "push", queue: "q", uniqueKey: "k", payload: [UInt8](repeating: 0x31, count: 5000))
        let body = JobObject.bulk(
            Array(repeating: job, count: 100), withKeys: true, size: 100 * job.requestBytes)
        #expect(body.count <= 16 + 100 * job.requestBytes)
    }

    @Test("each option has Zizq's format")
    func options() {
        let policy = JobBudget.Policy(allocation: 9, strategy: .timeBased(duration: 1000, burst: 3))
        let cases: [(JobOption, String)] = [
            (.priority(0), #""priority":0"#), (.readyAt(1_900_000_000_000), #""ready_at":1900000000000"#),
            (.retryLimit(5), #""retry_limit":5"#),
            (
                .backoff(base: 1000, exponent: "2.5", jitter: 30),
                #""backoff":{"base_ms":1000,"exponent":2.5,"jitter_ms":30}"#
            ),
            (.retention(completed: 1, dead: 2), #""retention":{"completed_ms":1,"dead_ms":2}"#),
            (.retention(completed: nil, dead: 2), #""retention":{"dead_ms":2}"#),
            (.retention(completed: nil, dead: nil), #""retention":{}"#),
            (
                .batch(JobBatch(key: "a\"b", when: "true", fold: "$new")),
                #""batch":{"key":"a\"b","when":"true","fold":"$new"}"#
            ),
            (
                .budgets([
                    JobBudget(key: "a"), JobBudget(key: "b", cost: 2, createWith: policy),
                    JobBudget(key: "c", createWith: JobBudget.Policy(allocation: 1, strategy: .whileInFlight)),
                ]),
                #""budgets":[{"key":"a"},{"key":"b","cost":2,"create_with":{"allocation":9,"strategy":{"type":"time_based","duration_ms":1000,"burst":3}}},"#
                    + #"{"key":"c","create_with":{"allocation":1,"strategy":{"type":"while_in_flight"}}}]"#
            ),
        ]
        for (option, json) in cases {
            var options = JobOptions.none
            options.append(option)
            #expect(text(options.members) == json)
            let isBatch = if case .batch = option { true } else { false }
            #expect(options.hasBatch == isBatch && options == JobOptions(stored: options.members))
        }
    }

    @Test("options that are appended know their batch as those that a row has")
    func appended() {
        let batch = JobBatch(key: "k", when: "true", fold: "$new")
        var constant = JobOptions.none
        constant.append(.batch(batch))
        constant.append(.retryLimit(2))
        var options = JobOptions.none
        options.append(.priority(1))
        options.append(constant)
        options.append(.none)
        #expect(options.hasBatch)
        #expect(
            text(options.members) == #""priority":1,"batch":{"key":"k","when":"true","fold":"$new"},"retry_limit":2"#)
        #expect(JobOptions(stored: options.members) == options)
    }

    @Test(
        "a job needs a batch licence if its options have the key, not if a text mentions it",
        arguments: [
            (#""batch":{"key":"b"}"#, true), (#""priority":1,"batch":{"key":"b"}"#, true), ("", false),
            (#""priority":1"#, false), (#""x":"\"batch\":""#, false), (#""x":{"batch":{"key":"b"}}"#, false),
            (#""budgets":[{"key":"batch"}],"batch" : {}"#, true), (#""b\u0061tch":{}"#, true), (#""priority""#, false),
            (#""priority":1,"#, false), ("nonsense", false),
        ])
    func knowsBatch(options: String, hasBatch: Bool) {
        let stored = JobOptions(stored: Array(options.utf8))
        #expect(stored.hasBatch == hasBatch && text(stored.members) == options)
    }
}
