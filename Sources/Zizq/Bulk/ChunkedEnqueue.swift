/// How large a chunk of a chunked enqueue may become: whichever comes first ends it.
///
/// ```swift
/// let small = ChunkLimits(jobs: 200, bytes: 1024 * 1024)
/// ```
public struct ChunkLimits: Sendable, Hashable {
    /// Jobs in one request, at least 1.
    public var jobs: Int
    /// Bytes of one request; a job that is larger goes alone.
    public var bytes: Int

    /// A thousand jobs or 8 MiB unless given.
    public init(jobs: Int = 1000, bytes: Int = 8 * 1024 * 1024) {
        self.jobs = jobs
        self.bytes = bytes
    }
}

/// Jobs of a chunked enqueue that one request has enqueued.
///
/// ```swift
/// for try await chunk in client.enqueueChunks(of: jobs) {
///     print("enqueued \(chunk.range), the first as \(chunk.jobs[0].id)")
/// }
/// ```
public struct EnqueuedChunk: Sendable {
    /// Which of the jobs, counted from 0 in the order of the sequence.
    public let range: Range<Int>
    /// What became of each.
    public let jobs: [EnqueuedJob]
}

/// A chunked enqueue that ended early, and exactly how far it came.
///
/// ```swift
/// do throws(ChunkedEnqueueError) {
///     try await client.enqueueChunks(of: jobs).run()
/// } catch {
///     print("enqueued: \(error.enqueued.count), unknown: \(error.unknown), not from: \(error.notEnqueued): \(error)")
/// }
/// ```
public struct ChunkedEnqueueError: Error, CustomStringConvertible {
    /// Why it ended.
    public enum Reason: Sendable {
        /// A request failed, or a job could not be written.
        case zizq(ZizqError)
        /// The sequence of jobs itself threw.
        case source(any Error)
    }

    /// The jobs that are enqueued, counted from 0 in the order of the sequence.
    public let enqueued: Range<Int>
    /// The jobs of a request of which nobody knows what became; empty where that is known.
    public let unknown: Range<Int>
    /// From which job on none was enqueued.
    public let notEnqueued: PartialRangeFrom<Int>
    /// Why it ended.
    public let reason: Reason

    /// One sentence, without the ranges.
    public var description: String {
        switch reason {
        case .zizq(let error): error.description
        case .source(let error): "the jobs to enqueue could not be read: \(error)"
        }
    }
}

/// A sequence of jobs on its way to a server, chunk by chunk. Each step of its iteration is one request, and while one
/// is under way the next chunk is being written; no more than two chunks are in memory.
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

    /// Begins a new iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(self) }

    /// Enqueues all jobs.
    ///
    /// ```swift
    /// let count = try await client.enqueueChunks(of: jobs).run()
    /// ```
    ///
    /// - Parameter actor: where the sequence of jobs is iterated: the caller's isolation.
    /// - Returns: how many there were.
    @discardableResult
    public func run(isolation actor: isolated (any Actor)? = #isolation) async throws(ChunkedEnqueueError) -> Int {
        var iterator = makeAsyncIterator()
        var count = 0
        while let chunk = try await iterator.next(isolation: actor) { count = chunk.range.upperBound }
        return count
    }

    /// Sends one chunk a step.
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
        /// - Returns: `nil` when all jobs are enqueued.
        nonisolated(nonsending) public mutating func next() async throws(ChunkedEnqueueError) -> EnqueuedChunk? {
            try await next(isolation: #isolation)
        }

        /// The same, with the sequence of jobs iterated in the isolation of `actor`.
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
            // The next chunk is written while this one is under way.
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

/// Cuts a sequence of jobs into request bodies.
struct ChunkSource<Source: AsyncIteratorProtocol> where Source.Element: Enqueueable {
    enum Chunk {
        case jobs(body: [UInt8], count: Int, isKeyed: Bool)
        case failure(ChunkedEnqueueError.Reason)
        case end
    }

    private var source: Source
    private let limits: ChunkLimits
    private var writer = JobWriter(isBulk: true)
    /// Did not fit into the chunk before.
    private var leftOver: Source.Element?
    /// How many jobs were written into chunks.
    private var position = 0
    /// What ends the sequence, once the chunk that was begun before it has been handed out.
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

    /// Writes a job into the chunk, unless that is then too large.
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
        // The next one will be about as large.
        if last == nil { writer.reserve(body.count) }
        return .jobs(body: body, count: count, isKeyed: isKeyed)
    }

    /// Hands out what has been written before the sequence ends.
    private mutating func finish(_ end: Chunk) -> Chunk {
        last = end
        return writer.count > 0 ? chunk() : end
    }
}

/// A sequence whose elements are there at once, as one that is waited for: what `enqueueChunks` makes of a `Sequence`.
///
/// ```swift
/// let enqueue: ChunkedEnqueue<ImmediateJobs<[SendEmail]>> = client.enqueueChunks(of: jobs)
/// ```
public struct ImmediateJobs<Jobs: Sequence>: AsyncSequence where Jobs.Element: Enqueueable {
    let jobs: Jobs

    /// Begins a new iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(base: jobs.makeIterator()) }

    /// Goes through the sequence.
    public struct Iterator: AsyncIteratorProtocol {
        var base: Jobs.Iterator

        /// The next job, at once, in the caller's isolation: a sequence may have closures that belong to the caller's
        /// actor.
        nonisolated(nonsending) public mutating func next() async -> Jobs.Element? { base.next() }

        /// The same, in the isolation of `actor`.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> Jobs.Element? { base.next() }
    }
}

extension ZizqClient {
    /// Enqueues any number of jobs, in chunks, without having them all in memory: each chunk is one request, of which
    /// all jobs are enqueued or none.
    ///
    /// ```swift
    /// let count = try await client.enqueueChunks(of: (1...1_000_000).lazy.map { Reindex(page: $0) }).run()
    /// ```
    ///
    /// Nothing happens until the result is iterated, or `run`. Then `jobs` is iterated in the isolation of the caller,
    /// on the main actor in a `main.swift`. Where a chunk fails the error says which jobs were enqueued, which were
    /// not, and of which nobody knows.
    ///
    /// - Parameters:
    ///   - jobs: for jobs of several kinds wrap each in `AnyEnqueueable`.
    ///   - limits: of one request.
    ///   - timeout: for each answer; the configuration's `readTimeout` unless given.
    ///   - retry: for each request; unless given the configuration's policy where every job of a chunk has a unique
    ///     key, and no second
    ///     try where one has none.
    public func enqueueChunks<Jobs: Sequence>(
        of jobs: Jobs, limits: ChunkLimits = ChunkLimits(), timeout: Duration? = nil, retry: RetryPolicy? = nil
    ) -> ChunkedEnqueue<ImmediateJobs<Jobs>> where Jobs.Element: Enqueueable {
        ChunkedEnqueue(client: self, jobs: ImmediateJobs(jobs: jobs), limits: limits, timeout: timeout, retry: retry)
    }

    /// The same for jobs that come in their own time.
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

/// A job of any kind, for sequences in which kinds are mixed.
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
