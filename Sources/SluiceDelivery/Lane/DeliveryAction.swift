/// What a lane wants done next. One at a time; what came of it is the lane's next event.
package enum DeliveryAction: Sendable {
    /// Hand over the next jobs, waiting for some where there are none. Event: `jobsRead`.
    case read(maximumJobs: Int, maximumBytes: Int, wait: ReadWait)
    /// Post a batch. Event: `answered`.
    case send(BatchRequest)
    /// Change the outbox. Event: `changeCommitted` or `changeFailed`.
    case change(OutboxChange)
    /// Let this time pass. Event: `waitEnded`.
    case wait(Duration)

    /// How long a read that finds nothing waits for jobs to come.
    package enum ReadWait: Sendable, Hashable {
        case atMost(Duration)
        case untilSomeCome
    }
}

/// One batch to post.
package struct BatchRequest: Sendable {
    package let jobs: ArraySlice<DeliveryJob>
    /// Whether `unique_key` and `unique_while` go along.
    package let withKeys: Bool
    /// How long the answer may take.
    package let timeout: Duration
}
