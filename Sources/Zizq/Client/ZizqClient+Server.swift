internal import SluiceHTTP

/// What is asked of the server itself.
extension ZizqClient {
    /// Asks whether the server is up.
    ///
    /// ```swift
    /// try await client.health()
    /// ```
    ///
    /// - Throws: where it does not answer `{"status":"ok"}`. A server that can no longer write still says that it is healthy.
    public func health() async throws(ZizqError) {
        let answer = try await perform(.get("/health", self))
        let status = try AnswerReading.text("status", status: answer.status, body: answer.body.span)
        guard status == "ok" else { throw .decoding(.init(status: answer.status, message: "the status is not ok")) }
    }

    /// Asks for the server's version, such as `0.6.1`.
    ///
    /// ```swift
    /// let version = try await client.serverVersion()
    /// ```
    public func serverVersion() async throws(ZizqError) -> String {
        let answer = try await perform(.get("/version", self))
        return try AnswerReading.text("version", status: answer.status, body: answer.body.span)
    }

    /// Asks for the names of all queues that have jobs.
    ///
    /// ```swift
    /// for queue in try await client.queues() { print(queue) }
    /// ```
    public func queues() async throws(ZizqError) -> [String] {
        let answer = try await perform(.get("/queues", self))
        return try AnswerReading.texts("queues", status: answer.status, body: answer.body.span)
    }
}
