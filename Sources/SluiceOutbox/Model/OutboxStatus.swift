/// The outbox in figures. A consistent reading: all of one moment between two transactions.
package struct OutboxStatus: Sendable, Hashable {
    /// Jobs that Zizq has not acknowledged, without parked ones.
    package var pendingJobs = 0
    /// When the oldest of them was stored, milliseconds since the epoch; nil when there is none.
    package var oldestPendingAtMilliseconds: Int64?
    /// Bytes of pending and parked jobs, of dead letters, and of the requests kept with them: what counts against `outbox.max_bytes`.
    package var undeliveredBytes = 0
    /// Jobs taken out of the sending order.
    package var parkedJobs = 0
    /// Dead letters, with a job or with a request.
    package var deadLetters = 0
    /// Bytes of dead letters and of the requests that they need: what counts against `outbox.max_dead_bytes`.
    package var deadBytes = 0
    /// Whether a delivery that would have become a dead letter was refused, and none fitted since.
    package var isDeadLimitReached = false
    /// Jobs that a person has buried. A lane that has read them already must not send them any more.
    package var buriedJobs: Set<Int64> = []
    /// Bytes of delivered jobs that are kept, and of requests of which nothing else is here.
    package var deliveredBytes = 0
    /// Deliveries remembered, with or without a key, each part for itself: what counts against `outbox.max_keys`.
    package var rememberedDeliveries = 0
    /// The last job stored; 0 before the first one.
    package var lastJobID: Int64 = 0
    /// Deliveries forgotten before their time since the outbox was opened, because `outbox.max_keys` was reached.
    package var keysForgottenEarly = 0
    /// Whether more deliveries are remembered than `outbox.max_keys` allows, or some had to be forgotten early.
    package var isKeyLimitReached = false
    /// What keeps the outbox from storing.
    package var condition = OutboxCondition.storing
    /// Whether the files that are open are not at the outbox's path any more, which is one way of failing.
    package var isMisplaced = false
    /// Bytes of the database file and of its write-ahead log.
    package var fileBytes = 0
    package var walBytes = 0

    package init() {}
}

/// Whether the outbox can store, and what keeps it from it.
package enum OutboxCondition: String, Sendable {
    case storing
    /// `outbox.max_bytes` is reached: a delivery was refused, and none fitted since.
    case full
    /// The disk is full: acknowledgements are still written, from the reserve.
    case diskFull = "disk_full"
    /// A write or a sync failed; the outbox tries to get back to a known state.
    case failing
}
