/// The life of a job behind its enqueue: it becomes ready, is taken, and is completed, tried again or dead.
extension DevQueueContents {
    /// Does what the time has brought: scheduled jobs become ready, and records that were kept for long enough go.
    mutating func advance(to now: UInt64) {
        while let id = scheduled.popDue(now) {
            if let job = jobs.update(id, { $0.status = .ready }) { ready.insert(job) }
        }
        while let id = expiring.popDue(now) {
            if let job = jobs[id] { remove(job) }
        }
    }

    // MARK: - Taking

    /// Gives the next job to one who takes; nil where there is none, or where it has as many as it may have.
    mutating func take(for taker: JobTakers.ID, now: UInt64) -> DevQueueJob? {
        guard let request = takers.request(of: taker), let id = ready.take(from: request.queues) else {
            takers.wait(taker)
            return nil
        }
        takers.give(id, to: taker)
        let job = jobs.update(id) {
            $0.status = .inFlight
            $0.dequeuedAt = now
        }
        // A batch that is being worked on takes no more in.
        if let key = job?.batch?.key, openBatches[key] == id { openBatches[key] = nil }
        return job
    }

    /// Puts the jobs of one who has gone back.
    mutating func close(_ taker: JobTakers.ID) {
        for id in takers.close(taker) {
            let job = jobs.update(id) {
                $0.status = .ready
                $0.dequeuedAt = nil
            }
            if let job { ready.insert(job) }
        }
    }

    /// When the next job becomes ready, in milliseconds since the UNIX epoch.
    mutating func announceSchedule() -> UInt64? {
        announced = scheduled.first?.time ?? .max
        return scheduled.first?.time
    }

    /// The calls that wake those who can take a job now, or have to know of an earlier time at which they can.
    mutating func wakes() -> [@Sendable () -> Void] {
        guard !takers.isEmpty else { return [] }
        let next = scheduled.first?.time ?? .max
        let isEarlier = next < announced
        announced = min(next, announced)
        var ready = ready
        self.ready = ReadyJobs()
        defer { self.ready = ready }
        return takers.wakes { isEarlier || ready.hasJob(in: $0.queues) }
    }

    // MARK: - Acknowledging

    /// The job is done.
    ///
    /// - Returns: `false` where nobody has it.
    mutating func complete(_ id: JobIdentifier, now: UInt64) -> Bool {
        guard takers.settle(id) else { return false }
        if let job = jobs.update(id, { $0.status = .completed }) { retain(job, for: job.retention?.completed ?? 0, now: now) }
        return true
    }

    /// The job has failed, and is tried again or dead.
    ///
    /// - Returns: the job as it is now; nil where nobody had it.
    mutating func fail(_ id: JobIdentifier, _ report: FailureReport, now: UInt64) -> DevQueueJob? {
        guard takers.settle(id) else { return nil }
        let job = jobs.update(id) { job in
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
        if job.status == .dead {
            retain(job, for: job.retention?.dead ?? Self.deadMilliseconds, now: now)
        } else {
            scheduled.insert(JobAlarm(time: job.readyAt, id: id))
        }
        return job
    }

    private mutating func retain(_ job: DevQueueJob, for milliseconds: UInt64, now: UInt64) {
        guard milliseconds > 0 else { return remove(job) }
        let (time, overflowed) = now.addingReportingOverflow(milliseconds)
        expiring.insert(JobAlarm(time: overflowed ? .max : time, id: job.id))
    }

    /// How often a job is tried again, unless it says otherwise.
    private static let retryLimit: UInt32 = 25
    /// How long a dead job is kept, unless it says otherwise: 7 days.
    private static let deadMilliseconds: UInt64 = 7 * 24 * 3_600_000
}
