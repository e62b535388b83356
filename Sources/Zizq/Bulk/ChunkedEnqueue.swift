/// The maximum size of a chunk of a chunked enqueue, in jobs and in bytes.
///
/// ```swift
/// let small = ChunkLimits(jobs: 200, bytes: 1024 * 1024)
/// ```
public struct ChunkLimits: Sendable, Hashable {
    /// Jobs per request, at least 1.
    public var jobs: Int
    /// Bytes per request; a larger job is sent alone.
    public var bytes: Int

    /// The default is 1,000 jobs or 8 MiB.
    public init(jobs: Int = 1000, bytes: Int = 8 * 1024 * 1024) {
        self.jobs = jobs
        self.bytes = bytes
    }
}

/// The jobs of a chunked enqueue that one request enqueued.
///
/// ```swift
/// for try await chunk in client.enqueueChunks(of: jobs) {
///     print("enqueued \(chunk.range), the first as \(chunk.jobs[0].id)")
/// }
/// ```
public struct EnqueuedChunk: Sendable {
    /// The indexes of the jobs in the sequence, from 0.
    public let range: Range<Int>
    /// The result for each job.
    public let jobs: [EnqueuedJob]
}

/// A chunked enqueue that ended early: which jobs were enqueued, and the reason.
///
/// ```swift
/// do throws(ChunkedEnqueueError) {
///     try await client.enqueueChunks(of: jobs).run()
/// } catch {
///     print("enqueued: \(error.enqueued.count), unknown: \(error.unknown), not from: \(error.notEnqueued): \(error)")
/// }
/// ```
public struct ChunkedEnqueueError: Error, CustomStringConvertible {
    /// The cause.
    public enum Reason: Sendable {
        /// A request failed, or a job could not be written.
        case zizq(ZizqError)
        /// The sequence of jobs threw an error.
        case source(any Error)
    }

    /// The indexes of the enqueued jobs in the sequence, from 0.
    public let enqueued: Range<Int>
    /// The jobs of a request with an unknown result; empty if there is none.
    public let unknown: Range<Int>
    /// The first job that was not enqueued.
    public let notEnqueued: PartialRangeFrom<Int>
    /// The cause.
    public let reason: Reason

    /// One sentence, without the ranges.
    public var description: String {
        switch reason {
        case .zizq(let error): error.description
        case .source(let error): "the jobs to enqueue could not be read: \(error)"
        }
    }
}

/// A sequence of jobs that is sent to a server chunk by chunk. Each step of the iteration is one request. The next
/// chunk is encoded during a request; at most two chunks are in memory.
///
/// ```swift
/// for try await chunk in client.enqueueChunks(of: addresses.lazy.map { SendEmail(to: $0) }) {
///     print("enqueued \(chunk.range)")
/// }
/// ```
public struct ChunkedEnqueue<Jobs: AsyncSequence>: AsyncSequence where Jobs.Element: Enqueueable {
    let client: ZizqClient
    let jobs: Jobs
    let limits: ChunkLimits
    let timeout: Duration?
    let retry: RetryPolicy?

    /// Starts an iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Enqueues all jobs.
    ///
    /// ```swift
    /// let count = try await client.enqueueChunks(of: jobs).run()
    /// ```
    ///
    /// - Parameter actor: the isolation in which the sequence of jobs is iterated: the caller's.
    /// - Returns: the number of jobs.
    @discardableResult
    public func run(isolation actor: isolated (any Actor)? = #isolation) async throws(ChunkedEnqueueError) -> Int {
        var iterator = makeAsyncIterator()
        var count = 0
        while let chunk = try await iterator.next(isolation: actor) { count = chunk.range.upperBound }
        return count
    }

    /// Sends one chunk per step.
    public struct Iterator: AsyncIteratorProtocol {
        private let sequence: ChunkedEnqueue
        private var source: ChunkSource<Jobs.AsyncIterator>
        private var prepared: ChunkSource<Jobs.AsyncIterator>.Chunk?
        private var enqueued = 0
        private var hasEnded = false

        init(_ sequence: ChunkedEnqueue) {
            self.sequence = sequence
            source = ChunkSource(sequence.jobs.makeAsyncIterator(), limits: sequence.limits)
        }

