/// Where a job is in its life.
package enum JobStatus: String, Sendable, CaseIterable {
    case scheduled
    case ready
    case inFlight = "in_flight"
    case completed
    case dead
}

/// How long a unique key keeps other jobs out: as long as the job that holds it is in one of these states.
package enum UniqueScope: String, Sendable, CaseIterable {
    case queued
    case active
    case exists

    /// Whether a job in this state keeps its key.
    package func holds(_ status: JobStatus) -> Bool {
        switch (self, status) {
        case (_, .scheduled), (_, .ready): true
        case (.queued, .inFlight): false
        case (.active, .inFlight), (.exists, .inFlight): true
        case (.queued, .completed), (.active, .completed), (.queued, .dead), (.active, .dead): false
        case (.exists, .completed), (.exists, .dead): true
        }
    }
}
