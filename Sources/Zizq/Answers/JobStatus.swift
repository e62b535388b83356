/// Where a job is in its life.
///
/// ```swift
/// let dead = try await client.count(JobFilter().statuses([.dead]))
/// ```
public enum JobStatus: String, Sendable, Hashable, CaseIterable {
    /// Its time has not come.
    case scheduled
    /// It waits for a worker.
    case ready
    /// A worker has it.
    case inFlight = "in_flight"
    /// It has succeeded, and is kept to be looked at.
    case completed
    /// Its last retry has failed, or somebody has killed it.
    case dead
}
