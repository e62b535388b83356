package import SluiceBase
internal import Synchronization

/// How the development queue behaves.
package struct DevQueueConfiguration: Sendable {
    /// What is kept of an accepted job.
    package enum Keeping: String, Sendable, CaseIterable {
        /// Everything including the payload: for tests and development.
        case everything
        /// All but the payload; a job that is read or taken comes without one.
        case fields
        /// Counts, and unique keys where the queue is licensed: for benchmarks, which send millions of jobs. Without a
        /// licence memory does not grow. There is nothing to take.
        case counts
    }

    /// Whether `unique_key` and `batch` are accepted, as with a Pro licence.
    package var isLicensed: Bool
    package var keeping: Keeping
    /// What `GET /version` says.
    package var version: String

    package init(isLicensed: Bool = false, keeping: Keeping = .everything, version: String = "0.6.1") {
        self.isLicensed = isLicensed
        self.keeping = keeping
        self.version = version
    }
}

/// Counts since the start.
package struct DevQueueStatistics: Sendable, Hashable {
    /// Enqueue requests of both forms, including refused ones.
    package internal(set) var enqueueRequests = 0
    /// Accepted jobs, without duplicates.
    package internal(set) var acceptedJobs = 0
    /// Jobs whose unique key an older job held.
    package internal(set) var duplicateJobs = 0
    /// Enqueue requests that the rules refused.
    package internal(set) var refusedRequests = 0
    /// Enqueue requests that met a fault which a test had set.
    package internal(set) var faultyRequests = 0
    /// The most jobs in one request.
    package internal(set) var largestBulk = 0
}

/// The jobs of the development queue, in memory. Callable from any thread; one request at a time.
package final class DevQueueStore: Sendable {
    private let contents: Mutex<DevQueueContents>
    let time: any TimeSource

    /// - Parameter time: the clock of scheduled jobs, retentions and heartbeats.
    package init(configuration: DevQueueConfiguration = DevQueueConfiguration(), time: any TimeSource = SystemTime()) {
        contents = Mutex(DevQueueContents(configuration: configuration))
        self.time = time
    }

    /// Runs one step alone, at the present time, then makes the calls that wait for its effect.
    func withContents<Result>(_ step: (inout DevQueueContents) -> sending Result) -> sending Result {
        let now = now()
        var calls: [@Sendable () -> Void] = []
        let result = contents.withLock { contents in
            contents.advance(to: now)
            let result = step(&contents)
            calls = contents.dueCalls()
            return result
        }
        for call in calls { call() }
        return result
    }

    /// Milliseconds since the UNIX epoch.
    func now() -> UInt64 { UInt64(max(0, time.wallMilliseconds())) }

    /// How many jobs were accepted and not wiped, including finished ones, without duplicates.
    package var jobCount: Int { contents.withLock { $0.accepted } }

    /// Calls once when so many jobs, without duplicates, have been accepted; at once if they have been already.
    package func whenJobs(reach count: Int, _ call: @escaping @Sendable () -> Void) {
        withContents { $0.waiters.append((count, call)) }
    }

    /// The counts so far.
    package var statistics: DevQueueStatistics { contents.withLock { $0.statistics } }

    /// All jobs in the order of their identifiers; empty where jobs are not kept. A completed job is gone unless its
    /// retention keeps it.
    package var jobs: [DevQueueJob] { withContents { $0.sortedJobs } }

    /// Sets the fault that the next enqueues meet.
    ///
    /// - Parameter count: for how many enqueues; `nil` for all until `clearFaults()`.
    package func setFault(_ fault: DevQueueFault, count: Int? = nil) {
        contents.withLock { $0.faults.set(fault, count: count) }
    }

    /// Removes the fault.
    package func clearFaults() { contents.withLock { $0.faults.set(nil, count: nil) } }

    /// Sets whether `unique_key` and `batch` are accepted.
    package func setLicensed(_ isLicensed: Bool) { contents.withLock { $0.configuration.isLicensed = isLicensed } }

    /// Wipes all jobs, as `POST /reset` does. The statistics stay.
    package func reset() { contents.withLock { $0.reset() } }
}

/// What workers do.
extension DevQueueStore {
    /// Registers a worker.
    ///
    /// - Parameter wake: called on any thread when there may be a job again after `takeJob` has returned `nil`.
    func openTaker(_ request: TakeRequest, wake: @escaping @Sendable () -> Void) -> JobTakers.ID {
        withContents { $0.takers.open(request, wake: wake) }
    }

    /// The next job for a worker; `nil` where there is none, or where the worker has as many as it may have.
    func takeJob(for taker: JobTakers.ID) -> DevQueueJob? { withContents { $0.take(for: taker) } }

    /// Removes a worker. The jobs that it has not acknowledged are ready again.
    func closeTaker(_ taker: JobTakers.ID) { withContents { $0.close(taker) } }

    /// How long it takes until the next scheduled job is ready; `nil` where none is scheduled.
    func millisecondsUntilNextJob() -> UInt64? { withContents { $0.announceSchedule() } }
}
