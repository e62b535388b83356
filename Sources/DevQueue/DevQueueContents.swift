internal import SluiceBase

/// What the development queue holds, and what an enqueue does to it. One thread at a time.
struct DevQueueContents {
    var configuration: DevQueueConfiguration
    var faults = DevQueueFaults()
    var statistics = DevQueueStatistics()
    /// In the order of their identifiers; empty where only counts are kept.
    var jobs = JobTable()
    /// How many jobs came and were not wiped, also where they are not kept.
    private(set) var accepted = 0
    private var identifiers = JobIdentifierSource()
    /// Who holds each unique key.
    private var holders: [String: Holder] = [:]
    /// The batches that jobs wait in, each with the job that waits.
    var openBatches: [String: JobIdentifier] = [:]

    // What comes next in the life of jobs.
    var ready = ReadyJobs()
    var scheduled = BinaryHeap<JobAlarm>()
    var expiring = BinaryHeap<JobAlarm>()
    var takers = JobTakers()
    /// The time of the next scheduled job, as those who take jobs were told it last.
    var announced = UInt64.max

    /// The job that holds a unique key. The whole job is here only where jobs are not kept.
    private struct Holder {
        let id: JobIdentifier
        let job: DevQueueJob?
    }

    init(configuration: DevQueueConfiguration) { self.configuration = configuration }

    /// How many jobs there are; where jobs are not kept, how many there were.
    var count: Int { configuration.keeping == .counts ? accepted : jobs.count }

    /// Why the jobs cannot be taken although each is right in itself: folding needs jq, which is not here.
    func refusal(of requests: [JobRequest], isBulk: Bool, now: UInt64) -> JobRefusal? {
        var opened: Set<String> = []
        for (position, request) in requests.enumerated() {
            guard let batch = request.batch(foldedAt: now) else { continue }
            guard openBatches[batch.key] != nil || !opened.insert(batch.key).inserted else { continue }
            let refusal = JobRefusal(status: 422, sentence: "batch.fold needs jq, which the development queue does not have")
            return isBulk ? refusal.at(position) : refusal
        }
        return nil
    }

    /// Stores the jobs, which have passed the rules, and appends them to the answer.
    ///
    /// - Returns: whether every one of them was a duplicate.
    mutating func enqueue(_ requests: [JobRequest], body: Span<UInt8>, now: UInt64, answer: inout [UInt8]) -> Bool {
        var isFirst = true
        var duplicates = 0
        for request in requests {
            if !isFirst { answer.append(UInt8(ascii: ",")) }
            isFirst = false
            if let holder = holder(of: request) {
                duplicates += 1
                holder.appendJSON(to: &answer, as: .enqueued(.duplicate))
            } else {
                accept(request, body: body, now: now).appendJSON(to: &answer, as: .enqueued(.accepted))
            }
        }
        statistics.duplicateJobs += duplicates
        statistics.largestBulk = max(statistics.largestBulk, requests.count)
        return duplicates == requests.count && !requests.isEmpty
    }

    /// The job that holds the unique key of the one asked for.
    private func holder(of request: JobRequest) -> DevQueueJob? {
        guard let key = request.uniqueKey, let holder = holders[key], let job = holder.job ?? jobs[holder.id] else { return nil }
        return (job.uniqueWhile ?? .queued).holds(job.status) ? job : nil
    }

    private mutating func accept(_ request: JobRequest, body: Span<UInt8>, now: UInt64) -> DevQueueJob {
        let payload = configuration.keeping == .everything ? body.extracting(request.payload).array : nil
        let job = DevQueueJob(request, id: identifiers.next(milliseconds: now), payload: payload, now: now)
        accepted += 1
        statistics.acceptedJobs += 1
        let isKept = configuration.keeping != .counts
        if isKept { keep(job) }
        if let key = job.uniqueKey { holders[key] = Holder(id: job.id, job: isKept ? nil : job) }
        if let batch = request.batch(foldedAt: now) { openBatches[batch.key] = job.id }
        return job
    }

    private mutating func keep(_ job: DevQueueJob) {
        jobs.append(job)
        if job.status == .ready { ready.insert(job) } else { scheduled.insert(JobAlarm(time: job.readyAt, id: job.id)) }
    }

    /// Removes a job's record, which frees its unique key.
    mutating func remove(_ job: DevQueueJob) {
        jobs.remove(job.id)
        if let key = job.uniqueKey, holders[key]?.id == job.id { holders[key] = nil }
    }

    mutating func reset() {
        jobs = JobTable()
        holders = [:]
        openBatches = [:]
        accepted = 0
        ready = ReadyJobs()
        scheduled = BinaryHeap()
        expiring = BinaryHeap()
        takers.forgetJobs()
    }
}

extension JobRequest {
    /// The batch that the job takes part in; one that is to run later takes part in none.
    fileprivate func batch(foldedAt now: UInt64) -> JobBatch? { (readyAt ?? now) > now ? nil : batch }
}
