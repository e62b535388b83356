internal import SluiceHTTP

/// Queries, which change nothing.
extension ZizqClient {
    /// Returns a job, with its payload.
    ///
    /// ```swift
    /// let job = try await client.job(id)
    /// print(job.status)
    /// ```
    ///
    /// - Throws: a response that `isNotFound` if there is no such job.
    public func job(_ id: String) async throws(ZizqError) -> Job {
        let answer = try await perform(.get("/jobs/\(try Self.segment(id))", self))
        return try AnswerReading.job(status: answer.status, body: answer.body.span)
    }

    /// Returns the number of jobs that match a filter.
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

    /// Returns the jobs that match a filter. Pages are requested as the iteration needs them.
    ///
    /// ```swift
    /// for try await job in client.jobs(JobFilter().types(["send_email"]), order: .descending) { print(job.id) }
    /// ```
    ///
    /// - Parameter pageSize: 1–2000; servers before 0.3 accept at most 200.
    public func jobs(_ filter: JobFilter = JobFilter(), order: JobOrder = .ascending, pageSize: Int = 200) -> JobList {
        JobList(pages: jobPages(filter, order: order, pageSize: pageSize))
    }

    /// Returns the jobs that match a filter, one page at a time.
    ///
    /// ```swift
    /// for try await page in client.jobPages(JobFilter().statuses([.dead])) { print(page.count) }
    /// ```
    public func jobPages(_ filter: JobFilter = JobFilter(), order: JobOrder = .ascending, pageSize: Int = 200)
        -> JobPages
    {
        JobPages(client: self, filter: filter, order: order, pageSize: min(max(pageSize, 1), 2000))
    }

    /// Requests one page.
    func page(_ path: String) async throws(ZizqError) -> (jobs: [Job], next: String?) {
        let answer = try await perform(.get(path, self))
        return try AnswerReading.page(status: answer.status, body: answer.body.span)
    }

    /// An identifier as a path segment.
    static func segment(_ id: String) throws(ZizqError) -> String {
        guard !id.isEmpty, id != ".", id != ".." else { throw .invalidArgument("'\(id)' is not a job identifier") }
        return PercentEncoding.encode(id)
    }
}

/// Queries about the server.
extension ZizqClient {
    /// Checks that the server is up.
    ///
    /// ```swift
    /// try await client.health()
    /// ```
    ///
    /// - Throws: if the answer is not `{"status":"ok"}`. A server that can no longer write still reports that it is
    ///   healthy.
    public func health() async throws(ZizqError) {
        let answer = try await perform(.get("/health", self))
        let status = try AnswerReading.text("status", status: answer.status, body: answer.body.span)
        guard status == "ok" else { throw .decoding(.init(status: answer.status, message: "the status is not ok")) }
    }

    /// Returns the server's version, such as `0.6.1`.
    ///
    /// ```swift
    /// let version = try await client.serverVersion()
    /// ```
    public func serverVersion() async throws(ZizqError) -> String {
        let answer = try await perform(.get("/version", self))
        return try AnswerReading.text("version", status: answer.status, body: answer.body.span)
    }

    /// Returns the names of all queues that have jobs.
    ///
    /// ```swift
    /// for queue in try await client.queues() { print(queue) }
    /// ```
    public func queues() async throws(ZizqError) -> [String] {
        let answer = try await perform(.get("/queues", self))
        return try AnswerReading.texts("queues", status: answer.status, body: answer.body.span)
    }
}
