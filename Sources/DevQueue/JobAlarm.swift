/// A moment at which something happens to a job: it becomes ready, or its record has been kept for long enough.
struct JobAlarm: Comparable {
    /// Milliseconds since the UNIX epoch.
    let time: UInt64
    let id: JobIdentifier

    static func < (one: JobAlarm, other: JobAlarm) -> Bool {
        one.time != other.time ? one.time < other.time : one.id < other.id
    }
}

extension BinaryHeap<JobAlarm> {
    /// Takes out the next one whose time has come.
    mutating func popDue(_ now: UInt64) -> JobIdentifier? {
        guard let first, first.time <= now else { return nil }
        return popFirst()?.id
    }
}
