internal import SluiceBase

/// One row of the table `requests`, without the request itself.
///
/// Whether its bytes count as undelivered follows from the row and the first pending job, so figures and removal need
/// no counting.
struct RequestRow: Equatable {
    /// The first and the last row of the delivery in `deliveries`, which may have been deleted.
    let delivery: Int64
    let lastPart: Int64
    /// Whether it is kept as long as anything of the delivery is, or only for the dead letters without a job.
    let isKeptWithJobs: Bool
    /// 0 while a dead letter or a parked job needs it; otherwise the delivery's last job, with which it is removed.
    let job: Int64
    let bytes: Int64
}

extension OutboxStore {
    /// Inserts a request, inside a transaction, like all functions below.
    ///
    /// - Parameter jobs: the delivery's jobs at its receipt.
    func insert(_ row: RequestRow, jobs: Range<Int64>, _ request: [UInt8]) throws(SQLiteError) {
        let statement = session.insertRequest
        statement.bind(row.delivery, at: 1)
        statement.bind(row.lastPart, at: 2)
        statement.bind(row.isKeptWithJobs ? 1 : 0, at: 3)
        statement.bind(row.job, at: 4)
        statement.bind(jobs.lowerBound, at: 5)
        statement.bind(Int64(jobs.count), at: 6)
        statement.bind(row.bytes, at: 7)
        // The buffer does not move until the closure ends, and the statement has run by then.
        try unsafe request.span.withUnsafeBufferPointer { bytes throws(SQLiteError) in
            unsafe statement.bindStatic(blob: bytes, at: 8)
            try statement.run()
        }
        ledger.undeliveredRequests += row.bytes
        if row.job == 0 { ledger.deadRequests += row.bytes }
    }

    /// Updates the request after a pending job of the delivery became a dead letter or was parked: the request is kept
    /// until that ends, and still counts as undelivered.
    func holdRequest(ofDelivery row: Int64) throws(SQLiteError) {
        guard let request = try request(ofDelivery: row), request.isKeptWithJobs, request.job != 0 else { return }
        try setJob(0, of: request)
    }

    /// Updates the request after a dead letter of the delivery was removed, or a job is no longer parked: the request
    /// is kept with the remaining jobs, or removed.
    func releaseRequest(ofDelivery row: Int64) throws(SQLiteError) {
        guard let request = try request(ofDelivery: row), try !isHeld(request) else { return }
        let last = request.isKeptWithJobs ? try lastJob(of: request) : 0
        guard last >= ledger.oldestJob else {
            session.deleteRequest.bind(request.delivery, at: 1)
            try session.deleteRequest.run()
            ledger.undeliveredRequests -= request.bytes
            if request.job == 0 { ledger.deadRequests -= request.bytes }
            return
        }
        if last < ledger.firstPending { moveToUndelivered(-request.bytes) }
        try setJob(last, of: request)
    }

    /// Updates the request after a delivered job of the delivery is sent again: the request is kept as long as the new
    /// job.
    func keepRequest(ofDelivery row: Int64, for job: Int64) throws(SQLiteError) {
        guard let request = try request(ofDelivery: row), request.isKeptWithJobs, request.job != 0 else { return }
        if request.job < ledger.firstPending { moveToUndelivered(request.bytes) }
        try setJob(job, of: request)
    }

    /// Updates the figures after the jobs from `first` up to the first pending one were delivered: requests that no
    /// later job needs count as delivered, too.
    func countRequests(deliveredFrom first: Int64) throws(SQLiteError) {
        guard ledger.undeliveredRequests > 0, ledger.firstPending > first else { return }
        moveToUndelivered(-(try bytesOfRequests(first..<ledger.firstPending)))
    }

    /// Removes the requests that nothing else needs after the oldest delivered jobs were removed.
    func removeRequestsOfRemovedJobs() throws(SQLiteError) {
        guard ledger.deliveredRequests > 0 else { return }
        let bytes = try bytesOfRequests(1..<ledger.oldestJob)
        guard bytes > 0 else { return }
        session.deleteRequestsBefore.bind(ledger.oldestJob, at: 1)
        try session.deleteRequestsBefore.run()
        ledger.deliveredRequests -= bytes
    }

