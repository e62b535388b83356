internal import SluiceBase
internal import SluiceHTTP

/// The paths of the API, with their methods and media types. A Zizq server does not have those below `/dev`, which are
/// for tests and benchmarks.
enum DevQueueRoute: String {
    case jobs = "/jobs"
    case bulk = "/jobs/bulk"
    case count = "/jobs/count"
    case take = "/jobs/take"
    /// The acknowledgement of several jobs.
    case successes = "/jobs/success"
    case job = "/jobs/{id}"
    case success = "/jobs/{id}/success"
    case failure = "/jobs/{id}/failure"
    case queues = "/queues"
    case health = "/health"
    case version = "/version"
    case reset = "/reset"
    /// The counts of `DevQueueStatistics`, and `jobs`, the current number of jobs.
    case statistics = "/dev/stats"
    /// All jobs with their payloads, one per line.
    case allJobs = "/dev/jobs"

    /// The route of a path and the identifier in it, which is empty if there is none.
    static func of(_ path: String) -> (route: DevQueueRoute, id: String)? {
        if let route = DevQueueRoute(rawValue: path) { return (route, "") }
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 2, !parts[2].isEmpty else { return nil }
        let id = parts[2]
        parts[2] = "{id}"
        return DevQueueRoute(rawValue: parts.joined(separator: "/")).map { ($0, id) }
    }

    /// In the order of the `allow` header.
    var methods: [String] {
        switch self {
        case .jobs: ["GET", "HEAD", "POST"]
        case .bulk, .reset, .successes, .success, .failure: ["POST"]
        case .count, .take, .job, .queues, .health, .version, .statistics, .allJobs: ["GET", "HEAD"]
        }
    }

    /// 406 for an `Accept`, then 415 for a `Content-Type`, that contains no matching media type.
    func mediaTypeRefusal(of request: borrowing RequestView) -> HTTPResponse? {
        let json = "application/json"
        let answers = self == .take ? ["application/x-ndjson", json] : [json]
        if let accept = request.headers.text(of: "accept"), !accept.isEmpty,
            !(answers + ["*/*", "application/*"]).contains(where: { accept.contains($0) })
        {
            return Self.unsupported(406, "not acceptable", supported: answers[0])
        }
        guard request.method.equals("POST"), self != .success, self != .reset,
            let type = request.headers.text(of: "content-type")
        else { return nil }
        return type.contains(json) ? nil : Self.unsupported(415, "unsupported media type", supported: json)
    }

    private static func unsupported(_ status: Int, _ sentence: String, supported type: String) -> HTTPResponse {
        .json(status, Array(#"{"error":"\#(sentence)","supported":["\#(type)"]}"#.utf8))
    }
}
