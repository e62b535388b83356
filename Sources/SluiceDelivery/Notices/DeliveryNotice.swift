package import SluiceBase

/// What has happened on the way to Zizq, for logs and metrics. Nothing in it holds a payload.
package enum DeliveryNotice: Sendable, Hashable {
    /// Zizq took a batch; its jobs, in the order in which they were stored.
    case batchAccepted([DeliveredJob])
    /// An older job in Zizq held the key of one that was sent for the first time: it was not enqueued again.
    case heldByOlderJob(job: Int64, olderZizqID: String)
    /// Jobs went to the dead letters.
    case deadLettered(job: Int64, reason: DeadLetterReason, detail: String)
    /// Zizq refused a batch, or a job alone that is set aside as a suspect.
    case batchRefused(jobs: Int, text: String)
    /// Jobs that need `batch` were parked.
    case parked(jobs: Int)
    /// Nobody knows whether a batch was stored.
    case outcomeUnknown(jobs: Int, inARow: Int)
    /// The same jobs go again after this wait.
    case retrying(after: Duration, text: String)
    /// Zizq has accepted no job since it refused some alone: one of them is sent again after this wait, or after the next accepted job.
    case waitingForProof(atMost: Duration)
    /// Something needs a person; said once, when it begins.
    case alarmRaised(DeliveryAlarm, text: String)
    /// It is over.
    case alarmCleared(DeliveryAlarm)
    /// The outbox could not be read or written; tried again after this wait.
    case outboxFailed(after: Duration, text: String)
}