    /// Reads the figures from the table at the start. Only its index is read.
    func loadRequestFigures() throws(SQLiteError) {
        ledger.deliveredRequests = try bytesOfRequests(1..<ledger.firstPending)
        ledger.deadRequests = try bytesOfRequests(0..<1)
        ledger.undeliveredRequests =
            (try session.connection.integer("SELECT sum(bytes) FROM requests") ?? 0) - ledger.deliveredRequests
    }

    /// The last delivered job to remove so that the rest, including requests, uses at most
    /// `outbox.keep_delivered_bytes`; 0 for none.
    ///
    /// Walks along the jobs and their requests: a request is between its job and the next one.
    func bytesCutWithRequests(_ limit: Int) throws(SQLiteError) -> Int64 {
        let bound = ledger.pendingPosition + ledger.deliveredRequests - Int64(configuration.keepDeliveredBytes.bytes)
        let jobs = session.selectPlaces
        let requests = session.selectRequestsOfDelivered
        jobs.bind(ledger.firstPending, at: 1)
        jobs.bind(Int64(limit), at: 2)
        requests.bind(ledger.firstPending, at: 1)
        defer {
            jobs.reset()
            requests.reset()
        }
        var last: Int64 = 0
        var before: Int64 = 0
        var hasRequest = try requests.step()
        while try jobs.step() {
            while hasRequest, requests.int64(0) < jobs.int64(0) {
                before += requests.int64(1)
                hasRequest = try requests.step()
            }
            guard jobs.int64(1) + before < bound else { break }
            last = jobs.int64(0)
        }
        return last
    }

    private func request(ofDelivery row: Int64) throws(SQLiteError) -> RequestRow? {
        guard ledger.undeliveredRequests + ledger.deliveredRequests > 0 else { return nil }
        let statement = session.selectRequest
        statement.bind(row, at: 1)
        defer { statement.reset() }
        guard try statement.step(), statement.int64(1) >= row else { return nil }
        return RequestRow(
            delivery: statement.int64(0), lastPart: statement.int64(1), isKeptWithJobs: statement.int64(2) != 0,
            job: statement.int64(3),
            bytes: statement.int64(4))
    }

    private func isHeld(_ request: RequestRow) throws(SQLiteError) -> Bool {
        let statement = session.isRequestHeld
        statement.bind(request.delivery, at: 1)
        statement.bind(request.lastPart, at: 2)
        statement.bind(request.isKeptWithJobs ? 1 : 0, at: 3)
        defer { statement.reset() }
        return try statement.step() && statement.int64(0) != 0
    }

    /// The last job of the delivery; it may have been removed.
    private func lastJob(of request: RequestRow) throws(SQLiteError) -> Int64 {
        session.selectLastJob.bind(request.delivery, at: 1)
        session.selectLastJob.bind(request.lastPart, at: 2)
        defer { session.selectLastJob.reset() }
        return try session.selectLastJob.step() ? session.selectLastJob.int64(0) : 0
    }

    private func setJob(_ job: Int64, of request: RequestRow) throws(SQLiteError) {
        if request.job == 0 { ledger.deadRequests -= request.bytes }
        if job == 0 { ledger.deadRequests += request.bytes }
        session.setRequestJob.bind(request.delivery, at: 1)
        session.setRequestJob.bind(job, at: 2)
        try session.setRequestJob.run()
    }

    private func bytesOfRequests(_ jobs: Range<Int64>) throws(SQLiteError) -> Int64 {
        session.sumRequests.bind(jobs.lowerBound, at: 1)
        session.sumRequests.bind(jobs.upperBound, at: 2)
        defer { session.sumRequests.reset() }
        return try session.sumRequests.step() ? session.sumRequests.int64(0) : 0
    }

    private func moveToUndelivered(_ bytes: Int64) {
        ledger.undeliveredRequests += bytes
        ledger.deliveredRequests -= bytes
    }
}
