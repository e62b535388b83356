internal import SluiceHTTP

/// Looking at jobs, which changes nothing.
extension ZizqClient {
    /// One job, with its payload.
    ///
    /// ```swift
    /// let job = try await client.job(id)
    /// print(job.status)
    /// ```
    ///
    /// - Throws: a response that `isNotFound` where there is no such job, or no more.
    public func job(_ id: String) async throws(ZizqError) -> Job {
        let answer = try await perform(.get("/jobs/\(try Self.segment(id))", self))
        return try AnswerReading.job(status: answer.status, body: answer.body.span)
    }

    /// How many jobs fit a filter.
    ///
    /// ```swift
    /// let waiting = try await client.count(JobFilter().queues(["emails"]).statuses([.ready]))
    /// ```
    public func count(_ filter: JobFilter = JobFilter()) async throws(ZizqError) -> Int {
        if let complaint = filter.complaint { throw complaint }
        guard !filter.fitsNothing else { return 0 }
        let query = filter.query()
        let answer = try await perform(.get("/jobs/count" + (query.isEmpty ? "" : "?\(query)"), self))
        return try AnswerReading.number("count", status: answer.status, body: answer.body.span)
    }

    /// The jobs that fit a filter, in pages that are asked for as the iteration needs them.
    ///
    /// ```swift
    /// for try await job in client.jobs(JobFilter().types(["send_email"]), order: .descending) { print(job.id) }
    /// ```
    ///
    /// - Parameter pageSize: 1–2000; a server from before 0.3 takes 200 at most.
    public func jobs(_ filter: JobFilter = JobFilter(), order: JobOrder = .ascending, pageSize: Int = 200) -> JobList {
        JobList(pages: jobPages(filter, order: order, pageSize: pageSize))
    }

    /// The same a page at a time.
    ///
    /// ```swift
    /// for try await page in client.jobPages(JobFilter().statuses([.dead])) { print(page.count) }
    /// ```
    public func jobPages(_ filter: JobFilter = JobFilter(), order: JobOrder = .ascending, pageSize: Int = 200) -> JobPages {
        JobPages(client: self, filter: filter, order: order, pageSize: min(max(pageSize, 1), 2000))
    }

    /// One page, and where the next one is.
    func page(_ path: String) async throws(ZizqError) -> (jobs: [Job], next: String?) {
        let answer = try await perform(.get(path, self))
        return try AnswerReading.page(status: answer.status, body: answer.body.span)
    }

    /// An identifier as it may stand in a path.
    static func segment(_ id: String) throws(ZizqError) -> String {
        guard !id.isEmpty, id != ".", id != ".." else { throw .invalidArgument("'\(id)' is no job's identifier") }
        return PercentEncoding.encode(id)
    }
}
