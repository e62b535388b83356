/// Every key of a log record, in the order of text lines. The raw value is the key in JSON.
///
/// The keys `time`, `level`, `message`, `logger` and `error` belong to the record itself.
package enum LogKey: String, CaseIterable, Sendable {
    /// The id of a delivery, as in the answer to its sender.
    case delivery
    /// The route's name, never its path.
    case route
    /// The HTTP status of the gateway's or Zizq's answer.
    case status
    /// An `ErrorCode`, `DeadLetterReason` or `TLSFailureCause`.
    case code
    /// One sentence with the reason, without secrets or parts of a body.
    case reason
    /// The address of the client of the connection, or the one that a trusted proxy names.
    case peer
    /// The address of a listener or server.
    case address
    /// An event loop, by the name of its thread: `loop-0`.
    case loop
    /// The listener: `https`, `http`, `admin`.
    case listener
    /// The number of a job in the outbox.
    case job
    /// The id of a job at Zizq.
    case zizqID = "zizq_id"
    case queue
    case type
    /// The number of things that the message is about.
    case count
    /// The number of routes in a table.
    case routes
    case jobs
    case connections
    /// The maximum number of open files of the process.
    case files
    case bytes
    case attempt
    /// A duration in milliseconds.
    case milliseconds = "ms"
    /// The processor time of the thread within `ms`.
    case processorMilliseconds = "processor_ms"
    /// A file or folder, with the path in the settings.
    case file
    case setting
    /// The condition that keeps the outbox from storing, or that there is none.
    case condition
    case signal
    case version
    /// The number of a loaded route table.
    case table
    /// The result of a reload: `success` or `failure`.
    case result
    /// The number of similar records that were left out.
    case suppressed

    /// Whether the values are integers, which JSON lines contain as numbers, so that log pipelines can filter and sum
    /// them. Each key has one type.
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
