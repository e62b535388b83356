/// What a lane wants done next. One at a time; the result is the lane's next event.
package enum DeliveryAction: Sendable {
    /// Hand over the next jobs, waiting for some where there are none. Event: `jobsRead` or `readFailed`.
    case read(maximumJobs: Int, maximumBytes: Int, wait: ReadWait)
    /// Hand over those of these jobs that are still pending, by ranges of their ids in ascending order. Event: `jobsRead` or `readFailed`.
    case readAgain([ClosedRange<Int64>], maximumBytes: Int)
    /// Post a batch. Event: `answered`.
    case send(BatchRequest)
    /// Change the outbox. Event: `changeCommitted` or `changeFailed`.
    case change(OutboxChange)
    /// Let this time pass. Event: `waitEnded`.
    case wait(Duration)
    /// Let this time pass, or less when Zizq begins to accept jobs again, which raises `RefusalState.recoveries` above this number.
    /// Event: `waitEnded`.
    case pause(Duration, recoveries: Int)

    /// How long a read that finds nothing waits for jobs to come.
    package enum ReadWait: Sendable, Hashable {
        case atMost(Duration)
        case untilSomeCome
    }
}

/// What all lanes share: what is known of the server's licence, and of its refusals.
package struct RelayState: Sendable {
    package var licence: LicenceState
    package var refusals = RefusalState()

    package init(uniqueKeys: UniqueKeyPolicy) { licence = LicenceState(policy: uniqueKeys) }
}

/// One batch to post.
package struct BatchRequest: Sendable {
    package let jobs: ArraySlice<DeliveryJob>
    /// Whether `unique_key` and `unique_while` go along.
    package let withKeys: Bool
    /// How long the answer may take.
    package let timeout: Duration
}
