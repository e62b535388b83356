/// Which stretch of the jobs a listing shows.
struct JobPage {
    private let limit: Int
    private let isAscending: Bool
    /// The last job of the page before.
    private let start: JobIdentifier?

    init(_ parameters: QueryParameters) throws(JobRefusal) {
        guard let limit = Int(parameters["limit"] ?? "50"), 1...2000 ~= limit else {
            throw JobRefusal(status: 400, sentence: "limit must be between 1 and 2000")
        }
        self.limit = limit
        switch parameters["order"] ?? "asc" {
        case "asc": isAscending = true
        case "desc": isAscending = false
        default: throw JobRefusal(status: 400, sentence: "order must be asc or desc")
        }
        start = parameters["from"].flatMap(JobIdentifier.init)
    }

    /// The jobs of the page, and whether more follow.
    func cut(_ contents: DevQueueContents, filter: JobFilter) -> (jobs: [DevQueueJob], hasMore: Bool) {
        var page: [DevQueueJob] = []
        for position in positions(contents) where filter.matches(contents.jobs[position]) {
            if page.count == limit { return (page, true) }
            page.append(contents.jobs[position])
        }
        return (page, false)
    }

    private func positions(_ contents: DevQueueContents) -> StrideTo<Int> {
        guard !isAscending else {
            return stride(from: start.map(contents.position(behind:)) ?? 0, to: contents.jobs.count, by: 1)
        }
        let end = start.map { contents.position(behind: $0) - 1 } ?? contents.jobs.count
        return stride(from: end - 1, to: -1, by: -1)
    }

    func body(_ jobs: [DevQueueJob], hasMore: Bool, parameters: QueryParameters) -> [UInt8] {
        var body = Array(#"{"jobs":["#.utf8)
        for (position, job) in jobs.enumerated() {
            if position > 0 { body.append(UInt8(ascii: ",")) }
            job.appendJSON(to: &body, outcome: nil)
        }
        let this = "/jobs?" + parameters.setting("limit", to: String(limit))
        body.append(contentsOf: #"],"pages":{"self":"#.utf8)
        body.appendJSON(text: this)
        if hasMore, let last = jobs.last {
            body.appendMember("next", text: "/jobs?" + parameters.setting("from", to: last.id.text))
        } else {
            body.append(contentsOf: #","next":null"#.utf8)
        }
        body.append(contentsOf: #","prev":null}}"#.utf8)
        return body
    }
}
