/// The order of a list: by identifier, which is the order in which jobs were enqueued.
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

/// A list of jobs, requested page by page.
///
/// ```swift
/// for try await job in client.jobs(JobFilter().statuses([.dead])) {
///     print(job.id, job.type)
/// }
/// ```
///
/// Jobs that are added or removed during the iteration may or may not be in it. No job is in it twice.
public struct JobList: AsyncSequence, Sendable {
    let pages: JobPages

    /// Starts an iteration.
    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages.makeAsyncIterator()) }

    /// The iterator, with one page in memory.
    public struct Iterator: AsyncIteratorProtocol {
        var pages: JobPages.Iterator
        private var page: ArraySlice<Job> = []

        init(pages: JobPages.Iterator) { self.pages = pages }

        /// Returns the next job; requests a page if needed.
        public mutating func next() async throws(ZizqError) -> Job? { try await next(isolation: nil) }

        /// Returns the next job, in the given isolation.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ZizqError) -> Job? {
            while page.isEmpty {
                guard let next = try await pages.next(isolation: actor) else { return nil }
                page = next[...]
            }
            return page.popFirst()
        }
    }
}

/// A list of jobs, one page per element.
///
/// ```swift
/// for try await page in client.jobPages(pageSize: 2000) { print(page.count) }
/// ```
public struct JobPages: AsyncSequence, Sendable {
    let client: ZizqClient
    let filter: JobFilter
    let order: JobOrder
    let pageSize: Int

    /// Starts an iteration.
    public func makeAsyncIterator() -> Iterator {
        Iterator(client: client, path: filter.fitsNothing ? nil : "/jobs?" + query, complaint: filter.complaint)
    }

    private var query: String { filter.query(adding: ["limit": String(pageSize), "order": order.rawValue]) }

    /// Requests one page per step.
    public struct Iterator: AsyncIteratorProtocol {
        let client: ZizqClient
        /// The path of the next page.
        var path: String?
        let complaint: ZizqError?

        /// Returns the next page, which is not empty; `nil` after the last one.
        public mutating func next() async throws(ZizqError) -> [Job]? { try await next(isolation: nil) }

        /// Returns the next page, in the given isolation.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ZizqError) -> [Job]? {
            if let complaint { throw complaint }
            while let path {
                let (jobs, next) = try await client.page(path)
                // A page that names itself as the next one would never end.
                self.path = next == path ? nil : next
                if !jobs.isEmpty { return jobs }
            }
            return nil
        }
    }
}