        /// Enqueues the next chunk. The sequence of jobs is iterated in the caller's isolation.
        ///
        /// - Returns: `nil` after all jobs were enqueued.
        nonisolated(nonsending) public mutating func next() async throws(ChunkedEnqueueError) -> EnqueuedChunk? {
            try await next(isolation: #isolation)
        }

        /// Enqueues the next chunk, with the sequence of jobs iterated in the isolation of `actor`.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ChunkedEnqueueError)
            -> EnqueuedChunk?
        {
            guard !hasEnded else { return nil }
            let chunk = if let prepared { prepared } else { await source.next(isolation: actor) }
            prepared = nil
            switch chunk {
            case .end:
                hasEnded = true
                return nil
            case .failure(let reason): throw end(reason, unknown: 0)
            case .jobs(let body, let count, let isKeyed):
                return try await send(body, count, isKeyed: isKeyed, isolation: actor)
            }
        }

        private mutating func send(
            _ body: [UInt8], _ count: Int, isKeyed: Bool, isolation actor: isolated (any Actor)?
        ) async throws(ChunkedEnqueueError) -> EnqueuedChunk {
            let client = sequence.client
            let timeout = sequence.timeout
            let policy = sequence.retry ?? (isKeyed ? client.retryPolicy : .off)
            // The next chunk is encoded during this request.
            async let answer = Self.post(client, body, count: count, timeout: timeout, policy: policy)
            prepared = await source.next(isolation: actor)
            switch await answer {
            case .success(let jobs):
                defer { enqueued += count }
                return EnqueuedChunk(range: enqueued..<(enqueued + count), jobs: jobs)
            case .failure(let error): throw end(.zizq(error), unknown: error.isAmbiguous ? count : 0)
            }
        }

        private static func post(
            _ client: ZizqClient, _ body: [UInt8], count: Int, timeout: Duration?, policy: RetryPolicy
        ) async -> Result<[EnqueuedJob], ZizqError> {
            do throws(ZizqError) {
                return .success(try await client.post(body, jobs: count, timeout: timeout, retry: policy))
            } catch {
                return .failure(error)
            }
        }

        private mutating func end(_ reason: ChunkedEnqueueError.Reason, unknown: Int) -> ChunkedEnqueueError {
            hasEnded = true
            prepared = nil
            let known = enqueued + unknown
            return ChunkedEnqueueError(
                enqueued: 0..<enqueued, unknown: enqueued..<known, notEnqueued: known..., reason: reason)
        }
    }
}

/// Splits a sequence of jobs into request bodies.
struct ChunkSource<Source: AsyncIteratorProtocol> where Source.Element: Enqueueable {
    enum Chunk {
        case jobs(body: [UInt8], count: Int, isKeyed: Bool)
        case failure(ChunkedEnqueueError.Reason)
        case end
    }

    private var source: Source
    private let limits: ChunkLimits
    private var writer = JobWriter(isBulk: true)
    /// The job that did not fit into the previous chunk.
    private var leftOver: Source.Element?
    /// The number of jobs written into chunks.
    private var position = 0
    /// The error that ends the sequence after the current chunk.
    private var last: Chunk?

    init(_ source: Source, limits: ChunkLimits) {
        self.source = source
        self.limits = ChunkLimits(jobs: max(1, limits.jobs), bytes: max(1, limits.bytes))
    }

    mutating func next(isolation actor: isolated (any Actor)?) async -> Chunk {
        if let last { return last }
        do {
            while writer.count < limits.jobs {
                guard let job = if let leftOver { leftOver } else { try await source.next(isolation: actor) } else {
                    return finish(.end)
                }
                leftOver = nil
                guard try fits(job) else { break }
            }
            return chunk()
        } catch let error as ZizqError {
            return finish(.failure(.zizq(error.at(position))))
        } catch {
            return finish(.failure(.source(error)))
        }
    }

    /// Writes a job into the chunk, unless the chunk would be too large.
    private mutating func fits(_ job: Source.Element) throws -> Bool {
        let before = writer.mark
        try job.write(to: &writer)
        guard writer.count == 1 || writer.bytes.count <= limits.bytes else {
            writer.rewind(to: before)
            leftOver = job
            return false
        }
        position += 1
        return true
    }

