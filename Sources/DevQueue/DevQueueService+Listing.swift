internal import SluiceBase
internal import SluiceHTTP
internal import SluiceJSON

/// The queries of the API.
extension DevQueueService {
    /// `GET /jobs/{id}`
    func job(_ id: String) -> HTTPResponse {
        let job = JobIdentifier(id).flatMap { id in store.withContents { $0.jobs[id] } }
        guard let job else { return .error(404, "job not found") }
        var body: [UInt8] = []
        job.appendJSON(to: &body, as: .whole)
        return .json(200, body)
    }

    /// `GET /jobs/count`
    func count(_ parameters: QueryParameters) throws(RejectedJobError) -> HTTPResponse {
        let filter = try JobFilter(parameters, allowing: [])
        let count = store.withContents { contents in
            filter.isEmpty ? contents.count : contents.jobs.values.count { filter.matches($0) }
        }
        return .json(200, Array(#"{"count":\#(count)}"#.utf8))
    }

    /// `GET /jobs`
    func page(_ parameters: QueryParameters) throws(RejectedJobError) -> HTTPResponse {
        let filter = try JobFilter(parameters, allowing: JobPage.parameters)
        let jobs = store.withContents { $0.jobs.values.filter(filter.matches) }
        return .json(200, try JobPage(of: jobs, parameters).body(parameters))
    }
}

// MARK: - Paths that a Zizq server does not have

extension DevQueueService {
    /// `GET /dev/stats`
    func statistics() -> HTTPResponse {
        let (counts, jobs) = store.withContents { ($0.statistics, $0.count) }
        let members = [
            ("jobs", jobs), ("enqueue_requests", counts.enqueueRequests), ("accepted_jobs", counts.acceptedJobs),
            ("duplicate_jobs", counts.duplicateJobs), ("refused_requests", counts.refusedRequests),
            ("faulty_requests", counts.faultyRequests), ("largest_bulk", counts.largestBulk),
        ]
        return .json(200, Array("{\(members.map { #""\#($0)":\#($1)"# }.joined(separator: ","))}".utf8))
    }

    /// `GET /dev/jobs`
    func allJobs() -> HTTPResponse {
        var body: [UInt8] = []
        for job in store.jobs {
            job.appendJSON(to: &body, as: .whole)
            body.append(ASCII.lineFeed)
        }
        return HTTPResponse(status: 200, headers: [("content-type", "application/x-ndjson")], body: body)
    }
}

/// One page of a listing.
struct JobPage {
    /// The parameters of a listing other than filters.
    static let parameters: Set<String> = ["limit", "order", "from", "before"]

    private let limit: Int
    private let jobs: ArraySlice<DevQueueJob>
    private let hasNext: Bool
    private let hasPrevious: Bool

    /// - Parameter jobs: all jobs of the listing, in any order.
    init(of jobs: [DevQueueJob], _ parameters: QueryParameters) throws(RejectedJobError) {
        guard let limit = Int(parameters["limit"] ?? "50"), 1...2000 ~= limit else {
            throw RejectedJobError(400, "limit must be between 1 and 2000")
        }
        let order = parameters["order"] ?? "asc"
        guard ["asc", "desc"].contains(order) else { throw RejectedJobError(400, "order must be asc or desc") }
        let precedes: (JobIdentifier, JobIdentifier) -> Bool = order == "asc" ? { $0 < $1 } : { $1 < $0 }
        let sorted = jobs.sorted { precedes($0.id, $1.id) }
        let range: Range<Int>
        if let before = parameters["before"].flatMap(JobIdentifier.init) {
            let end = sorted.firstIndex { !precedes($0.id, before) } ?? sorted.count
            range = max(0, end - limit)..<end
            hasNext = true
        } else {
            let from = parameters["from"].flatMap(JobIdentifier.init)
            let start = from.map { from in sorted.firstIndex { precedes(from, $0.id) } ?? sorted.count } ?? 0
            range = start..<min(sorted.count, start + limit)
            hasNext = range.upperBound < sorted.count
        }
        self.limit = limit
        self.jobs = sorted[range]
        hasPrevious = !range.isEmpty && range.lowerBound > 0
    }

    func body(_ parameters: QueryParameters) -> [UInt8] {
        var body = Array(#"{"jobs":["#.utf8)
        for job in jobs {
            if job.id != jobs.first?.id { body.append(UInt8(ascii: ",")) }
            job.appendJSON(to: &body, as: .whole)
        }
        body.append(contentsOf: #"],"pages":{"self":"#.utf8)
        body.appendJSONString("/jobs?" + parameters.setting("limit", to: String(limit)))
        let (next, previous) = (hasNext ? jobs.last : nil, hasPrevious ? jobs.first : nil)
        body.appendLink("next", next) { parameters.removing("before").setting("from", to: $0) }
        body.appendLink("prev", previous) { parameters.removing("from").setting("before", to: $0) }
        body.append(contentsOf: "}}".utf8)
        return body
    }
}

extension [UInt8] {
    fileprivate mutating func appendLink(_ name: String, _ job: DevQueueJob?, query: (String) -> String) {
        guard let job else { return appendMember(name, json: "null") }
        appendMember(name, text: "/jobs?" + query(job.id.text))
    }
}

/// Which jobs a listing or a count is about.
struct JobFilter: Sendable {
    private var tests: [@Sendable (DevQueueJob) -> Bool] = []

    var isEmpty: Bool { tests.isEmpty }

    /// - Parameters:
    ///   - parameters: texts are lists with commas, numbers are ranges. A job must match every parameter.
    ///   - others: parameters that are not filters.
    init(_ parameters: QueryParameters, allowing others: Set<String>) throws(RejectedJobError) {
        for (name, value) in parameters.pairs where !others.contains(name) {
            let values = Set(value.split(separator: ",").map(String.init))
            switch name {
            case "id": tests.append { values.contains($0.id.text) }
            case "status": tests.append { values.contains($0.status.rawValue) }
            case "queue": tests.append { values.contains($0.queue) }
            case "type": tests.append { values.contains($0.type) }
            case "priority": try add(Self.range(value, of: name)) { UInt64($0.priority) }
            case "ready_at": try add(Self.range(value, of: name)) { $0.readyAt }
            case "attempts": try add(Self.range(value, of: name)) { UInt64($0.attempts) }
            case "filter": throw RejectedJobError(400, "filter needs jq, which the development queue does not have")
            default: throw RejectedJobError(400, "unknown filter: \(name)")
            }
        }
    }

    func matches(_ job: DevQueueJob) -> Bool { tests.allSatisfy { $0(job) } }

    private mutating func add(_ range: ClosedRange<UInt64>, _ number: @escaping @Sendable (DevQueueJob) -> UInt64) {
        tests.append { range.contains(number($0)) }
    }

    /// `N`, `A..B`, `..B` or `A..`, both ends included.
    private static func range(_ text: String, of name: String) throws(RejectedJobError) -> ClosedRange<UInt64> {
        guard let (lower, upper) = bounds(text) else {
            throw RejectedJobError(400, "\(name) must be a number or a range: N, A..B, ..B or A..")
        }
        guard lower <= upper else {
            throw RejectedJobError(400, "\(name): the lower bound \(lower) is above the upper bound \(upper)")
        }
        return lower...upper
    }

    private static func bounds(_ text: String) -> (lower: UInt64, upper: UInt64)? {
        func number(_ text: Substring) -> UInt64? { text.first == "+" ? nil : UInt64(text) }
        guard let dots = text.firstRange(of: "..") else { return number(text[...]).map { ($0, $0) } }
        let (start, end) = (text[..<dots.lowerBound], text[dots.upperBound...])
        guard !start.isEmpty || !end.isEmpty else { return nil }
        guard let lower = start.isEmpty ? 0 : number(start), let upper = end.isEmpty ? .max : number(end) else {
            return nil
        }
        return (lower, upper)
    }
}
