/// Which stretch of the jobs a listing shows.
struct JobPage {
    /// The parameters of a listing that are no filters.
    static let parameters: Set<String> = ["limit", "order", "from", "before"]

    private let limit: Int
    private let isAscending: Bool
    /// The last job of the page before.
    private let from: JobIdentifier?
    /// The first job of the page behind.
    private let before: JobIdentifier?

    /// The jobs of a page, and whether there are others on either side.
    struct Cut {
        var jobs: [DevQueueJob] = []
        var hasNext = false
        var hasPrevious = false
    }

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
        from = parameters["from"].flatMap(JobIdentifier.init)
        before = parameters["before"].flatMap(JobIdentifier.init)
    }

    func cut(_ table: JobTable, filter: JobFilter) -> Cut {
        var cut = Cut()
        if let before {
            let (jobs, hasMore) = stretch(beyond: before, ascending: !isAscending, in: table, filter: filter, limit: limit)
            cut = Cut(jobs: jobs.reversed(), hasNext: true, hasPrevious: hasMore)
        } else {
            let (jobs, hasMore) = stretch(beyond: from, ascending: isAscending, in: table, filter: filter, limit: limit)
            cut = Cut(jobs: jobs, hasNext: hasMore)
            if from != nil, let first = jobs.first {
                cut.hasPrevious = stretch(beyond: first.id, ascending: !isAscending, in: table, filter: filter, limit: 0).hasMore
            }
        }
        return cut
    }

    /// The first jobs that pass the filter, behind one of them or from the beginning.
    private func stretch(
        beyond start: JobIdentifier?, ascending: Bool, in table: JobTable, filter: JobFilter, limit: Int
    ) -> (jobs: [DevQueueJob], hasMore: Bool) {
        var page: [DevQueueJob] = []
        for position in positions(beyond: start, ascending: ascending, in: table) {
            guard let job = table[position: position], filter.matches(job) else { continue }
            if page.count == limit { return (page, true) }
            page.append(job)
        }
        return (page, false)
    }

    private func positions(beyond start: JobIdentifier?, ascending: Bool, in table: JobTable) -> StrideTo<Int> {
        guard ascending else { return stride(from: (start.map(table.position(from:)) ?? table.positions.count) - 1, to: -1, by: -1) }
        return stride(from: start.map(table.position(behind:)) ?? 0, to: table.positions.count, by: 1)
    }

    func body(_ cut: Cut, parameters: QueryParameters) -> [UInt8] {
        var body = Array(#"{"jobs":["#.utf8)
        for (position, job) in cut.jobs.enumerated() {
            if position > 0 { body.append(UInt8(ascii: ",")) }
            job.appendJSON(to: &body, as: .whole)
        }
        body.append(contentsOf: #"],"pages":{"self":"#.utf8)
        body.appendJSON(text: "/jobs?" + parameters.setting("limit", to: String(limit)))
        let next = cut.jobs.last.map { parameters.removing("before").setting("from", to: $0.id.text) }
        appendLink("next", cut.hasNext ? next : nil, to: &body)
        let previous = cut.jobs.first.map { parameters.removing("from").setting("before", to: $0.id.text) }
        appendLink("prev", cut.hasPrevious ? previous : nil, to: &body)
        body.append(contentsOf: "}}".utf8)
        return body
    }

    private func appendLink(_ name: StaticString, _ query: String?, to body: inout [UInt8]) {
        body.appendName(name)
        if let query { body.appendJSON(text: "/jobs?" + query) } else { body.append(contentsOf: "null".utf8) }
    }
}
