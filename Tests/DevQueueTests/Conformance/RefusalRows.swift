/// Section 2: refusals, word for word. Nothing of these is stored, so that names may be short where the place is
/// compared.
enum RefusalRows {
    private static func job(_ members: String = "", type: String = "t", queue: String = "q") -> String {
        #"{"type":"\#(type)","queue":"\#(queue)",\#(members.isEmpty ? "" : members + ",")"payload":{}}"#
    }

    private static func error(_ status: Int, _ sentence: String) -> String { #"\#(status) {"error":"\#(sentence)"}"# }

    private static func one(_ sent: String, licence: ConformanceRow.Licence = .any, _ status: Int, _ sentence: String)
        -> ConformanceRow
    {
        ConformanceRow(2, "POST /jobs", sent: sent, licence: licence, error(status, sentence))
    }

    /// The job is the third of four.
    private static func many(
        _ third: String, licence: ConformanceRow.Licence = .any, _ status: Int, _ sentence: String
    ) -> ConformanceRow {
        let sent = #"{"jobs":[\#(job()),\#(job()),\#(third),\#(job())]}"#
        return ConformanceRow(2, "POST /jobs/bulk", sent: sent, licence: licence, error(status, sentence))
    }

    private static func body(_ sent: String, _ sentence: String) -> ConformanceRow {
        ConformanceRow(2, "POST /jobs/bulk", sent: sent, error(400, "invalid JSON: " + sentence))
    }

    static let all: [ConformanceRow] = names + fields + licences + bodies + media + paths

    private static let names =
        [",", "*", "?", "[", "]", "{", "}", "\\"].flatMap { character in
            let sent = character == "\\" ? "\\\\" : character
            let sentence = character == "," ? "','" : "'\(character == "\\" ? "\\\\" : character)' (reserved)"
            return [
                one(job(queue: "a\(sent)b"), 400, "queue must not contain \(sentence)"),
                one(job(type: "a\(sent)b", queue: ","), 400, "type must not contain \(sentence)"),
                many(job(queue: "a\(sent)b"), 400, "jobs[2]: queue must not contain \(sentence)"),
            ]
        } + [
            one(job(type: ""), 400, "type must not be empty"),
            one(job(queue: ""), 400, "queue must not be empty"),
            one(job(queue: "a\\u0000b"), 400, "queue must not contain null bytes"),
            one(job(type: "a\\u0000b"), 400, "type must not contain null bytes"),
            many(job(type: ""), 400, "jobs[2]: type must not be empty"),
            ConformanceRow(
                2, "POST /jobs/bulk",
                sent: #"{"jobs":[\#(Array(repeating: job(), count: 500).joined(separator: ",")),\#(job(queue: ","))]}"#,
                error(400, "jobs[500]: queue must not contain ','")),
        ]

    private static let fields = [
        one(#"{"type":"t","queue":"q"}"#, 400, "invalid JSON: missing field `payload` at line 1 column 24"),
        one(#"{"queue":"q","payload":1}"#, 400, "invalid JSON: missing field `type` at line 1 column 25"),
        one(#"{"type":"t","payload":1}"#, 400, "invalid JSON: missing field `queue` at line 1 column 24"),
        many(#"{"type":"t","queue":"q"}"#, 400, "invalid JSON: missing field `payload` at line 1 column 109"),
        one(job(#""priority":70000"#), 400, "invalid JSON: <any>invalid value: integer `70000`, expected u16<any>"),
        one(job(#""priority":-1"#), 400, "invalid JSON: <any>invalid value: integer `-1`, expected u16<any>"),
        one(job(#""priority":1.5"#), 400, "invalid JSON: <any>floating point `1.5`, expected u16<any>"),
        one(job(#""priority":"5""#), 400, #"invalid JSON: <any>string \"5\", expected u16<any>"#),
        one(#"{"type":"t","type":"u"}"#, 400, "invalid JSON: duplicate field `type` at <any>"),
    ]

    private static let licences = [
        one(job(#""unique_key":"k""#), licence: .without, 403, "unique jobs requires a pro license"),
        one(job(#""unique_key":"""#), licence: .without, 403, "unique jobs requires a pro license"),
        many(job(#""unique_key":"k""#), licence: .without, 403, "unique jobs requires a pro license"),
        one(
            job(#""batch":{"key":"k","when":"true","fold":"$new"}"#), licence: .without, 403,
            "batched jobs requires a pro license"),
        many(
            job(#""batch":{"key":"k","when":"true","fold":"$new"}"#), licence: .without, 403,
            "batched jobs requires a pro license"),
        // The shape of a batch is read before anything is said of a licence.
        one(
            #"{"type":"t","queue":"q","batch":{"key":"k"},"payload":1}"#, 400,
            "invalid JSON: missing field `when` at line 1 column 43"),
        one(
            #"{"type":"t","queue":"q","unique_key":"k","batch":{"key":"k"},"payload":1}"#, 400,
            "invalid JSON: missing field `when` at line 1 column 60"),
        many(job(#""batch":{"key":"k"}"#), 400, "invalid JSON: missing field `when` at line 1 column <any>"),
        one(job(#""unique_while":"queued""#), 400, "unique_while requires unique_key"),
        many(job(#""unique_while":"queued""#), 400, "jobs[2]: unique_while requires unique_key"),
        one(
            job(#""unique_key":"k","batch":{"key":"k","when":"true","fold":"$new"}"#), 400,
            "unique_key and batch cannot be combined"),
        many(
            job(#""unique_key":"k","batch":{"key":"k","when":"true","fold":"$new"}"#), 400,
            "jobs[2]: unique_key and batch cannot be combined"),
        many(
            job(#""unique_key":"k","unique_while":"zzz""#), 400,
            #"jobs[2]: invalid unique_while: \"zzz\" (expected \"queued\", \"active\", or \"exists\")"#),
        one(
            job(#""unique_key":"k","unique_while":"zzz""#), licence: .without, 403, "unique jobs requires a pro license"
        ),
        ConformanceRow(
            2, "POST /jobs", sent: job(#""batch":{"key":"k","when":"true","fold":"(.a"}"#), licence: .with, "422"),
    ]

    private static let bodies = [
        body("{}", "missing field `jobs` at line 1 column 2"),
        body(#"{"jobs":null}"#, "<any>invalid type: null, expected a sequence<any>"),
        body("", "<any>EOF while parsing a value at line 1 column 0"),
        ConformanceRow(2, "POST /jobs", error(400, "invalid JSON: EOF while parsing a value at line 1 column 0")),
    ]

    private static let supported = #""supported":[SUPPORTED]}"#

    private static func type(_ type: String, _ expected: String) -> ConformanceRow {
        ConformanceRow(2, "POST /jobs/bulk", sent: #"{"jobs":[]}"#, headers: [("content-type", type)], expected)
    }

    private static let media = [
        type("text/plain", #"415 {"error":"unsupported media type",\#(supported)"#),
        type("Application/JSON", #"415 {"error":"unsupported media type",\#(supported)"#),
        type("text/application/json5", #"201 {"jobs":[]}"#),
        type("application/json; charset=utf-8", #"201 {"jobs":[]}"#),
        ConformanceRow(
            2, "POST /jobs", sent: "no JSON", headers: [("accept", "text/html")],
            #"406 {"error":"not acceptable","supported":[<any>]}"#),
        ConformanceRow(
            2, "GET /jobs/take", headers: [("accept", "text/html")],
            #"406 {"error":"not acceptable","supported":[<any>]}"#),
    ]

    private static let paths = [
        ConformanceRow(2, "GET /nothing", "404 <any>not found<any>"),
        ConformanceRow(2, "GET /health/", "404 <any>not found<any>"),
        ConformanceRow(2, "POST /jobs/bulk/", sent: #"{"jobs":[]}"#, "404 <any>not found<any>"),
        ConformanceRow(2, "PUT /jobs/bulk", "405 "),
        ConformanceRow(2, "POST /health", "405 "),
        ConformanceRow(2, "GET /jobs/bulk", "405 "),
    ]
}
