/// In which order a list goes: by identifier, so by the order in which jobs were enqueued.
///
/// ```swift
/// let newest = client.jobs(order: .descending)
/// ```
public enum JobOrder: String, Sendable, Hashable, CaseIterable {
    /// The oldest first.
    case ascending = "asc"
    /// The newest first.
    case descending = "desc"
}

/// Jobs of a server, page by page as they are asked for.
///
/// ```swift
/// for try await job in client.jobs(JobFilter().statuses([.dead])) {
///     print(job.id, job.type)
/// }
/// ```
///
/// Jobs that come or go meanwhile may or may not be in it; none is in it twice.
public struct JobList: AsyncSequence, Sendable {
    let pages: JobPages

    /// Begins a new iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages.makeAsyncIterator()) }

    /// Goes through the jobs, one page in memory.
    public struct Iterator: AsyncIteratorProtocol {
        var pages: JobPages.Iterator
        private var page: ArraySlice<Job> = []

        init(pages: JobPages.Iterator) { self.pages = pages }

        /// The next job; asks for a page where one is needed.
        public mutating func next() async throws(ZizqError) -> Job? { try await next(isolation: nil) }

        /// The same.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ZizqError) -> Job? {
            while page.isEmpty {
                guard let next = try await pages.next(isolation: actor) else { return nil }
                page = next[...]
            }
            return page.popFirst()
        }
    }
}

/// The same, a page at a time.
///
/// ```swift
/// for try await page in client.jobPages(pageSize: 2000) { print(page.count) }
/// ```
public struct JobPages: AsyncSequence, Sendable {
    let client: ZizqClient
    let filter: JobFilter
    let order: JobOrder
    let pageSize: Int

    /// Begins a new iteration.
    public func makeAsyncIterator() -> Iterator {
        Iterator(client: client, path: filter.fitsNothing ? nil : "/jobs?" + query, complaint: filter.complaint)
    }

    private var query: String { filter.query(adding: ["limit": String(pageSize), "order": order.rawValue]) }

    /// Asks for one page a step.
    public struct Iterator: AsyncIteratorProtocol {
        let client: ZizqClient
        /// Where the next page is.
        var path: String?
        let complaint: ZizqError?

        /// The next page, not empty; nil behind the last one.
        public mutating func next() async throws(ZizqError) -> [Job]? { try await next(isolation: nil) }

        /// The same.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ZizqError) -> [Job]? {
            if let complaint { throw complaint }
            while let path {
                let (jobs, next) = try await client.page(path)
                // A page that is its own successor would never end.
                self.path = next == path ? nil : next
                if !jobs.isEmpty { return jobs }
            }
            return nil
        }
    }
}
