internal import SluiceBase

/// A job that a worker has taken, with its payload as a value.
///
/// ```swift
/// for try await taken in client.take(SendEmail.self) {
///     print(taken.value.to, taken.job.attempts)
///     try await client.success(taken.id)
/// }
/// ```
public struct TypedJob<Kind: JobKind>: Sendable {
    /// The job as the server shows it.
    public let job: Job
    /// Its payload.
    public let value: Kind

    /// The job's identifier, for `success` and `failure`.
    public var id: String { job.id }
}

/// Jobs of one kind that a worker takes; see `JobStream`.
///
/// A job of another type, or with a payload that is not one of the kind's, is reported to the server as failed, so that
/// it is tried again later or ends among the dead ones, and the next one is taken.
///
/// ```swift
/// for try await taken in client.take(SendEmail.self) {
///     print(taken.value.to)
///     try await client.success(taken.id)
/// }
/// ```
public struct TypedJobStream<Kind: JobKind>: AsyncSequence, Sendable {
    let jobs: JobStream

    /// Begins a new iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(client: jobs.client, jobs: jobs.makeAsyncIterator()) }

    /// Takes one job a step.
    public struct Iterator: AsyncIteratorProtocol {
        let client: ZizqClient
        var jobs: JobStream.Iterator

        /// The next job; waits for one. Nil where the task was cancelled.
        public mutating func next() async throws(ZizqError) -> TypedJob<Kind>? { try await next(isolation: nil) }

        /// The same.
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
                // Not in flight any more: the server has it back already.
                guard error.isNotFound || error.isRetryable else { throw error }
            }
        }
    }
}
