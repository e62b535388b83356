/// Where a job is in its life. A newer server may say something that has no name here; it is kept as it came.
///
/// ```swift
/// let dead = try await client.count(JobFilter().statuses([.dead]))
/// ```
public struct JobStatus: RawRepresentable, Sendable, Hashable {
    /// The server's word for it.
    public let rawValue: String

    /// A status by the server's word, such as `in_flight`.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Its time has not come.
    public static let scheduled = JobStatus(rawValue: "scheduled")
    /// It waits for a worker.
    public static let ready = JobStatus(rawValue: "ready")
    /// A worker has it.
    public static let inFlight = JobStatus(rawValue: "in_flight")
    /// It has succeeded, and is kept to be looked at.
    public static let completed = JobStatus(rawValue: "completed")
    /// Its last retry has failed, or somebody has killed it.
    public static let dead = JobStatus(rawValue: "dead")
}
