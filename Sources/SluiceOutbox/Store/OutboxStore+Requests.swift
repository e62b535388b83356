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
        statement.bind(
            row.delivery, row.lastPart, row.isKeptWithJobs ? 1 : 0, row.job, jobs.lowerBound, jobs.count, row.bytes)
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
            try session.deleteRequest.run(request.delivery)
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
        try session.deleteRequestsBefore.run(ledger.oldestJob)
        ledger.deliveredRequests -= bytes
    }

    /// Reads the figures from the table at the start. Only its index is read, once.
    func loadRequestFigures() throws(SQLiteError) {
        ledger.deliveredRequests = try bytesOfRequests(1..<ledger.firstPending)
        ledger.deadRequests = try bytesOfRequests(.min..<1)
        ledger.undeliveredRequests = ledger.deadRequests + (try bytesOfRequests(ledger.firstPending..<(.max)))
    }

    /// The last delivered job to remove so that the rest, including requests, uses at most
    /// `outbox.keep_delivered_bytes`; 0 for none.
    ///
    /// Walks along the jobs and their requests: a request is between its job and the next one.
    func bytesCutWithRequests(_ limit: Int) throws(SQLiteError) -> Int64 {
        let bound = ledger.pendingPosition + ledger.deliveredRequests - Int64(configuration.keepDeliveredBytes.bytes)
        let jobs = session.selectPositions
        let requests = session.selectRequestsOfDelivered
        jobs.bind(ledger.firstPending, Int64(limit))
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
                before += requests.size(1)
                hasRequest = try requests.step()
            }
            guard jobs.int64(1) + before < bound else { break }
            last = jobs.int64(0)
        }
        return last
    }

    private func request(ofDelivery row: Int64) throws(SQLiteError) -> RequestRow? {
        guard ledger.undeliveredRequests + ledger.deliveredRequests > 0 else { return nil }
        let nearest = try session.selectRequest.first(row) { found in
            RequestRow(
                delivery: found.int64(0), lastPart: found.int64(1), isKeptWithJobs: found.int64(2) != 0,
                job: found.int64(3), bytes: found.size(4))
        }
        return nearest.flatMap { $0.lastPart >= row ? $0 : nil }
    }

    private func isHeld(_ request: RequestRow) throws(SQLiteError) -> Bool {
        try session.isRequestHeld.first(request.delivery, request.lastPart, request.isKeptWithJobs ? 1 : 0) {
            $0.int64(0) != 0
        } ?? false
    }

    /// The last job of the delivery; it may have been removed.
    private func lastJob(of request: RequestRow) throws(SQLiteError) -> Int64 {
        try session.selectLastJob.first(request.delivery, request.lastPart) { $0.int64(0) } ?? 0
    }

    private func setJob(_ job: Int64, of request: RequestRow) throws(SQLiteError) {
        if request.job == 0 { ledger.deadRequests -= request.bytes }
        if job == 0 { ledger.deadRequests += request.bytes }
        try session.setRequestJob.run(request.delivery, job)
    }

    private func bytesOfRequests(_ jobs: Range<Int64>) throws(SQLiteError) -> Int64 {
        try session.sumRequests.first(jobs.lowerBound, jobs.upperBound) { $0.int64(0) } ?? 0
    }

    private func moveToUndelivered(_ bytes: Int64) {
        ledger.undeliveredRequests += bytes
        ledger.deliveredRequests -= bytes
    }
}
