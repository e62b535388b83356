/// Every key that a log record can carry, in the order in which text lines show them. The raw value is the key in JSON.
///
/// The keys `time`, `level`, `message`, `logger` and `error` are the record's own.
package enum LogKey: String, CaseIterable, Sendable {
    /// The id of a delivery, as the sender got it in its answer.
    case delivery
    /// The route's name, never its path.
    case route
    /// The HTTP status that was answered, or that Zizq answered.
    case status
    /// An `ErrorCode`, `DeadLetterReason` or `TLSFailureCause`.
    case code
    /// One sentence about why; no secret, nothing of a body.
    case reason
    /// The address of the peer that opened the connection, or the one that a trusted proxy names.
    case peer
    /// A listener's or server's address.
    case address
    /// An event loop, by the name of its thread: `loop-0`.
    case loop
    /// Which listener: `https`, `http`, `admin`.
    case listener
    /// A job's number in the outbox.
    case job
    /// A job's id at Zizq.
    case zizqID = "zizq_id"
    case queue
    case type
    /// How many of what the message speaks of.
    case count
    /// How many routes a table has.
    case routes
    case jobs
    case connections
    /// How many files the process may have open.
    case files
    case bytes
    case attempt
    /// How long something took or will take, in milliseconds.
    case milliseconds = "ms"
    /// How much of `ms` the thread had a processor.
    case processorMilliseconds = "processor_ms"
    /// A file or folder, as the settings name it.
    case file
    case setting
    /// What keeps the outbox from storing, or that nothing does.
    case condition
    case signal
    case version
    /// The number of a loaded route table.
    case table
    /// What a reload came to: `success` or `failure`.
    case result
    /// How many records like this one were left out.
    case suppressed

    /// Whether the values are whole numbers, which JSON lines carry as numbers, so that log pipelines can filter and
    /// sum them. Each key has one type.
    package var isNumber: Bool {
        switch self {
        case .status, .job, .count, .routes, .jobs, .connections, .files, .bytes, .attempt, .milliseconds,
            .processorMilliseconds, .table, .suppressed:
            true
        case .delivery, .route, .code, .reason, .peer, .address, .loop, .listener, .zizqID, .queue, .type, .file,
            .setting, .condition, .signal, .version, .result:
            false
        }
    }
}
