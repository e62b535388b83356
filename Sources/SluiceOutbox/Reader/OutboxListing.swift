/// An outbox with lists and look-ups: a running one through its reader, one at rest through the store.
package protocol OutboxListing: AnyObject {
    /// The queries over its own connection.
    var queries: Queries { get }
}

extension OutboxListing {
    /// Jobs in the order in which they were stored, after `id`; at most 500.
    package func jobs(_ state: JobState, after id: Int64 = 0, limit: Int = 500) throws(OutboxError) -> [JobListing] {
        try answer(try queries.rows(Queries.jobs(state, .after), id, limit: limit) { Queries.listing($0, state) })
    }

    /// One job with its payload; nil if there is none with this id.
    package func job(_ id: Int64) throws(OutboxError) -> JobContent? { try answer(try queries.job(id)) }

    /// Remembered deliveries in the order of receipt, after `id`; at most 500.
    package func deliveries(after id: Int64 = 0, limit: Int = 500) throws(OutboxError) -> [DeliveryListing] {
        try answer(try queries.rows(Queries.deliveries("id > ?1"), id, limit: limit, read: Queries.delivery))
    }

    /// Dead letters, oldest first, after `id`; at most 500.
    package func deadLetters(after id: Int64 = 0, limit: Int = 500) throws(OutboxError) -> [DeadLetterListing] {
        let sql = Queries.deadLetters("NULL", "letter.id > ?1")
        return try answer(try queries.rows(sql, id, limit: limit, read: Queries.letter))
    }

    /// The number of the newest dead letter; 0 for none. Later ones get greater numbers.
    package func lastDeadLetter() throws(OutboxError) -> Int64 {
        try answer(try queries.connection.integer("SELECT max(id) FROM dead_letters") ?? 0)
    }

    /// One dead letter with its job or request; nil if there is none with this id.
    package func deadLetter(_ id: Int64) throws(OutboxError) -> DeadLetterContent? {
        try answer(try queries.deadLetter(id))
    }

    /// The same for another outbox, with its position among equal ones of its delivery.
    package func exportedDeadLetter(_ id: Int64) throws(OutboxError) -> DeadLetterContent? {
        try answer(try queries.exportedDeadLetter(id))
    }

    /// The request of a delivery, with its results; `nil` if no delivery has this id.
    ///
    /// The time in the id limits the search. The last million rows are searched for an id that is not one of the
    /// gateway's, or was made while the clock was set back.
    package func request(ofDelivery deliveryID: String) throws(OutboxError) -> KeptRequestRow? {
        try answer(try queries.request(ofDelivery: deliveryID))
    }

    /// The number and size of the jobs that a replay would send.
    package func replayFigures(_ range: ReplayRange) throws(OutboxError) -> ReplayFigures {
        try answer(try queries.replayFigures(range))
    }

    /// The ids of the first delivered jobs of a range.
    package func replayedJobs(_ range: ReplayRange, limit: Int) throws(OutboxError) -> [Int64] {
        try answer(try queries.replayedJobs(range, limit: limit))
    }

    /// Quarantined requests in the order of receipt; at most 500.
    package func quarantined(_ range: QuarantineRange, limit: Int = 500) throws(OutboxError) -> [QuarantineListing] {
        try answer(try queries.quarantined(range, limit: limit))
    }

    /// The number of the newest quarantined request; 0 for none.
    package func lastQuarantined() throws(OutboxError) -> Int64 {
        try answer(try queries.connection.integer("SELECT max(id) FROM quarantine") ?? 0)
    }

    /// One quarantined request with its bytes; nil if there is none with this id.
    package func quarantined(_ id: Int64) throws(OutboxError) -> QuarantineContent? {
        try answer(try queries.quarantined(id))
    }
}

extension OutboxReader: OutboxListing {
    package var queries: Queries { Queries(connection: connection) }
}

/// The result of a read, with its error as the callers of the outbox see it.
func answer<Answer>(_ read: @autoclosure () throws(SQLiteError) -> Answer) throws(OutboxError) -> Answer {
    do throws(SQLiteError) { return try read() } catch { throw OutboxError(error) }
}
