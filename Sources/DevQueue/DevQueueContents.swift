internal import SluiceBase

/// The state of the development queue, and the effect of each request on it. One thread at a time.
struct DevQueueContents {
    var configuration: DevQueueConfiguration
    var faults = DevQueueFaults()
    var statistics = DevQueueStatistics()
    /// Empty if only counts are kept.
    private(set) var jobs: [JobIdentifier: DevQueueJob] = [:]
    /// The number of accepted jobs, including those that are not kept; reset by a wipe.
    private(set) var accepted = 0
    private var lastIdentifier = JobIdentifier(value: UInt128(UInt32.random(in: 0 ... .max)))
    /// The job that holds each unique key.
    private var holders: [String: Holder] = [:]
    /// The open batches, each with its job.
    private var openBatches: [String: JobIdentifier] = [:]
    private var ready = ReadyJobs()
    /// Scheduled jobs by the time at which they become ready.
    private var scheduled = JobHeap()
    /// Finished jobs by the time at which they expire.
    private var expiring = JobHeap()
    var workers = JobWorkers()
    /// Functions called once when this number of jobs has been accepted.
    var waiters: [(count: Int, call: @Sendable () -> Void)] = []
    /// The current time, in milliseconds since 1970.
    private(set) var now: UInt64 = 0
    /// The time of the next scheduled job that was announced to workers.
    private var announced = UInt64.max

    /// The job that holds a unique key. It contains the whole job only if jobs are not kept.
    private struct Holder {
        let id: JobIdentifier
        let job: DevQueueJob?
    }

    init(configuration: DevQueueConfiguration) { self.configuration = configuration }

    /// The number of jobs; if jobs are not kept, the number of accepted ones.
    var count: Int { configuration.keeping == .counts ? accepted : jobs.count }

    /// All jobs, in the order of their identifiers.
    var sortedJobs: [DevQueueJob] { jobs.values.sorted { $0.id < $1.id } }

    mutating func reset() {
        jobs = [:]
        holders = [:]
        openBatches = [:]
        accepted = 0
        ready = ReadyJobs()
        scheduled = JobHeap()
        expiring = JobHeap()
        workers.forgetJobs()
    }

    /// Makes due scheduled jobs ready and removes expired ones.
    mutating func advance(to time: UInt64) {
        now = time
        while let position = scheduled.popFirst(upTo: now) { enter(update(position.id) { $0.status = .ready }) }
        while let position = expiring.popFirst(upTo: now) { remove(position.id) }
    }

    /// Adds a ready or scheduled job to its list.
    private mutating func enter(_ job: DevQueueJob?) {
        guard let job else { return }
        if job.status == .ready {
            ready.insert(job)
        } else {
            scheduled.insert(JobPosition(rank: job.readyAt, id: job.id))
        }
    }

    /// - Returns: the changed job; `nil` if there is none.
    private mutating func update(_ id: JobIdentifier, _ change: (inout DevQueueJob) -> Void) -> DevQueueJob? {
        guard var job = jobs[id] else { return nil }
        change(&job)
        jobs[id] = job
        return job
    }

    /// Removes a job, which frees its unique key.
    private mutating func remove(_ id: JobIdentifier) {
        guard let key = jobs.removeValue(forKey: id)?.uniqueKey, holders[key]?.id == id else { return }
        holders[key] = nil
    }
}

// MARK: - Enqueuing

extension DevQueueContents {
    /// Why valid jobs cannot be stored: folding needs jq, which is not available here.
    func refusal(of requests: [JobRequest], isBulk: Bool) -> RejectedJobError? {
        var opened: Set<String> = []
        for (position, request) in requests.enumerated() {
            guard let batch = request.batch(foldedAt: now) else { continue }
            guard openBatches[batch.key] != nil || !opened.insert(batch.key).inserted else { continue }
            let refusal = RejectedJobError(422, "batch.fold needs jq, which the development queue does not have")
            return isBulk ? refusal.at(position) : refusal
        }
        return nil
    }

    /// Stores valid jobs, and appends them to the answer.
    ///
    /// - Returns: whether all of them were duplicates.
    mutating func enqueue(_ requests: [JobRequest], body: Span<UInt8>, answer: inout [UInt8]) -> Bool {
        var duplicates = 0
        for (position, request) in requests.enumerated() {
            if position > 0 { answer.append(UInt8(ascii: ",")) }
            if let holder = holder(of: request) {
                duplicates += 1
                holder.appendJSON(to: &answer, as: .enqueued(isDuplicate: true))
            } else {
                accept(request, body: body).appendJSON(to: &answer, as: .enqueued(isDuplicate: false))
            }
        }
        statistics.duplicateJobs += duplicates
        statistics.largestBulk = max(statistics.largestBulk, requests.count)
        return duplicates == requests.count && !requests.isEmpty
    }

