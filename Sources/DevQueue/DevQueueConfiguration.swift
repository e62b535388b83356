internal import SluiceBase

/// How the development queue behaves.
package struct DevQueueConfiguration: Sendable {
    /// What is remembered of an accepted job.
    package enum Keeping: String, Sendable, CaseIterable {
        /// Everything, the payload too. For tests and development.
        case everything
        /// All but the payload; a job that is read or taken comes without one.
        case fields
        /// Counts, and the unique keys where the queue is licensed: for benchmarks, which send millions. Without a licence the
        /// memory does not grow. There is nothing to take.
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
