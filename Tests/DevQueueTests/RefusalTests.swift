import DevQueue
import SluiceHTTP
import Testing

/// The table of refusals, word for word.
@Suite struct RefusalTests {
    private static func error(_ status: Int, _ sentence: String) -> String { #"\#(status) {"error":"\#(sentence)"}"# }

    @Test(
        "a single job with a bad field is refused with the server's words",
        arguments: [
            (job(queue: "a,b"), 400, "queue must not contain ','"),
            (job(type: ""), 400, "type must not be empty"),
            (job(queue: "a\\u0000b"), 400, "queue must not contain null bytes"),
            (job(queue: "a*"), 400, "queue must not contain '*' (reserved)"),
            (job(type: "[", queue: ","), 400, "type must not contain '[' (reserved)"),
            (#"{"type":"t","queue":"q"}"#, 400, "invalid JSON: missing field `payload` at line 1 column 24"),
            (#"{"queue":"q","payload":1}"#, 400, "invalid JSON: missing field `type` at line 1 column 25"),
            (
                #"{"type":5,"queue":"q","payload":1}"#, 400,
                "invalid JSON: invalid type: integer `5`, expected a string at line 1 column 9"
            ),
            (
                #"{"type":null,"queue":"q","payload":1}"#, 400,
                "invalid JSON: invalid type: null, expected a string at line 1 column 12"
            ),
            (
                #"{"type":"t","priority":70000}"#, 400,
                "invalid JSON: invalid value: integer `70000`, expected u16 at line 1 column 28"
            ),
            (
                #"{"type":"t","priority":-1}"#, 400,
                "invalid JSON: invalid value: integer `-1`, expected u16 at line 1 column 25"
            ),
            (
                #"{"type":"t","priority":1.5}"#, 400,
                "invalid JSON: invalid type: floating point `1.5`, expected u16 at line 1 column 26"
            ),
            (
                #"{"type":"t","priority":"5"}"#, 400,
                #"invalid JSON: invalid type: string \"5\", expected u16 at line 1 column 26"#
            ),
            (#"{"type":"t","type":"u"}"#, 400, "invalid JSON: duplicate field `type` at line 1 column 18"),
            (
                job(#""backoff":{"base_ms":1,"exponent":2}"#), 400,
                "invalid JSON: missing field `jitter_ms` at line 1 column 60"
            ),
            (job(#""unique_key":"""#), 403, "unique jobs requires a pro license"),
            (job(#""unique_key":"k","unique_while":"zzz""#), 403, "unique jobs requires a pro license"),
            (job(#""batch":{"key":"k","when":"true","fold":"$new"}"#), 403, "batched jobs requires a pro license"),
            (job(#""unique_while":"queued""#), 400, "unique_while requires unique_key"),
            (
                job(#""unique_key":"k","batch":{"key":"k","when":"true","fold":"$new"}"#), 400,
                "unique_key and batch cannot be combined"
            ),
            ("", 400, "invalid JSON: EOF while parsing a value at line 1 column 0"),
        ])
    func refusesOne(body: String, status: Int, sentence: String) throws {
        let queue = QueueUnderTest()
        #expect(try queue.serverLine("/jobs", body) == Self.error(status, sentence))
        #expect(queue.store.jobCount == 0)
    }

    @Test(
        "a bulk request with one bad job is refused as a whole, and names the job if the server does",
        arguments: [
            (job(queue: ","), 400, "jobs[2]: queue must not contain ','"),
            (job(#""unique_while":"queued""#), 400, "jobs[2]: unique_while requires unique_key"),
            (
                job(#""unique_key":"k","batch":{"key":"k","when":"true","fold":"$new"}"#), 400,
                "jobs[2]: unique_key and batch cannot be combined"
            ),
            (
                job(#""unique_key":"k","unique_while":"zzz""#), 400,
                #"jobs[2]: invalid unique_while: \"zzz\" (expected \"queued\", \"active\", or \"exists\")"#
            ),
            (job(#""unique_key":"k""#), 403, "unique jobs requires a pro license"),
            (job(#""batch":{"key":"k","when":"true","fold":"$new"}"#), 403, "batched jobs requires a pro license"),
            (#"{"type":"t","queue":"q"}"#, 400, "invalid JSON: missing field `payload` at line 1 column 109"),
        ])
    func refusesBulk(bad: String, status: Int, sentence: String) throws {
        let queue = QueueUnderTest()
        #expect(
            try queue.serverLine("/jobs/bulk", #"{"jobs":[\#(job()),\#(job()),\#(bad),\#(job())]}"#)
                == Self.error(status, sentence))
        #expect(queue.store.jobCount == 0)
    }

    @Test(
        "a bulk body without a list of jobs is refused with the place",
        arguments: [
            ("{}", "missing field `jobs` at line 1 column 2"),
            (#"{"jobs":null}"#, "invalid type: null, expected a sequence at line 1 column 12"),
            ("", "EOF while parsing a value at line 1 column 0"),
            ("\n\n  ", "EOF while parsing a value at line 3 column 2"),
            (#"{"jobs":[]} x"#, "trailing characters at line 1 column 13"),
            (#"{"jobs":[],"jobs":[]}"#, "duplicate field `jobs` at line 1 column 17"),
            (#"{"jobs":[],}"#, "trailing comma at line 1 column 12"),
        ])
    func refusesBody(body: String, sentence: String) throws {
        #expect(try QueueUnderTest().serverLine("/jobs/bulk", body) == Self.error(400, "invalid JSON: " + sentence))
        let answer = try QueueUnderTest().answer("POST", "/jobs/bulk", body: body)
        #expect(answer.headers.map(\.value) == ["application/json"])
    }

    @Test("an empty bulk is accepted")
    func acceptsEmptyBulk() throws {
        #expect(try QueueUnderTest().bulk([]).line == #"201 {"jobs":[]}"#)
    }

    @Test("a null in a field that may be absent counts as absent, and unknown fields are ignored")
    func ignoresNullAndUnknown() throws {
        func members(_ budgets: String) -> String {
            #""priority":null,"unique_key":null,"backoff":null,"batch":null,"budgets":\#(budgets),"\u0078":[{}]"#
        }
        #expect(try QueueUnderTest().answer("POST", "/jobs", body: job(members("1e300"))).status == 201)
        // Only a Zizq server ignores the range of numbers there.
        #expect(ServerWords.refusal(of: Array(job(members("1e400")).utf8), path: "/jobs") == nil)
    }

    @Test(
        "a name that would end the server's process closes the connection without an answer",
        arguments: ["/jobs", "/jobs/bulk"])
    func dropsFatalName(path: String) {
        let body = job(queue: String(repeating: "n", count: 65_508))
        let reply = QueueUnderTest().reply(
            "POST", path, body: Array((path == "/jobs" ? body : #"{"jobs":[\#(body)]}"#).utf8))
        guard case .drop = reply else {
            Issue.record("answered \(reply)")
            return
        }
    }

    @Test(
        "a body that is not the expected JSON is refused in words that name the field or the place",
        arguments: [
            (#"{"type":"t","queue":"q"}"#, "payload is missing at line 1 column 25"),
            (#"{"type":5}"#, "expected a string, not a number at line 1 column 9"),
            ("{\n\"type\":\"t\" 1}", "expected a comma or a closing brace at line 2 column 12"),
            (#"{"type":"t","type":"t"}"#, "duplicate field `type`"),
            (#"{"priority":65536}"#, "priority must be an integer from 0 to 65535"),
            (#"{"backoff":{"base_ms":"1"}}"#, "base_ms must be an integer from 0 to 4294967295"),
            ("", "there is no value at line 1 column 1"),
        ])
    func ownWords(body: String, sentence: String) throws {
        #expect(
            try QueueUnderTest().answer("POST", "/jobs", body: body).line
                == Self.error(400, "invalid JSON: " + sentence))
    }
}
