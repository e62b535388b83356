/// The lists and look-ups of an outbox: of a running one through its reader, of one at rest through the store.
package protocol OutboxListing: AnyObject {
    /// Jobs in the order in which they were stored, after `id`; at most 500.
    func jobs(_ state: JobState, after id: Int64, limit: Int) throws(OutboxError) -> [JobListing]
    /// One job with its payload; nil if there is none with this id.
    func job(_ id: Int64) throws(OutboxError) -> JobContent?
    /// Remembered deliveries in the order of receipt, after `id`; at most 500.
    func deliveries(after id: Int64, limit: Int) throws(OutboxError) -> [DeliveryListing]
    /// Dead letters, oldest first, after `id`; at most 500.
    func deadLetters(after id: Int64, limit: Int) throws(OutboxError) -> [DeadLetterListing]
    /// The number of the newest dead letter; 0 for none. Later ones get greater numbers.
    func lastDeadLetter() throws(OutboxError) -> Int64
    /// One dead letter with its job or request; nil if there is none with this id.
    func deadLetter(_ id: Int64) throws(OutboxError) -> DeadLetterContent?
    /// The number and size of the jobs that a replay would send.
    func replayFigures(_ range: ReplayRange) throws(OutboxError) -> ReplayFigures
    /// The ids of the first delivered jobs of a range.
    func replayedJobs(_ range: ReplayRange, limit: Int) throws(OutboxError) -> [Int64]
    /// Quarantined requests in the order of receipt; at most 500.
    func quarantined(_ range: QuarantineRange, limit: Int) throws(OutboxError) -> [QuarantineListing]
    /// The number of the newest quarantined request; 0 for none.
    func lastQuarantined() throws(OutboxError) -> Int64
    /// One quarantined request with its bytes; nil if there is none with this id.
    func quarantined(_ id: Int64) throws(OutboxError) -> QuarantineContent?
    /// The request of a delivery, with its results; `nil` if no delivery has this id.
    ///
    /// The time in the id limits the search. The last million rows are searched for an id that is not one of the
    /// gateway's, or was made while the clock was set back.
    func request(ofDelivery deliveryID: String) throws(OutboxError) -> KeptRequestRow?
}

/// An `OutboxListing` that answers from its own connection.
protocol QueryingListing: OutboxListing {
    var queries: Queries { get }
}

extension QueryingListing {
    package func jobs(_ state: JobState, after id: Int64 = 0, limit: Int = 500) throws(OutboxError) -> [JobListing] {
        try answer { queries throws(SQLiteError) in try queries.jobs(state, after: id, limit: limit) }
    }

    package func job(_ id: Int64) throws(OutboxError) -> JobContent? {
        try answer { queries throws(SQLiteError) in try queries.job(id) }
    }

    package func deliveries(after id: Int64 = 0, limit: Int = 500) throws(OutboxError) -> [DeliveryListing] {
        try answer { queries throws(SQLiteError) in try queries.deliveries(after: id, limit: limit) }
    }

    package func deadLetters(after id: Int64 = 0, limit: Int = 500) throws(OutboxError) -> [DeadLetterListing] {
        try answer { queries throws(SQLiteError) in try queries.deadLetters(after: id, limit: limit) }
    }

    package func lastDeadLetter() throws(OutboxError) -> Int64 {
        try answer { queries throws(SQLiteError) in try queries.lastDeadLetter() }
    }

    package func deadLetter(_ id: Int64) throws(OutboxError) -> DeadLetterContent? {
        try answer { queries throws(SQLiteError) in try queries.deadLetter(id) }
    }

    package func request(ofDelivery deliveryID: String) throws(OutboxError) -> KeptRequestRow? {
        try answer { queries throws(SQLiteError) in try queries.request(ofDelivery: deliveryID) }
    }

    package func replayFigures(_ range: ReplayRange) throws(OutboxError) -> ReplayFigures {
        try answer { queries throws(SQLiteError) in try queries.replayFigures(range) }
    }

    package func replayedJobs(_ range: ReplayRange, limit: Int) throws(OutboxError) -> [Int64] {
        try answer { queries throws(SQLiteError) in try queries.replayedJobs(range, limit: limit) }
    }

    package func quarantined(_ range: QuarantineRange, limit: Int = 500) throws(OutboxError) -> [QuarantineListing] {
        try answer { queries throws(SQLiteError) in try queries.quarantined(range, limit: limit) }
    }

    package func lastQuarantined() throws(OutboxError) -> Int64 {
        try answer { queries throws(SQLiteError) in
            try queries.connection.integer("SELECT max(id) FROM quarantine") ?? 0
        }
    }

    package func quarantined(_ id: Int64) throws(OutboxError) -> QuarantineContent? {
        try answer { queries throws(SQLiteError) in try queries.quarantined(id) }
    }

    private func answer<Answer>(_ question: (Queries) throws(SQLiteError) -> Answer) throws(OutboxError) -> Answer {
        do throws(SQLiteError) { return try question(queries) } catch { throw OutboxError(error) }
    }
}

extension OutboxReader: QueryingListing {
    var queries: Queries { Queries(connection: connection) }
}
