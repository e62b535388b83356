import DevQueue
import SluiceHTTP
import Testing

@Suite struct ProtocolTests {
    @Test(
        "paths and methods that there are not are refused",
        arguments: [
            ("GET", "/nothing", 404, #"{"error":"not found"}"#, nil),
            ("GET", "/health/", 404, #"{"error":"not found"}"#, nil),
            ("POST", "/jobs/bulk/", 404, #"{"error":"not found"}"#, nil),
            ("GET", "/jobs/bulk", 405, "", "POST"),
            ("PUT", "/jobs", 405, "", "GET,HEAD,POST"),
            ("POST", "/health", 405, "", "GET,HEAD"),
            ("GET", "/jobs/0000000000000000000000000", 404, #"{"error":"job not found"}"#, nil),
        ] as [(String, String, Int, String, String?)])
    func refusesPath(method: String, path: String, status: Int, body: String, allow: String?) throws {
        let answer = try QueueUnderTest().answer(method, path)
        #expect(answer.line == "\(status) \(body)")
        #expect(answer.headers.first { $0.name == "allow" }?.value == allow)
    }

    @Test(
        "the content type is a case-sensitive substring test",
        arguments: [
            (nil, 201), ("application/json", 201), ("x application/json; y", 201), ("Application/JSON", 415),
            ("text/plain", 415),
            ("", 415), ("application/msgpack", 415), ("application/msgpack, application/json", 201),
        ] as [(String?, Int)])
    func checksContentType(type: String?, status: Int) throws {
        let answer = try QueueUnderTest().answer(
            "POST", "/jobs", headers: type.map { [("Content-Type", $0)] } ?? [], body: job())
        #expect(answer.status == status)
        if status == 415 {
            #expect(answer.text == #"{"error":"unsupported media type","supported":["application/json"]}"#)
        }
    }

    @Test("an Accept without a match is 406, before the body is read", arguments: ["text/html", "image/*"])
    func checksAccept(accept: String) throws {
        let answer = try QueueUnderTest().answer("POST", "/jobs", headers: [("accept", accept)], body: "not JSON")
        #expect(answer.line == #"406 {"error":"not acceptable","supported":["application/json"]}"#)
    }

    @Test("health, version, queues and counts answer as the server does")
    func answersReads() throws {
        let queue = QueueUnderTest()
        #expect(try queue.answer("GET", "/health").line == #"200 {"status":"ok"}"#)
        #expect(try queue.answer("GET", "/version").line == #"200 {"version":"0.6.1"}"#)
        _ = try queue.bulk([job(queue: "b"), job(type: "x", queue: "a"), job(queue: "a")])
        #expect(try queue.answer("GET", "/queues").line == #"200 {"queues":["a","b"]}"#)
        #expect(try queue.answer("GET", "/jobs/count").line == #"200 {"count":3}"#)
        #expect(try queue.answer("GET", "/jobs/count?queue=a&type=t,x").line == #"200 {"count":2}"#)
        #expect(try queue.answer("GET", "/jobs/count?status=scheduled").line == #"200 {"count":0}"#)
        #expect(try queue.answer("GET", "/jobs/count?colour=red").status == 400)
    }

    @Test("jobs are read back one by one and in pages that link to the next")
    func pages() throws {
        let queue = QueueUnderTest()
        _ = try queue.bulk((0..<5).map { job(type: "t\($0)") })
        let ids = queue.store.jobs.map(\.id.text)
        let one = try queue.answer("GET", "/jobs/\(ids[1])")
        #expect(one.status == 200)
        #expect(one.text.contains(#""type":"t1""#))
        #expect(one.text.contains(#""payload":{}"#))
        let first = try queue.answer("GET", "/jobs?limit=2&order=desc").text
        #expect(
            first.contains(
                #""pages":{"self":"/jobs?order=desc&limit=2","next":"/jobs?limit=2&order=desc&from=\#(ids[3])","prev":null}"#
            ))
        let second = try queue.answer("GET", "/jobs?limit=3&order=desc&from=\(ids[3])").text
        #expect(second.contains(#""next":null"#))
        #expect(
            second.split(separator: #""id":""#).dropFirst().map { String($0.prefix(25)) } == [ids[2], ids[1], ids[0]])
        #expect(try queue.answer("GET", "/jobs?limit=0").status == 400)
        #expect(try queue.answer("GET", "/jobs?limit=2001").status == 400)
    }

    @Test("a reset wipes all jobs and keys")
    func resets() throws {
        let queue = QueueUnderTest(isLicensed: true)
        _ = try queue.bulk([job(#""unique_key":"k""#)])
        let answer = try queue.answer("POST", "/reset")
        #expect(answer.line == "204 ")
        #expect(queue.store.jobCount == 0)
        #expect(try queue.bulk([job(#""unique_key":"k""#)]).status == 201)
    }
}
