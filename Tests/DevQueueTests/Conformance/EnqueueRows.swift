/// Section 1: the fields of a job, and the answer to its enqueue.
enum EnqueueRows {
    /// A job with members besides the required ones.
    private static func job(_ members: String, payload: String = "{}") -> String {
        #"{"type":"TYPE","queue":"QUEUE","payload":\#(payload)\#(members.isEmpty ? "" : "," + members)}"#
    }

    /// The answer to it.
    private static func stored(
        _ options: String = "", priority: Int = 32768, status: String = "ready", readyAt: String = "<ms>"
    ) -> String {
        #"201 {"id":"<id>","type":"TYPE","queue":"QUEUE","priority":\#(priority),"status":"\#(status)","ready_at":\#(readyAt),"attempts":0\#(options),"#
            + #""duplicate":false,"folded":false}"#
    }

    private static func row(
        _ members: String, payload: String = "{}", licence: ConformanceRow.Licence = .any, _ expected: String = stored()
    ) -> ConformanceRow {
        ConformanceRow(1, "POST /jobs", sent: job(members, payload: payload), licence: licence, expected)
    }

    static let all: [ConformanceRow] = fields + options + licensed + bulks

    private static let fields = [
        row(""),
        row("", payload: "null"),
        row("", payload: #""text""#),
        row(#""priority":0"#, stored(priority: 0)),
        row(#""priority":65535"#, stored(priority: 65535)),
        row(#""ready_at":99999999999999"#, stored(status: "scheduled", readyAt: "99999999999999")),
        row(#""ready_at":18446744073709551615"#, stored(status: "scheduled", readyAt: "18446744073709551615")),
        row(#""ready_at":7"#, stored(readyAt: "7")),
        row(#""no_such_field":[1e2,{"a":null}]"#),
        row(
            #""priority":null,"ready_at":null,"retry_limit":null,"backoff":null,"retention":null,"unique_key":null,"unique_while":null,"#
                + #""batch":null"#),
    ]

    private static let options = [
        row(#""retry_limit":4294967295"#, stored(#","retry_limit":4294967295"#)),
        row(
            #""backoff":{"base_ms":1,"exponent":2.5,"jitter_ms":4294967295}"#,
            stored(#","backoff":{"exponent":2.5,"base_ms":1,"jitter_ms":4294967295}"#)),
        row(
            #""retention":{"completed_ms":1,"dead_ms":18446744073709551615}"#,
            stored(#","retention":{"completed_ms":1,"dead_ms":18446744073709551615}"#)),
        row(#""retention":{"completed_ms":null,"dead_ms":2}"#, stored(#","retention":{"dead_ms":2}"#)),
        row(
            #""retry_limit":3,"backoff":{"base_ms":1,"exponent":2,"jitter_ms":3},"retention":{"completed_ms":5}"#,
            stored(
                #","retry_limit":3,"backoff":{"exponent":2.0,"base_ms":1,"jitter_ms":3},"retention":{"completed_ms":5}"#
            )),
        row(#""backoff":{"base_ms":1,"exponent":2}"#, "400"),
        row(#""backoff":{"base_ms":1,"jitter_ms":2}"#, "400"),
        row(#""backoff":{"exponent":1,"jitter_ms":2}"#, "400"),
        row(#""backoff":{"base_ms":-1,"exponent":2,"jitter_ms":2}"#, "400"),
        row(#""retention":{"dead_ms":-1}"#, "400"),
        row(#""retry_limit":4294967296"#, "400"),
        row(#""ready_at":18446744073709551616"#, "400"),
        row(#""priority":65536"#, "400"),
    ]

    private static let licensed =
        ["queued", "active", "exists"].map {
            row(
                #""unique_key":"KEY","unique_while":"\#($0)""#, licence: .with,
                stored(#","unique_key":"KEY","unique_while":"\#($0)""#))
        } + [
            row(#""unique_key":"KEY""#, licence: .with, stored(#","unique_key":"KEY"<any>"#)),
            row(
                #""batch":{"key":"KEY","when":"true","fold":"$new"}"#, licence: .with,
                stored(#","batch":{"key":"KEY","when":"true","fold":"$new"}"#)),
        ]

    private static let bulks = [
        ConformanceRow(1, "POST /jobs/bulk", sent: #"{"jobs":[]}"#, #"201 {"jobs":[]}"#),
        ConformanceRow(
            1, "POST /jobs/bulk", sent: #"{"jobs":[\#(job(#""priority":1"#)),\#(job(#""priority":2"#))]}"#,
            #"201 {"jobs":[{"id":"<id>","type":"TYPE","queue":"QUEUE","priority":1,"status":"ready","ready_at":<ms>,"attempts":0,"#
                + #""duplicate":false,"folded":false},{"id":"<id>","type":"TYPE","queue":"QUEUE","priority":2,"status":"ready","#
                + #""ready_at":<ms>,"attempts":0,"duplicate":false,"folded":false}]}"#),
        ConformanceRow(
            1, "POST /jobs/bulk", sent: #"{"jobs":[\#(job(#""unique_key":"KEY""#)),\#(job(#""unique_key":"KEY""#))]}"#,
            licence: .with,
            #"201 {"jobs":[{<any>"duplicate":false,"folded":false<any>},{<any>"duplicate":true,"folded":false<any>}]}"#),
    ]
}
