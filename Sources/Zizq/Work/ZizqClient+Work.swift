internal import SluiceBase
internal import SluiceHTTP
internal import SluiceJSON

/// Taking jobs, and reporting their results.
extension ZizqClient {
    /// Takes jobs as they become ready, while the result is iterated; see `JobStream`.
    ///
    /// ```swift
    /// for try await job in client.take(queues: ["emails"]) {
    ///     print(job.type)
    ///     try await client.success(job.id)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - queues: the queues to take from; empty for all.
    ///   - prefetch: the maximum number of unreported jobs, at least 1: as many as are processed concurrently, or a few
    ///     more.
    ///   - silence: after this time without a heartbeat, which the server sends every 3 seconds, the connection counts
    ///     as lost.
    public func take(queues: [String] = [], prefetch: Int = 1, silence: Duration = .seconds(15)) -> JobStream {
        var query = ["prefetch=\(max(prefetch, 1))"]
        if !queues.isEmpty { query.append("queue=" + queues.map(PercentEncoding.encode).joined(separator: ",")) }
        let complaint = queues.lazy.compactMap { ZizqName.complaint(about: $0) }.first
        return JobStream(
            client: self, path: "/jobs/take?" + query.joined(separator: "&"), silence: silence,
            complaint: complaint.map { .invalidArgument("the name of a queue \($0)") })
    }

    /// Takes jobs of one kind; see `TypedJobStream`.
    ///
    /// ```swift
    /// for try await taken in client.take(SendEmail.self, prefetch: 8) {
    ///     print(taken.value.to)
    ///     try await client.success(taken.id)
    /// }
    /// ```
    ///
    /// - Parameter queues: by default the queue of the kind.
    public func take<Kind: JobKind>(
        _ kind: Kind.Type, queues: [String]? = nil, prefetch: Int = 1, silence: Duration = .seconds(15)
    ) -> TypedJobStream<Kind> {
        TypedJobStream(jobs: take(queues: queues ?? [Kind.queue], prefetch: prefetch, silence: silence))
    }

    /// Reports a job as done.
    ///
    /// ```swift
    /// try await client.success(job.id)
    /// ```
    ///
    /// - Throws: a response that `isNotFound` if no worker has the job any more: its connection was lost and it is back
    ///   in its queue or done, or it was reported before.
    public func success(_ id: String) async throws(ZizqError) {
        // A repeated report is not found and says nothing about the first one, so it is sent once.
        try reported(
            try await perform(Call(method: "POST", path: "/jobs/\(try Self.segment(id))/success", retry: .off)))
    }

    /// Reports several jobs as done, in one request.
    ///
    /// ```swift
    /// let lost = try await client.success(ids)
    /// ```
    ///
    /// - Returns: those that no worker has any more; the others are done.
    @discardableResult
    public func success(_ ids: [String]) async throws(ZizqError) -> [String] {
        guard !ids.isEmpty else { return [] }
        var body = Array(#"{"ids":["#.utf8)
        for (position, id) in ids.enumerated() {
            if position > 0 { body.append(UInt8(ascii: ",")) }
            body.appendJSONString(id)
        }
        body.append(contentsOf: "]}".utf8)
        let answer = try await send(Call(method: "POST", path: "/jobs/success", body: body, retry: .off))
        if answer.status == 422, let lost = try? AnswerReading.texts("not_found", status: 422, body: answer.body.span) {
            return lost
        }
        try reported(try success(answer))
        return []
    }

    /// Zizq's answer to a report is empty; any other answer does not come from Zizq.
    private func reported(_ answer: HTTPClientResponse) throws(ZizqError) {
        guard answer.status == 204 || answer.body.isEmpty else {
            throw .decoding(.init(status: answer.status, message: "the answer to a report must be 204 without a body"))
        }
    }

    /// Reports a job as failed. It is retried after its backoff, or is dead after its last retry.
    ///
    /// ```swift
    /// let failed = try await client.failure(job.id, message: "the mail server is away", retryIn: .seconds(60))
    /// print(failed.status, failed.readyAt)
    /// ```
    ///
    /// - Parameters:
    ///   - message: the reason, for people who look at the job.
    ///   - errorType: the kind of error, such as the name of its type.
    ///   - backtrace: where it happened.
    ///   - retryIn: when to retry, instead of the backoff.
    ///   - kill: whether the job is dead immediately.
    /// - Returns: the job's new state, without its payload.
    @discardableResult
    public func failure(
        _ id: String, message: String, errorType: String? = nil, backtrace: String? = nil, retryIn: Duration? = nil,
        kill: Bool = false
    ) async throws(ZizqError) -> Job {
        var body = Array(#"{"message":"#.utf8)
        body.appendJSONString(message)
        for (name, value) in [(#","error_type":"#, errorType), (#","backtrace":"#, backtrace)] {
            guard let value else { continue }
            body += name.utf8
            body.appendJSONString(value)
        }
        if let retryIn {
            body += #","retry_at":"#.utf8
            body.appendDecimal(max(0, (Timestamp.now + retryIn).millisecondsSinceEpoch))
        }
        if kill { body += #","kill":true"#.utf8 }
        body.append(UInt8(ascii: "}"))
        let path = "/jobs/\(try Self.segment(id))/failure"
        let answer = try await perform(Call(method: "POST", path: path, body: body, retry: .off))
        return try AnswerReading.job(status: answer.status, body: answer.body.span)
    }
}
