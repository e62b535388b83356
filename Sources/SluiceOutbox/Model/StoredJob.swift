package import SluiceBase

/// One job as it lies in the outbox, for sending or for showing.
package struct StoredJob: Sendable, Hashable {
    /// The place in commit order. Never used twice.
    package let id: Int64
    /// The row of the delivery it came with.
    package let delivery: Int64
    /// Wall clock of the transaction that stored it, milliseconds since the epoch.
    package let storedAtMilliseconds: Int64
    package let job: IngestJob
    /// Whether the bytes are those that were stored: false means the disk or somebody else changed them, and the job must not be
    /// sent.
    package let isIntact: Bool
    /// The checksum that it was stored with.
    let checksum: Int64
}

/// Zizq took a job.
package struct Acknowledgement: Sendable, Hashable {
    package let job: Int64
    /// The id that Zizq gave it.
    package let zizqID: String

    package init(job: Int64, zizqID: String) {
        self.job = job
        self.zizqID = zizqID
    }
}

/// A stored job that cannot be sent and goes to the dead letters.
package struct FailedJob: Sendable, Hashable {
    package let job: Int64
    package let reason: DeadLetterReason
    /// What Zizq said, or what is wrong; one sentence, made printable by the caller.
    package let detail: String

    package init(job: Int64, reason: DeadLetterReason, detail: String) {
        self.job = job
        self.reason = reason
        self.detail = detail
    }
}
