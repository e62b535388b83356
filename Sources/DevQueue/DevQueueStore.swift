internal import SluiceBase
internal import Synchronization

/// The jobs of the development queue, in memory. Callable from any thread; one enqueue at a time.
package final class DevQueueStore: Sendable {
    private struct Waiter {
        let count: Int
        let call: @Sendable () -> Void
    }

    private let contents: Mutex<DevQueueContents>
    private let waiters = Mutex<[Waiter]>([])
    private let time: any TimeSource

    package convenience init(configuration: DevQueueConfiguration = DevQueueConfiguration()) {
        self.init(configuration: configuration, time: SystemTime())
    }

    init(configuration: DevQueueConfiguration, time: any TimeSource) {
        contents = Mutex(DevQueueContents(configuration: configuration))
        self.time = time
    }

    /// Runs one step with nothing else between.
    func withContents<Result>(_ step: (inout DevQueueContents) -> sending Result) -> sending Result {
        contents.withLock { step(&$0) }
    }

    /// Milliseconds since the UNIX epoch.
    func now() -> UInt64 { UInt64(max(0, time.wallMilliseconds())) }

    /// How many jobs were accepted and not wiped, duplicates not among them.
    package var jobCount: Int { contents.withLock { $0.accepted } }

    /// Calls once when so many jobs are here, duplicates not counted: at once, or with the enqueue that brings the last of them.
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

    /// The jobs in the order of their identifiers; empty where jobs are not kept.
    package var jobs: [DevQueueJob] { contents.withLock { $0.jobs } }

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
