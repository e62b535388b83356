import TestSupport
import Testing

/// What takes more than one request of section 4: jobs are taken, acknowledged and put back. See `ConformanceTests` for
/// whom it asks.
@Suite struct ConformanceWorkTests {
    private static let targets = ConformanceTarget.all

    @Test("a stream gives jobs as lines, with payload and time, by priority and then in order", arguments: targets)
    func streams(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let ids = try queue.enqueue(
                [#""priority":9"#, #""priority":1"#, #""priority":1"#], payload: #"{"b":1,"a":[2]}"#)
            let stream = try queue.connect()
            let head = try stream.exchange(
                QueueRequest(method: "GET", target: queue.named("/jobs/take?queue=no-\(queue.queue),QUEUE&prefetch=3")))
            #expect(head.status == 200)
            #expect(head[header: "content-type"] == "application/x-ndjson")
            #expect(head[header: "transfer-encoding"] == "chunked")
            let jobs = try (0..<3).map { _ in try stream.job() }
            #expect(jobs.flatMap { $0.values(of: "id") } == [ids[1], ids[2], ids[0]])
            for job in jobs {
                #expect(job.values(of: "status") == ["in_flight"])
                #expect(job.numbers(of: "dequeued_at").count == 1)
                #expect(job.contains(#""payload":{"a":[2],"b":1}"#), "\(job)")
            }
            try queue.succeed(ids)
        }
    }

    @Test(
        "a worker never has more jobs than requested; each acknowledgement brings the next one immediately",
        arguments: targets)
    func prefetch(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let ids = try queue.enqueue(["", "", "", ""])
            let stream = try queue.take()
            #expect(try stream.job().values(of: "id") == [ids[0]])
            #expect(try queue.count("in_flight") == 1)
            #expect(try queue.send("POST", "/jobs/\(ids[0])/success").line == "204 ")
            #expect(try stream.job().values(of: "id") == [ids[1]])
            #expect(try queue.send("POST", "/jobs/\(ids[1])/failure", #"{"message":"m","kill":true}"#).status == 200)
            #expect(try stream.job().values(of: "id") == [ids[2]])
            #expect(try queue.send("POST", "/jobs/success", #"{"ids":["\#(ids[2])"]}"#).line == "204 ")
            #expect(try stream.job().values(of: "id") == [ids[3]])
            try queue.succeed([ids[3]])
        }
    }

