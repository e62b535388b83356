/// A job that Zizq has taken, for the log and for metrics.
package struct DeliveredJob: Sendable, Hashable {
    /// The job's number in the outbox.
    package let job: Int64
    package let type: String
    package let queue: String
    /// The identifier that Zizq gave it; where `duplicate` holds, that of the older job.
    package let zizqID: String
    /// Whether Zizq said that an older job held the key.
    package let duplicate: Bool
    /// When it was stored, by the wall clock; milliseconds since the UNIX epoch.
    package let storedAtMilliseconds: Int64
}
