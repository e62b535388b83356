package import SluiceBase

/// A read-only connection to the outbox, in addition to the writer's. Belongs to one thread or task at a time.
///
/// No call leaves a read transaction open, which would keep the write-ahead log from being emptied.
package final class OutboxReader {
    let connection: Connection
    private let onDamage: (@Sendable (SQLiteError) -> Void)?
    private let selectPending, selectPendingOfQueue, selectSetAside, selectParkedJob: Statement

    /// Opens the outbox, which must be open for writing in this process, or have been closed properly.
    ///
    /// - Parameters:
    ///   - cache: SQLite's page cache for this connection.
    ///   - onDamage: called with the error when unreadable jobs are skipped.
    package init(
        _ configuration: OutboxConfiguration, cache: ByteCount = .mebibytes(2),
        onDamage: (@Sendable (SQLiteError) -> Void)? = nil
    ) throws(OutboxError) {
        self.onDamage = onDamage
        do throws(SQLiteError) {
            connection = try Connection(path: configuration.path, vfs: configuration.vfs, access: .readOnly)
            try Pragmas.applyForReading(connection, cache: cache)
            selectPending = try connection.prepare(Statements.selectPending)
            selectPendingOfQueue = try connection.prepare(Statements.selectPendingOfQueue)
            selectSetAside = try connection.prepare(Statements.selectSetAside)
            selectParkedJob = try connection.prepare(Statements.selectParkedJob)
        } catch {
            throw OutboxError(error)
        }
    }

    /// Pending jobs in commit order, without parked ones. Skips those on damaged pages.
    ///
    /// - Parameters:
    ///   - from: the first id to look at; ids that were read before must not come again while they are in flight.
    ///   - through: the last id to look at.
    ///   - queue: only jobs of this queue; nil for all.
    ///   - limit: the maximum number, 500 in one call.
    ///   - maximumBytes: the limit for the payloads; the first job is returned whatever its size.
    package func nextJobs(
        from: Int64, through: Int64 = .max, queue: String? = nil, limit: Int, maximumBytes: Int
    ) throws(OutboxError) -> [StoredJob] {
        try read { _ throws(SQLiteError) in
            let statement = queue == nil ? selectPending : selectPendingOfQueue
            if let queue { statement.bind(queue, at: 4) }
            var from = from
            while from <= through {
                statement.bind(through, at: 3)
                do throws(SQLiteError) {
                    return try PendingPage.read(statement, from: from, limit: limit, maximumBytes: maximumBytes)
                } catch {
                    guard error.kind == .damaged else { throw error }
                    onDamage?(error)
                    guard let next = Connection.firstReadable(after: from, canRead) else { break }
                    from = next
                }
            }
            return []
        }
    }

    private func canRead(from id: Int64) -> Bool {
        selectPending.bind(Int64.max, at: 3)
        return (try? PendingPage.read(selectPending, from: id, limit: 1, maximumBytes: .max)) != nil
    }

    /// Jobs that are parked because they are refused, by ascending ids.
    ///
    /// - Parameter maximumBytes: the size limit; the first job is returned whatever its size.
    package func setAsideJobs(_ query: SetAsideQuery, maximumBytes: Int) throws(OutboxError) -> SetAsidePage {
        try read { _ throws(SQLiteError) in
            let (found, end) = try setAsideIDs(query)
            var page = SetAsidePage(jobs: [], scannedThrough: end)
            var bytes = 0
            for id in found where bytes < maximumBytes {
                guard let job = try selectParkedJob.first(id, read: { StoredJob($0) }) else { continue }
                bytes += job.job.byteCost
                if bytes <= maximumBytes || page.jobs.isEmpty { page.jobs.append(job) }
            }
            return page
        }
    }

    private func setAsideIDs(_ query: SetAsideQuery) throws(SQLiteError) -> (found: [Int64], end: Int64?) {
        var (found, end): ([Int64], Int64?) = ([], nil)
        selectSetAside.bind(query.after, at: 1)
        defer { selectSetAside.reset() }
        while found.count < query.limit, try selectSetAside.step() {
            let id = selectSetAside.int64(0)
            end = id
            if query.selection.contains(selectSetAside.text(1)) { found.append(id) }
        }
        return (found, end)
    }

    /// Closes the connection.
    package func close() { connection.close() }
}

extension OutboxReader: OutboxListing {
    package var queries: Queries { Queries(connection: connection) }
}

/// One page of the sending order.
enum PendingPage {
    static func read(_ statement: Statement, from: Int64, limit: Int, maximumBytes: Int) throws(SQLiteError)
        -> [StoredJob]
    {
        statement.bind(from, Int64(min(limit, Queries.page)))
        defer { statement.reset() }
        var jobs: [StoredJob] = []
        var bytes = 0
        while try step(statement, isFirst: jobs.isEmpty) {
            let job = StoredJob(statement)
            bytes += job.job.byteCost
            if !jobs.isEmpty, bytes > maximumBytes { break }
            jobs.append(job)
        }
        return jobs
    }

    /// Ends before damage if something was read: the next page begins with it.
    private static func step(_ statement: Statement, isFirst: Bool) throws(SQLiteError) -> Bool {
        do throws(SQLiteError) { return try statement.step() } catch {
            guard error.kind == .damaged, !isFirst else { throw error }
            return false
        }
    }
}