    @Test("an empty line comes every three seconds", arguments: targets)
    func heartbeats(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let stream = try queue.take()
            for _ in 0..<2 {
                try queue.pass(.seconds(3))
                #expect(try stream.line() == "")
            }
        }
    }

    @Test("a connection that is dropped puts its jobs back, for others to take, without an attempt", arguments: targets)
    func drops(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let ids = try queue.enqueue(["", ""])
            let stream = try queue.take("&prefetch=2")
            for id in ids { #expect(try stream.job().values(of: "id") == [id]) }
            stream.socket.close()
            let other = try queue.take("&prefetch=2")
            for id in ids {
                let job = try other.job()
                #expect(job.values(of: "id") == [id])
                #expect(job.numbers(of: "attempts") == [0])
            }
            try queue.succeed(ids)
        }
    }

    @Test("a late report settles a job that another worker has, which then cannot report it", arguments: targets)
    func lateReports(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let ids = try queue.enqueue([""])
            let first = try queue.take()
            _ = try first.job()
            first.socket.close()
            let second = try queue.take()
            #expect(try second.job().values(of: "id") == ids)
            #expect(try queue.send("POST", "/jobs/\(ids[0])/success").line == "204 ")
            #expect(try queue.send("POST", "/jobs/\(ids[0])/success").status == 404)
            #expect(try queue.send("POST", "/jobs/\(ids[0])/failure", #"{"message":"m"}"#).status == 404)
        }
    }

    @Test("a scheduled job comes over the stream when its time has come", arguments: targets)
    func schedules(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let stream = try queue.take()
            _ = try queue.enqueue([#""ready_at":\#(UInt64.max)"#])
            let ids = try queue.enqueue([#""ready_at":\#(queue.now + 1000)"#])
            #expect(try queue.count("scheduled") == 2)
            try queue.pass(.seconds(1))
            #expect(try stream.job().values(of: "id") == ids)
            try queue.succeed(ids)
        }
    }

    @Test("a job is completed once, and then gone", arguments: targets)
    func succeeds(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let ids = try queue.enqueue(["", "", ""])
            let stream = try queue.take("&prefetch=3")
            for _ in ids { _ = try stream.job() }
            let notInFlight = #"404 {"error":"job not found in in-flight set"}"#
            #expect(try queue.send("POST", "/jobs/\(ids[0])/success").line == "204 ")
            #expect(try queue.send("POST", "/jobs/\(ids[0])/success").line == notInFlight)
            #expect(try queue.send("GET", "/jobs/\(ids[0])").line == #"404 {"error":"job not found"}"#)
            let partly = try queue.send("POST", "/jobs/success", #"{"ids":["\#(ids[0])","\#(ids[1])"]}"#)
            #expect(partly.line == #"422 {"not_found":["\#(ids[0])"]}"#)
            #expect(try queue.send("POST", "/jobs/\(ids[1])/success").line == notInFlight)
            #expect(try queue.send("POST", "/jobs/success", #"{"ids":["\#(ids[2])"]}"#).line == "204 ")
            #expect(try queue.send("GET", "/jobs/count?queue=QUEUE").text == #"{"count":0}"#)
        }
    }

    @Test(
        "a job that failed is scheduled by its back-off, or dead when it is killed or has no retry left",
        arguments: targets)
    func fails(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let backoff = #""backoff":{"base_ms":60000,"exponent":1,"jitter_ms":0}"#
            let ids = try queue.enqueue([backoff, "", #""retry_limit":0"#])
            let stream = try queue.take("&prefetch=3")
            for _ in ids { _ = try stream.job() }
            let first = try queue.send(
                "POST", "/jobs/\(ids[0])/failure", #"{"message":"m","error_type":"E","backtrace":"b"}"#)
            #expect(first.status == 200)
            #expect(first.text.values(of: "status") == ["scheduled"])
            #expect(first.text.numbers(of: "attempts") == [1])
            #expect(!first.text.contains(#""payload""#))
            let failedAt = try #require(first.text.numbers(of: "failed_at").first)
            #expect(first.text.numbers(of: "dequeued_at").count == 1)
            #expect(try #require(first.text.numbers(of: "ready_at").first) == failedAt + 61_000)
            let killed = try queue.send("POST", "/jobs/\(ids[1])/failure", #"{"message":"m","kill":true}"#)
            #expect(killed.status == 200 && killed.text.values(of: "status") == ["dead"])
            let exhausted = try queue.send("POST", "/jobs/\(ids[2])/failure", #"{"message":"m"}"#)
            #expect(exhausted.status == 200 && exhausted.text.values(of: "status") == ["dead"])
            #expect(try queue.count("dead") == 2)
            #expect(try queue.send("POST", "/jobs/\(ids[2])/failure", #"{"message":"m"}"#).status == 404)
            #expect(try queue.send("POST", "/jobs/\(ids[2])/failure", "{}").status == 400)
        }
    }

    @Test("a failure report can set the time of the retry", arguments: targets)
    func retries(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let ids = try queue.enqueue([""])
            let stream = try queue.take()
            _ = try stream.job()
            let time = queue.now + 500
            let answer = try queue.send("POST", "/jobs/\(ids[0])/failure", #"{"message":"m","retry_at":\#(time)}"#)
            #expect(answer.text.numbers(of: "ready_at") == [time])
            try queue.pass(.milliseconds(500))
            let again = try stream.job()
            #expect(again.values(of: "id") == ids && again.numbers(of: "attempts") == [1])
            try queue.succeed(ids)
        }
    }

    @Test("a worker that takes many concurrent jobs gets all of them", arguments: targets)
    func manyJobs(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let count = queue.own == nil ? 200 : 4000
            let payload = "\"" + String(repeating: "x", count: 1000) + "\""
            let ids = try queue.enqueue(Array(repeating: "", count: count), payload: payload)
            // More than the buffers between the two hold.
            let stream = try queue.take("&prefetch=\(count)")
            var taken: [String] = []
            for _ in 0..<count { taken += try stream.job().values(of: "id") }
            #expect(taken == ids)
            try queue.succeed(ids)
            #expect(try queue.send("GET", "/jobs/count?queue=QUEUE").text == #"{"count":0}"#)
        }
    }

    @Test("a unique key is held for the states of its scope, and free with the record", arguments: targets)
    func uniqueKeys(target: ConformanceTarget) async throws {
        try await target.run { queue in
            guard queue.isLicensed else { return }
            let states: [(String, [Bool])] = [
                ("queued", [true, false, false]), ("active", [true, true, false]), ("exists", [true, true, false]),
            ]
            for (scope, expected) in states {
                let job =
                    #"{"type":"TYPE","queue":"QUEUE","payload":1,"unique_key":"KEY-\#(scope)","unique_while":"\#(scope)"}"#
                let first = try queue.send("POST", "/jobs", job)
                let id = try #require(first.text.values(of: "id").first)
                #expect(first.status == 201)
                let second = try queue.send("POST", "/jobs", job)
                #expect(second.status == 200)
                #expect(second.text.values(of: "id") == [id])
                #expect(second.text.contains(#""duplicate":true,"folded":false"#) == expected[0])
                let stream = try queue.take()
                _ = try stream.job()
                let third = try queue.send("POST", "/jobs", job)
                #expect((third.status == 200) == expected[1])
                try queue.succeed([id])
                if third.status == 201 {
                    let next = try stream.job()
                    try queue.succeed(next.values(of: "id"))
                }
                #expect(try queue.send("POST", "/jobs", job).status == 201)
                try queue.succeed(stream.job().values(of: "id"))
            }
        }
    }
}
