internal import Synchronization

/// Jobs that are to be enqueued in one request: all of them, or none. Kinds may be mixed.
///
/// ```swift
/// var bulk = client.enqueueBulk()
/// for address in addresses { try bulk.push(SendEmail(to: address)) }
/// let jobs = try await bulk.send()
/// ```
///
/// What is added is written into the request at once; a `delay` counts from then. For more than some thousands of jobs
/// see `ZizqClient.enqueueChunks`.
public struct BulkEnqueue: Sendable {
    private let client: ZizqClient
    private var writer = JobWriter(isBulk: true)

    /// No more is set aside before it is needed.
    private static let largestReserve = 8 * 1024 * 1024

    init(_ client: ZizqClient) { self.client = client }

    /// How many jobs there are.
    public var count: Int { writer.count }

    /// How many bytes the request has so far.
    public var byteCount: Int { writer.bytes.count }

    /// Adds a job.
    ///
    /// ```swift
    /// var bulk = client.enqueueBulk()
    /// for address in addresses { try bulk.push(SendEmail(to: address)) }
    /// ```
    ///
    /// - Throws: `invalidArgument` for what the server would refuse, with the job's place; the jobs before it stay.
    public mutating func push(_ job: some Enqueueable) throws(ZizqError) {
        if writer.count == 0 { writer.reserve(client.lastBulkSize.load(ordering: .relaxed)) }
        do throws(ZizqError) {
            try job.write(to: &writer)
        } catch {
            throw error.at(writer.count)
        }
    }

    /// These jobs and one more.
    ///
    /// ```swift
    /// let jobs = try await client.enqueueBulk().add(SendEmail(to: "alice@example.com")).add(RebuildIndex()).send()
    /// ```
    public consuming func add(_ job: some Enqueueable) throws(ZizqError) -> BulkEnqueue {
        try push(job)
        return self
    }

    /// Enqueues all of them, or none.
    ///
    /// ```swift
    /// let jobs = try await client.enqueueBulk().add(RebuildIndex()).send(timeout: .seconds(60))
    /// ```
    ///
    /// - Parameters:
    ///   - timeout: for the answer; the configuration's `readTimeout` unless given.
    ///   - retry: whether the client tries again by itself; unless given the configuration's policy where every job has
    ///     a unique key, and
    ///     not at all where one has none.
    /// - Returns: what became of each job, in the order in which they were added; nothing is asked of the server for
    ///   none.
    @discardableResult
    public consuming func send(timeout: Duration? = nil, retry: RetryPolicy? = nil) async throws(ZizqError)
        -> [EnqueuedJob]
    {
        guard writer.count > 0 else { return [] }
        let (count, policy) = (writer.count, retry ?? (writer.isKeyed ? client.retryPolicy : .off))
        client.lastBulkSize.store(min(writer.bytes.count, Self.largestReserve), ordering: .relaxed)
        return try await client.post(writer.finish(), jobs: count, timeout: timeout, retry: policy)
    }
}

extension ZizqError {
    /// The same about one of several jobs.
    func at(_ position: Int) -> ZizqError {
        guard case .invalidArgument(let sentence) = self else { return self }
        return .invalidArgument("jobs[\(position)]: \(sentence)")
    }
}