    private mutating func chunk() -> Chunk {
        let (count, isKeyed) = (writer.count, writer.isKeyed)
        let body = writer.finish()
        // The next chunk is probably about as large.
        if last == nil { writer.reserve(body.count) }
        return .jobs(body: body, count: count, isKeyed: isKeyed)
    }

    /// Returns what was written before the sequence ended.
    private mutating func finish(_ end: Chunk) -> Chunk {
        last = end
        return writer.count > 0 ? chunk() : end
    }
}

/// A `Sequence` as an `AsyncSequence` that never suspends, as `enqueueChunks` uses it.
///
/// ```swift
/// let enqueue: ChunkedEnqueue<ImmediateJobs<[SendEmail]>> = client.enqueueChunks(of: jobs)
/// ```
public struct ImmediateJobs<Jobs: Sequence>: AsyncSequence where Jobs.Element: Enqueueable {
    let jobs: Jobs

    /// Starts an iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(base: jobs.makeIterator()) }

    /// The iterator.
    public struct Iterator: AsyncIteratorProtocol {
        var base: Jobs.Iterator

        /// Returns the next job, in the caller's isolation: a sequence may have closures that belong to the caller's
        /// actor.
        nonisolated(nonsending) public mutating func next() async -> Jobs.Element? { base.next() }

        /// Returns the next job, in the isolation of `actor`.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Jobs.Element? { base.next() }
    }
}

extension ZizqClient {
    /// Enqueues any number of jobs in chunks, without having all of them in memory. Each chunk is one request: all of
    /// its jobs are enqueued or none.
    ///
    /// ```swift
    /// let count = try await client.enqueueChunks(of: (1...1_000_000).lazy.map { Reindex(page: $0) }).run()
    /// ```
    ///
    /// Nothing happens until the result is iterated or `run` is called. `jobs` is then iterated in the isolation of the
    /// caller: on the main actor in a `main.swift`. If a chunk fails, the error says which jobs were enqueued, which
    /// were not, and which may have been.
    ///
    /// - Parameters:
    ///   - jobs: wrap jobs of several kinds in `AnyEnqueueable`.
    ///   - limits: for each request.
    ///   - timeout: for each answer; by default the configuration's `readTimeout`.
    ///   - retry: when to retry a request automatically; by default the configuration's policy if every job of the
    ///     chunk has a unique key, and never otherwise.
    public func enqueueChunks<Jobs: Sequence>(
        of jobs: Jobs, limits: ChunkLimits = ChunkLimits(), timeout: Duration? = nil, retry: RetryPolicy? = nil
    ) -> ChunkedEnqueue<ImmediateJobs<Jobs>> where Jobs.Element: Enqueueable {
        ChunkedEnqueue(client: self, jobs: ImmediateJobs(jobs: jobs), limits: limits, timeout: timeout, retry: retry)
    }

    /// Enqueues the jobs of an asynchronous sequence in chunks.
    ///
    /// ```swift
    /// for try await chunk in client.enqueueChunks(of: rows.map { Import(row: $0) }, limits: ChunkLimits(jobs: 100)) {
    ///     print("enqueued \(chunk.range)")
    /// }
    /// ```
    public func enqueueChunks<Jobs: AsyncSequence>(
        of jobs: Jobs, limits: ChunkLimits = ChunkLimits(), timeout: Duration? = nil, retry: RetryPolicy? = nil
    ) -> ChunkedEnqueue<Jobs> where Jobs.Element: Enqueueable {
        ChunkedEnqueue(client: self, jobs: jobs, limits: limits, timeout: timeout, retry: retry)
    }
}

/// A job of any kind, for sequences with several kinds.
///
/// ```swift
/// let jobs = [AnyEnqueueable(SendEmail(to: "alice@example.com")), AnyEnqueueable(RebuildIndex())]
/// try await client.enqueueChunks(of: jobs).run()
/// ```
public struct AnyEnqueueable: Enqueueable {
    private let job: any Enqueueable

    /// Wraps a job.
    public init(_ job: any Enqueueable) { self.job = job }

    /// Appends the job object.
    public func write(to writer: inout JobWriter) throws(ZizqError) { try job.write(to: &writer) }
}
