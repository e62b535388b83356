internal import Synchronization

/// Jobs to be enqueued in one request: all of them or none. Kinds can be mixed.
///
/// ```swift
/// var bulk = client.enqueueBulk()
/// for address in addresses { try bulk.push(SendEmail(to: address)) }
/// let jobs = try await bulk.send()
/// ```
///
/// Added jobs are encoded immediately; a `delay` counts from then. For more than a few thousand jobs, see
/// `ZizqClient.enqueueChunks`.
public struct BulkEnqueue: Sendable {
    private let client: ZizqClient
    private var writer = JobWriter(isBulk: true)

    /// Memory is reserved only when it is needed.
    private static let largestReserve = 8 * 1024 * 1024

    init(_ client: ZizqClient) { self.client = client }

    /// The number of jobs.
    public var count: Int { writer.count }

    /// The size of the request so far, in bytes.
    public var byteCount: Int { writer.bytes.count }

    /// Adds a job.
    ///
    /// ```swift
    /// var bulk = client.enqueueBulk()
    /// for address in addresses { try bulk.push(SendEmail(to: address)) }
    /// ```
    ///
    /// - Throws: `invalidArgument` for what the server would refuse, with the index of the job. Earlier jobs stay in
    ///   the request.
    public mutating func push(_ job: some Enqueueable) throws(ZizqError) {
        if writer.count == 0 { writer.reserve(client.lastBulkSize.load(ordering: .relaxed)) }
        do throws(ZizqError) {
            try job.write(to: &writer)
        } catch {
            throw error.at(writer.count)
        }
    }

    /// Returns a copy with one more job.
    ///
    /// ```swift
    /// let jobs = try await client.enqueueBulk().add(SendEmail(to: "alice@example.com")).add(RebuildIndex()).send()
    /// ```
    public consuming func add(_ job: some Enqueueable) throws(ZizqError) -> BulkEnqueue {
        try push(job)
        return self
    }

    /// Enqueues all jobs or none.
    ///
    /// ```swift
    /// let jobs = try await client.enqueueBulk().add(RebuildIndex()).send(timeout: .seconds(60))
    /// ```
    ///
    /// - Parameters:
    ///   - timeout: for the answer; by default the configuration's `readTimeout`.
    ///   - retry: when to retry automatically; by default the configuration's policy if every job has a unique key, and
    ///     never otherwise.
    /// - Returns: the result for each job, in the order of the request. Without jobs, no request is sent.
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
    /// The same error with the index of the job.
    func at(_ position: Int) -> ZizqError {
        guard case .invalidArgument(let sentence) = self else { return self }
        return .invalidArgument("jobs[\(position)]: \(sentence)")
    }
}
