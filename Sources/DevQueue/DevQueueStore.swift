package import SluiceBase
internal import Synchronization

/// The jobs of the development queue, in memory. Callable from any thread; one enqueue at a time.
package final class DevQueueStore: Sendable {
    private struct Waiter {
        let count: Int
        let call: @Sendable () -> Void
    }

    private let contents: Mutex<DevQueueContents>
    private let waiters = Mutex<[Waiter]>([])
    let time: any TimeSource

    /// - Parameter time: by which scheduled jobs become ready, records expire and streams beat.
    package init(configuration: DevQueueConfiguration = DevQueueConfiguration(), time: any TimeSource = SystemTime()) {
        contents = Mutex(DevQueueContents(configuration: configuration))
        self.time = time
    }

    /// Runs one step with nothing else between, after what the time has brought; then wakes those who can take a job because of it.
    func withContents<Result>(_ step: (inout DevQueueContents) -> sending Result) -> sending Result {
        let now = now()
        var wakes: [@Sendable () -> Void] = []
        let result = contents.withLock { contents in
            contents.advance(to: now)
            let result = step(&contents)
            wakes = contents.wakes()
            return result
        }
        for wake in wakes { wake() }
        return result
    }

    /// Milliseconds since the UNIX epoch.
    func now() -> UInt64 { UInt64(max(0, time.wallMilliseconds())) }

    /// How many jobs were accepted and not wiped, finished ones too; duplicates are not among them.
    package var jobCount: Int { contents.withLock { $0.accepted } }

    /// Calls once when so many jobs have come, duplicates not counted: at once, or with the enqueue that brings the last of them.
    package func whenJobs(reach count: Int, _ call: @escaping @Sendable () -> Void) {
        waiters.withLock { $0.append(Waiter(count: count, call: call)) }
        announceJobs()
    }

    /// Tells those who wait for jobs how many there are now.
    func announceJobs() {
        let count = jobCount
        let reached = waiters.withLock { waiters in
            let reached = waiters.filter { $0.count <= count }
            waiters.removeAll { $0.count <= count }
            return reached
        }
        for waiter in reached { waiter.call() }
    }

    /// The counts so far.
    package var statistics: DevQueueStatistics { contents.withLock { $0.statistics } }

    /// The jobs there are, each with what has become of it, in the order of their identifiers; empty where jobs are not kept. A job that is
    /// completed is gone, unless its retention keeps it.
    package var jobs: [DevQueueJob] { withContents { $0.jobs.all } }

    /// Sets what goes wrong from the next enqueue on.
    ///
    /// - Parameter count: for how many enqueues; `nil` for all until `clearFaults()`.
    package func setFault(_ fault: DevQueueFault, count: Int? = nil) {
        contents.withLock { $0.faults.set(fault, count: count) }
    }

    /// Lets everything go right again.
    package func clearFaults() { contents.withLock { $0.faults.clear() } }

    /// Whether `unique_key` and `batch` are accepted from now on.
    package func setLicensed(_ isLicensed: Bool) { contents.withLock { $0.configuration.isLicensed = isLicensed } }

    /// Wipes all jobs, as `POST /reset` does. The statistics of requests go on.
    package func reset() { contents.withLock { $0.reset() } }
}

/// What workers do with the jobs.
extension DevQueueStore {
    /// Begins to take jobs.
    ///
    /// - Parameter wake: called, on any thread, when there may be a job again after `takeJob` has found none.
    func openTaker(_ request: TakeRequest, wake: @escaping @Sendable () -> Void) -> JobTakers.ID {
        withContents { $0.takers.open(request, wake: wake) }
    }

    /// The next job for one who takes; nil where there is none, or where it has as many as it may have.
    func takeJob(for taker: JobTakers.ID) -> DevQueueJob? {
        let now = now()
        return withContents { $0.take(for: taker, now: now) }
    }

    /// Ends the taking, and puts back what was not acknowledged.
    func closeTaker(_ taker: JobTakers.ID) { withContents { $0.close(taker) } }

    /// How long until the next scheduled job becomes ready; nil where none is scheduled.
    func millisecondsUntilNextJob() -> UInt64? {
        let now = now()
        return withContents { contents in contents.announceSchedule().map { $0 > now ? $0 - now : 0 } }
    }

    /// - Returns: `false` where nobody has the job.
    func complete(_ id: JobIdentifier) -> Bool {
        let now = now()
        return withContents { $0.complete(id, now: now) }
    }

    /// - Returns: the job as it is now; nil where nobody has it.
    func fail(_ id: JobIdentifier, _ report: FailureReport) -> DevQueueJob? {
        let now = now()
        return withContents { $0.fail(id, report, now: now) }
    }
}
