internal import SluiceBase

/// A job that a worker has taken, with its decoded payload.
///
/// ```swift
/// for try await taken in client.take(SendEmail.self) {
///     print(taken.value.to, taken.job.attempts)
///     try await client.success(taken.id)
/// }
/// ```
public struct TypedJob<Kind: JobKind>: Sendable {
    /// The job as the server returned it.
    public let job: Job
    /// Its payload.
    public let value: Kind

    /// The job's identifier, for `success` and `failure`.
    public var id: String { job.id }
}

/// Jobs of one kind that a worker takes; see `JobStream`.
///
/// A job of another kind, or with a payload that does not match the kind, is reported as failed, so that it is retried
/// later or becomes dead; the stream continues with the next one.
///
/// ```swift
/// for try await taken in client.take(SendEmail.self) {
///     print(taken.value.to)
///     try await client.success(taken.id)
/// }
/// ```
public struct TypedJobStream<Kind: JobKind>: AsyncSequence, Sendable {
    let jobs: JobStream

    /// Starts an iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(client: jobs.client, jobs: jobs.makeAsyncIterator()) }

    /// Takes one job per step.
    public struct Iterator: AsyncIteratorProtocol {
        let client: ZizqClient
        var jobs: JobStream.Iterator

        /// Waits for the next job. Returns `nil` if the task was cancelled.
        public mutating func next() async throws(ZizqError) -> TypedJob<Kind>? { try await next(isolation: nil) }

        /// Waits for the next job, in the given isolation.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ZizqError) -> TypedJob<Kind>? {
            while let job = try await jobs.next(isolation: actor) {
                do throws(ZizqError) {
                    return TypedJob(job: job, value: try job.decode(Kind.self))
                } catch {
                    try await refuse(job, error, isolation: actor)
                }
            }
            return nil
        }

        private func refuse(_ job: Job, _ error: ZizqError, isolation actor: isolated (any Actor)?)
            async throws(ZizqError)
        {
            guard case .decoding(let why) = error else { throw error }
            do throws(ZizqError) {
                try await client.failure(job.id, message: why.message, errorType: "unreadable_job")
            } catch {
                // No longer in flight: the server already has it back.
                guard error.isNotFound || error.isRetryable else { throw error }
            }
        }
    }
}
