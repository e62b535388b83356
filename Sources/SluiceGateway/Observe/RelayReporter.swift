internal import Logging
internal import SluiceBase
internal import SluiceRelay
internal import SluiceRoutes

/// Converts relay events to metrics and log records. Can be used from any thread.
struct RelayReporter: Sendable {
    private let metrics: MetricsRegistry
    private let journal: DeliveryJournal
    private let time: any TimeSource
    private let logger: Logger
    private let queued: Counter
    private let queueDuplicates: Counter
    private let dropped: Counter
    /// For the log of dropped jobs: a few per minute.
    private let droppedRate = RateLimiter(RateLimit(limit: 10, per: .seconds(60), burst: 10))
    private let ambiguous: Counter
    private let failed: Counter

    init(metrics: MetricsRegistry, journal: DeliveryJournal, time: any TimeSource, logger: Logger) {
        self.metrics = metrics
        self.journal = journal
        self.time = time
        self.logger = logger
        queued = metrics.counter(.queued)
        queueDuplicates = metrics.counter(.queueDuplicates)
        dropped = metrics.counter(.droppedJobs)
        ambiguous = metrics.counter(.ambiguousBatches)
        failed = metrics.counter(.failedBatches)
    }

    func report(_ notice: RelayEvent) {
        switch notice {
        case .batchAccepted(let jobs): accepted(jobs)
        case .heldByOlderJob(let job, let older, let status):
            dropped.increment()
            guard droppedRate.take(at: time.monotonicNanoseconds()) == nil else { return }
            logger.warning(
                "Zizq dropped a new job as a duplicate: an older job holds its unique key",
                metadata: .fields([.job: job, .zizqID: older, .reason: "the older job is \(status)"]))
        case .deadLettered(let job, let reason, let detail):
            metrics.noRoute.dead(reason).increment()
            logger.error(
                "moved a job to the dead letters",
                metadata: .fields([.job: job, .code: reason.rawValue, .reason: detail]))
        case .batchRefused(let jobs, let text):
            failed.increment()
            logger.warning("Zizq rejected a batch", metadata: .fields([.jobs: jobs, .reason: text]))
        case .parked(let jobs):
            logger.warning(
                "parked jobs: the Zizq server is not licensed for batched jobs", metadata: .fields([.jobs: jobs]))
        case .setAside(let job, let text):
            logger.error(
                "parked a job: it is refused while others are accepted",
                metadata: .fields([.job: job, .reason: text]))
        case .queueHeld(let queue, let text):
            logger.error(
                "parked a queue: its jobs are refused while others are accepted",
                metadata: .fields([.queue: queue, .reason: text]))
        case .queueReleased(let queue):
            logger.notice("unparked a queue: its jobs are sent again", metadata: .fields([.queue: queue]))
        case .outcomeUnknown(let jobs, let count):
            ambiguous.increment()
            logger.warning(
                "sending a batch again: Zizq may or may not have stored it",
                metadata: .fields([.jobs: jobs, .count: count]))
        case .retrying(let wait, _, let text):
            failed.increment()
            logger.warning(
                "could not send jobs to Zizq; retrying",
                metadata: .fields([.reason: text, .milliseconds: wait.wholeMilliseconds]))
        case .waitingForProof(let wait, _):
            logger.info(
                "Zizq does not accept jobs yet; retrying after a pause",
                metadata: .fields([.milliseconds: wait.wholeMilliseconds]))
        case .alarmRaised(let alarm, let text):
            logger.log(
                level: alarm.pausesDelivery ? .error : .warning, "\(alarm.sentence)",
                metadata: .fields([.code: alarm.rawValue, .reason: text]))
        case .alarmCleared(let alarm):
            logger.notice("relay recovered", metadata: .fields([.code: alarm.rawValue]))
        case .nothingLeft(let ended):
            for alarm in ended {
                logger.notice(
                    "relay no longer paused: no job is left to send", metadata: .fields([.code: alarm.rawValue]))
            }
        case .outboxFailed(let wait, let text):
            logger.error(
                "the relay could not read or write the outbox; retrying",
                metadata: .fields([.reason: text, .milliseconds: wait.wholeMilliseconds]))
        }
    }

    private func accepted(_ jobs: [RelayedJob]) {
        queued.increment(by: jobs.count)
        queueDuplicates.increment(by: jobs.count(where: \.isDropped))
        observeTimes(of: jobs)
        guard journal.wantsQueuedJobs else { return }
        journal.queued(
            jobs.map { DeliveryJournal.QueuedJob(job: $0.job, type: $0.type, queue: $0.queue, zizqID: $0.zizqID) })
    }

    /// Jobs of one transaction count together: a batch has few transactions.
    private func observeTimes(of jobs: [RelayedJob]) {
        let now = time.wallMilliseconds()
        var start = 0
        while start < jobs.count {
            let stored = jobs[start].storedAtMilliseconds
            var end = start
            while end < jobs.count, jobs[end].storedAtMilliseconds == stored { end += 1 }
            metrics.durableToQueued.observe(nanoseconds: (now - stored) * 1_000_000, count: end - start)
            start = end
        }
    }
}