    /// The job that holds the request's unique key.
    private func holder(of request: JobRequest) -> DevQueueJob? {
        guard let key = request.uniqueKey, let holder = holders[key], let job = holder.job ?? jobs[holder.id] else {
            return nil
        }
        return (job.uniqueWhile ?? .queued).holds(job.status) ? job : nil
    }

    private mutating func accept(_ request: JobRequest, body: Span<UInt8>) -> DevQueueJob {
        let payload = configuration.keeping == .everything ? body.extracting(request.payload).array : nil
        lastIdentifier = lastIdentifier.next(milliseconds: now)
        let job = DevQueueJob(request, id: lastIdentifier, payload: payload, now: now)
        accepted += 1
        statistics.acceptedJobs += 1
        let isKept = configuration.keeping != .counts
        if isKept {
            jobs[job.id] = job
            enter(job)
        }
        if let key = job.uniqueKey { holders[key] = Holder(id: job.id, job: isKept ? nil : job) }
        if let batch = request.batch(foldedAt: now) { openBatches[batch.key] = job.id }
        return job
    }
}

extension JobRequest {
    /// The batch of the job. A job that runs later has none.
    fileprivate func batch(foldedAt now: UInt64) -> JobBatch? { (readyAt ?? now) > now ? nil : batch }
}

// MARK: - Taking

extension DevQueueContents {
    /// Gives the next job to a worker; `nil` if there is none, or the worker has reached its maximum.
    mutating func take(for worker: JobWorkers.ID) -> DevQueueJob? {
        guard let request = workers.request(of: worker), let id = ready.take(from: request.queues) else {
            workers.wait(worker)
            return nil
        }
        workers.give(id, to: worker)
        let job = update(id) { [now] job in
            job.status = .inFlight
            job.dequeuedAt = now
        }
        // A batch that a worker has taken is closed.
        if let key = job?.batch?.key, openBatches[key] == id { openBatches[key] = nil }
        return job
    }

    /// Makes the jobs of a disconnected worker ready again.
    mutating func close(_ worker: JobWorkers.ID) {
        for id in workers.close(worker) {
            let job = update(id) {
                $0.status = .ready
                $0.dequeuedAt = nil
            }
            enter(job)
        }
    }

    /// The milliseconds until the next scheduled job is ready; `nil` if none is scheduled.
    mutating func announceSchedule() -> UInt64? {
        announced = scheduled.first?.rank ?? .max
        return scheduled.first.map { $0.rank - min($0.rank, now) }
    }

    /// The functions that wait for a number of jobs, and those that wake workers for a job that is ready by now.
    mutating func dueCalls() -> [@Sendable () -> Void] {
        let reached = waiters.filter { $0.count <= accepted }.map(\.call)
        if !reached.isEmpty { waiters.removeAll { $0.count <= accepted } }
        guard !workers.isEmpty else { return reached }
        let next = scheduled.first?.rank ?? .max
        let isEarlier = next < announced
        announced = min(next, announced)
        return reached + workers.wakes { [ready] in isEarlier || ready.hasJob(in: $0.queues) }
    }

    // MARK: - Acknowledging

    /// Completes a job.
    ///
    /// - Returns: `false` if no worker has it.
    mutating func complete(_ id: JobIdentifier) -> Bool {
        guard workers.settle(id) else { return false }
        if let job = update(id, { $0.status = .completed }) { keep(id, for: job.retention?.completed ?? 0) }
        return true
    }

    /// Schedules a failed job for another attempt, or makes it dead.
    ///
    /// - Returns: the changed job; `nil` if no worker has it.
    mutating func fail(_ id: JobIdentifier, _ report: FailureReport) -> DevQueueJob? {
        guard workers.settle(id) else { return nil }
        let job = update(id) { [now] job in
            job.attempts += 1
            job.failedAt = now
            if report.kill || job.attempts > job.retryLimit ?? Self.retryLimit {
                job.status = .dead
            } else {
                job.status = .scheduled
                job.readyAt = report.retryAt ?? (job.backoff ?? .standard).time(afterAttempts: job.attempts, now: now)
            }
        }
        guard let job else { return nil }
        if job.status == .dead { keep(id, for: job.retention?.dead ?? Self.deadMilliseconds) } else { enter(job) }
        return job
    }

    private mutating func keep(_ id: JobIdentifier, for milliseconds: UInt64) {
        guard milliseconds > 0 else { return remove(id) }
        let (time, overflowed) = now.addingReportingOverflow(milliseconds)
        expiring.insert(JobPosition(rank: overflowed ? .max : time, id: id))
    }

    /// The default number of retries.
    private static let retryLimit: UInt32 = 25
    /// The default time for which a dead job is kept: 7 days.
    private static let deadMilliseconds: UInt64 = 7 * 24 * 3_600_000
}
