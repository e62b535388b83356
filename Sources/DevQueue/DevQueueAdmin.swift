internal import SluiceBase
internal import SluiceHTTP

/// Control and inspection from outside the process, for tests and benchmarks. No Zizq server has these paths:
///
/// | request | does |
/// |---|---|
/// | `GET /dev/stats` | 200 with the counts of `DevQueueStatistics` and `jobs`, the jobs there are |
/// | `POST /dev/faults?fault=status&status=503&count=3` | the next three enqueues meet the fault; without `count` all do |
/// | `DELETE /dev/faults` | no more faults |
/// | `POST /dev/licence?licensed=true` | accepts `unique_key` and `batch` from now on, or with `false` no more |
/// | `GET /dev/jobs` | 200 `application/x-ndjson`, every job with its payload on a line |
///
/// Faults: `status` (`status`, `error`), `delay` (`milliseconds`), `drop_before_commit`, `drop_after_commit`, `garbage`,
/// `half_answer`, `html_bad_request`, `payload_too_large`, `redirect`, `silence`, `silence_after_commit`,
/// `refuses_type` (`type`).
enum DevQueueAdmin {
    static func owns(_ path: String) -> Bool { path.hasPrefix("/dev/") }

    static func respond(to request: borrowing RequestView, store: DevQueueStore) -> HTTPResponse {
        let parameters = QueryParameters(request.query)
        switch (request.method.text, request.path.text) {
        case ("GET", "/dev/stats"): return statistics(store)
        case ("GET", "/dev/jobs"): return jobs(store)
        case ("POST", "/dev/faults"): return setFault(parameters, store: store)
        case ("DELETE", "/dev/faults"):
            store.clearFaults()
            return HTTPResponse(status: 204)
        case ("POST", "/dev/licence"):
            guard let text = parameters["licensed"], let isLicensed = Bool(text) else {
                return .error(400, "licensed must be true or false")
            }
            store.setLicensed(isLicensed)
            return HTTPResponse(status: 204)
        default: return .error(404, "not found")
        }
    }

    private static func statistics(_ store: DevQueueStore) -> HTTPResponse {
        let (counts, jobs) = store.withContents { ($0.statistics, $0.count) }
        var body = Array(#"{"jobs":\#(jobs)"#.utf8)
        body.appendMember("enqueue_requests", number: counts.enqueueRequests)
        body.appendMember("accepted_jobs", number: counts.acceptedJobs)
        body.appendMember("duplicate_jobs", number: counts.duplicateJobs)
        body.appendMember("refused_requests", number: counts.refusedRequests)
        body.appendMember("faulty_requests", number: counts.faultyRequests)
        body.appendMember("largest_bulk", number: counts.largestBulk)
        body.append(UInt8(ascii: "}"))
        return .json(200, body)
    }

    private static func jobs(_ store: DevQueueStore) -> HTTPResponse {
        var body: [UInt8] = []
        for job in store.jobs {
            job.appendJSON(to: &body, as: .whole)
            body.append(ASCII.lineFeed)
        }
        return HTTPResponse(status: 200, headers: [("content-type", "application/x-ndjson")], body: body)
    }

    private static func setFault(_ parameters: QueryParameters, store: DevQueueStore) -> HTTPResponse {
        guard let fault = DevQueueFault(parameters) else { return .error(400, "no such fault") }
        var count: Int?
        if let text = parameters["count"] {
            guard let number = Int(text), number > 0 else { return .error(400, "count must be a number above 0") }
            count = number
        }
        store.setFault(fault, count: count)
        return HTTPResponse(status: 204)
    }
}

extension DevQueueFault {
    /// Reads the parameters of `POST /dev/faults`.
    init?(_ parameters: QueryParameters) {
        switch parameters["fault"] {
        case "status":
            guard let status = parameters["status"].flatMap(Int.init), 200...599 ~= status else { return nil }
            self = .status(status, error: parameters["error"] ?? "refused as told")
        case "delay":
            guard let milliseconds = parameters["milliseconds"].flatMap(Int.init), milliseconds >= 0 else { return nil }
            self = .delay(.milliseconds(milliseconds))
        case "refuses_type":
            guard let type = parameters["type"] else { return nil }
            self = .refusesType(type)
        case "drop_before_commit": self = .dropBeforeCommit
        case "drop_after_commit": self = .dropAfterCommit
        case "garbage": self = .garbage
        case "half_answer": self = .halfAnswer
        case "html_bad_request": self = .htmlBadRequest
        case "payload_too_large": self = .payloadTooLarge
        case "redirect": self = .redirect
        case "silence": self = .silence
        case "silence_after_commit": self = .silenceAfterCommit
        default: return nil
        }
    }
}
