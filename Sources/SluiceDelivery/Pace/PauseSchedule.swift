/// How long to leave alone a server that is set up wrongly, or that refuses everything: doubling from a second to five
/// minutes, because it takes a person to repair it.
package struct PauseSchedule: Sendable {
    package static let first: Duration = .seconds(1)
    package static let longest: Duration = .seconds(300)

    private var wait = PauseSchedule.first

    package init() {}

    /// The wait before the next try, twice the one before.
    package mutating func next() -> Duration {
        defer { wait = min(wait * 2, Self.longest) }
        return wait
    }

    /// Begins anew, after a success.
    package mutating func reset() { wait = Self.first }
}
