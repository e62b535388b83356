/// Section 4: everything else a client meets, as far as one request shows it.
enum RequestRows {
    private static let nobody = "0000000000000000000000000"
    private static let notInFlight = #"404 {"error":"job not found in in-flight set"}"#

    static let all: [ConformanceRow] = [
        ConformanceRow(4, "GET /health", #"200 {"status":"ok"}"#),
        ConformanceRow(4, "GET /version", #"200 {"version":"<any>"}"#),
        ConformanceRow(4, "GET /queues", #"200 {"queues":[<any>]}"#),
        ConformanceRow(4, "GET /jobs/count", #"200 {"count":<ms>}"#),
        ConformanceRow(4, "GET /jobs/count?queue=QUEUE", #"200 {"count":0}"#),
        ConformanceRow(4, "GET /jobs/count?id=\(nobody)", #"200 {"count":0}"#),
        ConformanceRow(
            4, "GET /jobs/count?queue=QUEUE&status=ready,dead&type=TYPE&priority=1..2&ready_at=..5&attempts=0",
            #"200 {"count":0}"#),
        ConformanceRow(4, "GET /jobs/count?colour=red", "400"),
        ConformanceRow(4, "GET /jobs?colour=red", "400"),
        ConformanceRow(4, "GET /jobs?priority=2..1", "400"),
        ConformanceRow(
            4, "GET /jobs?limit=50&order=asc&queue=QUEUE",
            #"200 {"jobs":[],"pages":{"self":"<any>","next":null,"prev":null}}"#),
        ConformanceRow(4, "GET /jobs?limit=2000&queue=QUEUE", "200"),
        ConformanceRow(4, "GET /jobs?limit=2001", "400"),
        ConformanceRow(4, "GET /jobs?limit=0", "400"),
        ConformanceRow(4, "GET /jobs/\(nobody)", #"404 {"error":"job not found"}"#),
        ConformanceRow(4, "POST /jobs/\(nobody)/success", notInFlight),
        ConformanceRow(4, "POST /jobs/\(nobody)/failure", sent: #"{"message":"m"}"#, notInFlight),
        ConformanceRow(4, "POST /jobs/success", sent: #"{"ids":[]}"#, #"400 {"error":"ids must not be empty"}"#),
        ConformanceRow(4, "POST /jobs/success", sent: #"{"ids":["\#(nobody)"]}"#, #"422 {"not_found":["\#(nobody)"]}"#),
        ConformanceRow(
            4, "POST /jobs/bulk", bytes: [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 3],
            headers: [("content-encoding", "gzip")],
            #"400 {"error":"invalid JSON: <any>"}"#),
        ConformanceRow(
            4, "POST /jobs/bulk", sent: #"{"jobs":[]}"#, headers: [("content-encoding", "gzip")], #"201 {"jobs":[]}"#),
        ConformanceRow(4, "GET /health", headers: (0..<101).map { ("x-\($0)", "y") }, "431"),
    ]
}
