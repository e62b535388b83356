package import SluiceBase
internal import Synchronization

/// The settings of the development queue.
package struct DevQueueConfiguration: Sendable {
    /// The parts of accepted jobs that are kept.
    package enum KeptParts: String, Sendable, CaseIterable {
        /// Everything including the payload: for tests and development.
        case everything
        /// All but the payload; reading or taking a job returns none.
        case fields
        /// Counts, and unique keys if the queue is licensed: for benchmarks with millions of jobs. Without a licence
        /// memory does not grow. Jobs cannot be taken.
        case counts
    }

    /// Whether `unique_key` and `batch` are accepted, as with a Pro licence.
    package var isLicensed: Bool
    package var keeping: KeptParts
    /// The answer of `GET /version`.
    package var version: String

    package init(isLicensed: Bool = false, keeping: KeptParts = .everything, version: String = "0.6.1") {
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
    /// Jobs whose unique key was held by an older job.
    package internal(set) var duplicateJobs = 0
    /// Enqueue requests that the rules refused.
    package internal(set) var refusedRequests = 0
    /// Enqueue requests with a fault set by a test.
    package internal(set) var faultyRequests = 0
    /// The maximum number of jobs in one request.
    package internal(set) var largestBulk = 0
}

/// The jobs of the development queue, in memory. Can be used from any thread; one request at a time.
package final class DevQueueStore: Sendable {
    private let contents: Mutex<DevQueueContents>
    let time: any TimeSource

    /// - Parameter time: the clock of scheduled jobs, retentions and heartbeats.
    package init(configuration: DevQueueConfiguration = DevQueueConfiguration(), time: any TimeSource = SystemTime()) {
        contents = Mutex(DevQueueContents(configuration: configuration))
        self.time = time
    }

    /// Runs one step exclusively, at the current time, then calls the functions that wait for its effect.
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

    /// Milliseconds since 1970.
    func now() -> UInt64 { UInt64(max(0, time.wallMilliseconds())) }

    /// The number of accepted jobs, including finished ones, without duplicates; reset by a wipe.
    package var jobCount: Int { contents.withLock { $0.accepted } }

    /// Calls a function once when this number of jobs, without duplicates, has been accepted; immediately if it has
    /// already.
    package func whenJobs(reach count: Int, _ call: @escaping @Sendable () -> Void) {
        withContents { $0.waiters.append((count, call)) }
    }

    /// The counts so far.
    package var statistics: DevQueueStatistics { contents.withLock { $0.statistics } }

    /// All jobs in the order of their identifiers; empty if jobs are not kept. A completed job is removed unless its
    /// retention keeps it.
    package var jobs: [DevQueueJob] { withContents { $0.sortedJobs } }

    /// Sets the fault of the next enqueues.
    ///
    /// - Parameter count: the number of enqueues; `nil` for all until `clearFaults()`.
    package func setFault(_ fault: DevQueueFault, count: Int? = nil) {
        contents.withLock { $0.faults.set(fault, count: count) }
    }

    /// Removes the fault.
    package func clearFaults() { contents.withLock { $0.faults.set(nil, count: nil) } }

    /// Sets whether `unique_key` and `batch` are accepted.
    package func setLicensed(_ isLicensed: Bool) { contents.withLock { $0.configuration.isLicensed = isLicensed } }

    /// Wipes all jobs, as `POST /reset` does. The statistics remain.
    package func reset() { contents.withLock { $0.reset() } }
}

/// Functions for workers.
extension DevQueueStore {
    /// Registers a worker.
    ///
    /// - Parameter wake: called on any thread when there may be a job again after `takeJob` has returned `nil`.
    func addWorker(_ request: TakeRequest, wake: @escaping @Sendable () -> Void) -> JobWorkers.ID {
        withContents { $0.workers.open(request, wake: wake) }
    }

    /// The next job for a worker; `nil` if there is none, or the worker has reached its maximum.
    func takeJob(for worker: JobWorkers.ID) -> DevQueueJob? { withContents { $0.take(for: worker) } }

    /// Removes a worker. Its unacknowledged jobs are ready again.
    func closeWorker(_ worker: JobWorkers.ID) { withContents { $0.close(worker) } }

    /// The milliseconds until the next scheduled job is ready; `nil` if none is scheduled.
    func millisecondsUntilNextJob() -> UInt64? { withContents { $0.announceSchedule() } }
}
