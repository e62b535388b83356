internal import SluiceHTTP

/// Enqueuing jobs.
extension ZizqClient {
    /// Enqueues one job.
    ///
    /// ```swift
    /// let job = try await client.enqueue(SendEmail(to: "alice@example.com"))
    /// let later = try await client.enqueue(Enqueue(SendEmail(to: "bob@example.com")).delay(.seconds(60)))
    /// ```
    ///
    /// - Parameters:
    ///   - job: a value of a `JobKind`, such a value with overrides (`Enqueue`), or a finished job object (`RawJob`).
    ///   - timeout: for the answer; by default the configuration's `readTimeout`.
    ///   - retry: when to retry automatically; by default the configuration's policy for a job with a unique key, and
    ///     never without one.
    /// - Returns: the enqueued job; if an older job holds its unique key, the older one.
    /// - Throws: `invalidArgument` for what the server would refuse, before anything is sent.
    @discardableResult
    public func enqueue(
        _ job: some Enqueueable, timeout: Duration? = nil, retry: RetryPolicy? = nil
    ) async throws(ZizqError) -> EnqueuedJob {
        var writer = JobWriter(isBulk: false)
        try job.write(to: &writer)
        let policy = retry ?? (writer.isKeyed ? retryPolicy : .off)
        let answer = try await perform(
            Call(method: "POST", path: "/jobs", body: writer.finish(), timeout: timeout, retry: policy))
        return try AnswerReading.enqueued(status: answer.status, body: answer.body.span)
    }

    /// Starts a request that enqueues several jobs: all of them or none.
    ///
    /// ```swift
    /// let jobs = try await client.enqueueBulk()
    ///     .add(SendEmail(to: "alice@example.com"))
    ///     .add(Enqueue(RebuildIndex()).priority(1))
    ///     .send()
    /// ```
    public func enqueueBulk() -> BulkEnqueue { BulkEnqueue(self) }

    /// Enqueues jobs from a complete request body, `{"jobs":[…]}` in JSON: all of them or none.
    ///
    /// ```swift
    /// let body =
    /// Array(#"{"jobs":[{"type":"send_email","queue":"emails","payload":{"to":"alice@example.com"}}]}"#.utf8)
    /// let jobs = try await client.enqueueBulk(raw: body, timeout: .seconds(60))
    /// ```
    ///
    /// The bytes are sent without being read or copied. The client does not retry.
    ///
    /// - Parameters:
    ///   - body: the request body.
    ///   - timeout: for the answer; by default the configuration's `readTimeout`.
    /// - Returns: the result for each job, in the order of the request.
    public func enqueueBulk(raw body: [UInt8], timeout: Duration? = nil) async throws(ZizqError) -> [EnqueuedJob] {
        try await postBulk(body, timeout: timeout).result.get()
    }

    /// The same, with whether the answer came on a new connection, and so perhaps from another server than the last
    /// one.
    package func postBulk(_ body: [UInt8], timeout: Duration? = nil) async -> BulkAnswer {
        guard !body.isEmpty else {
            return BulkAnswer(result: .failure(.invalidArgument("the body is empty")), isNewConnection: false)
        }
        do throws(ZizqError) {
            let answer = try await send(
                Call(method: "POST", path: "/jobs/bulk", body: body, timeout: timeout, retry: .off))
            return BulkAnswer(result: jobs(answer), isNewConnection: answer.isFirstOfConnection)
        } catch {
            return BulkAnswer(result: .failure(error), isNewConnection: false)
        }
    }

    private func jobs(_ answer: HTTPClientResponse) -> Result<[EnqueuedJob], ZizqError> {
        do throws(ZizqError) {
            let answer = try success(answer)
            return .success(try AnswerReading.jobs(status: answer.status, body: answer.body.span))
        } catch {
            guard case .decoding(let found) = error else { return .failure(error) }
            let fields = AnswerReading.fields(answer.header)
            return .failure(.decoding(.init(status: found.status, message: found.message, fields: fields)))
        }
    }

    /// Posts jobs that are concatenated.
    func post(_ body: [UInt8], jobs: Int, timeout: Duration?, retry: RetryPolicy) async throws(ZizqError)
        -> [EnqueuedJob]
    {
        let answer = try await perform(
            Call(method: "POST", path: "/jobs/bulk", body: body, timeout: timeout, retry: retry))
        let enqueued = try AnswerReading.jobs(status: answer.status, body: answer.body.span)
        guard enqueued.count == jobs else {
            throw .decoding(
                .init(status: answer.status, message: "the answer lists \(enqueued.count) jobs, but \(jobs) were sent")
            )
        }
        return enqueued
    }
}

/// The result of a bulk enqueue.
package struct BulkAnswer: Sendable {
    package let result: Result<[EnqueuedJob], ZizqError>
    /// Whether the answer came on a connection that was opened for this request.
    package let isNewConnection: Bool
}
