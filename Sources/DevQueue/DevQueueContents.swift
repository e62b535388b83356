internal import SluiceBase

/// What the development queue holds, and what an enqueue does to it. One thread at a time.
struct DevQueueContents {
    var configuration: DevQueueConfiguration
    var faults = DevQueueFaults()
    var statistics = DevQueueStatistics()
    /// In the order of their identifiers; empty where only counts are kept.
    private(set) var jobs: [DevQueueJob] = []
    /// How many jobs there are, also where they are not kept.
    private(set) var accepted = 0
    private var identifiers = JobIdentifierSource()
    /// Who holds each unique key.
    private var holders: [String: Holder] = [:]
    /// The batches that jobs wait in.
    private var openBatches: Set<String> = []

    /// The job that holds a unique key. The whole job is here only where jobs are not kept.
    private struct Holder {
        let id: JobIdentifier
        let job: DevQueueJob?
    }

    init(configuration: DevQueueConfiguration) { self.configuration = configuration }

    /// Why the jobs cannot be taken although each is right in itself: folding needs jq, which is not here.
    func refusal(of requests: [JobRequest], isBulk: Bool) -> JobRefusal? {
        var open = openBatches
        for (position, request) in requests.enumerated() {
            guard let batch = request.batch, !open.insert(batch.key).inserted else { continue }
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
                holder.appendJSON(to: &answer, outcome: .duplicate)
            } else {
                accept(request, body: body, now: now).appendJSON(to: &answer, outcome: .accepted)
            }
        }
        statistics.duplicateJobs += duplicates
        statistics.largestBulk = max(statistics.largestBulk, requests.count)
        return duplicates == requests.count && !requests.isEmpty
    }

    /// The job that holds the unique key of the one asked for.
    private func holder(of request: JobRequest) -> DevQueueJob? {
        guard let key = request.uniqueKey, let holder = holders[key], let job = holder.job ?? job(holder.id) else { return nil }
        return (job.uniqueWhile ?? .queued).holds(job.status) ? job : nil
    }

    private mutating func accept(_ request: JobRequest, body: Span<UInt8>, now: UInt64) -> DevQueueJob {
        let payload = configuration.keeping == .everything ? body.extracting(request.payload).array : nil
        let job = DevQueueJob(request, id: identifiers.next(milliseconds: now), payload: payload, now: now)
        accepted += 1
        statistics.acceptedJobs += 1
        let isKept = configuration.keeping != .counts
        if isKept { jobs.append(job) }
        if let key = job.uniqueKey { holders[key] = Holder(id: job.id, job: isKept ? nil : job) }
        if let batch = job.batch { openBatches.insert(batch.key) }
        return job
    }

    /// The job with this identifier.
    func job(_ id: JobIdentifier) -> DevQueueJob? {
        let position = position(behind: id)
        guard position > 0, jobs[position - 1].id == id else { return nil }
        return jobs[position - 1]
    }

    /// The position of the first job whose identifier is greater.
    func position(behind id: JobIdentifier) -> Int {
        var low = 0
        var high = jobs.count
        while low < high {
            let middle = (low + high) / 2
            if jobs[middle].id <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func reset() {
        jobs = []
        holders = [:]
        openBatches = []
        accepted = 0
    }
}
