/// Decides which of many similar records are written: a state machine without I/O or clock.
///
/// Refusals cost an attacker nothing, so one log line for each could fill a disk. Of each kind (message, route, code)
/// `recordsPerSecond` are written per second; the others are counted, and the count becomes one record after that
/// second.
package struct LogLimiter: Sendable {
    /// The records that are limited together.
    package struct Kind: Hashable, Sendable {
        package let message: String
        package let route: String
        package let code: String
    }

    /// The number of records of one kind that were left out in a second.
    package struct Summary: Equatable, Sendable {
        package let kind: Kind
        package let suppressed: Int
    }

    private struct Window {
        var endsNanoseconds: Int64
        var written = 0
        var suppressed = 0
    }

    /// The maximum number of remembered kinds. Messages are constants, routes and codes come from fixed lists, so this
    /// is only reached if a message contains text from a sender; such messages then share one limit.
    package static let maximumKinds = 2048

    private static let overflow = Kind(message: "further messages", route: "", code: "")

    private let recordsPerSecond: Int
    private var windows: [Kind: Window] = [:]
    private var nextSweepNanoseconds: Int64 = 0

    /// - Parameter recordsPerSecond: at least 1.
    package init(recordsPerSecond: Int) {
        precondition(recordsPerSecond > 0, "a limit of no records would silence the log")
        self.recordsPerSecond = recordsPerSecond
    }

    /// Handles a record of this kind.
    ///
    /// - Parameter nanoseconds: the monotonic clock.
    /// - Returns: whether to write it.
    package mutating func recordArrived(_ kind: Kind, atNanoseconds nanoseconds: Int64) -> Bool {
        let known = windows[kind] != nil || windows.count < Self.maximumKinds ? kind : Self.overflow
        var window = windows[known] ?? Window(endsNanoseconds: nanoseconds + Self.second)
        let isWritten = window.written < recordsPerSecond
        if isWritten { window.written += 1 } else { window.suppressed += 1 }
        windows[known] = window
        return isWritten
    }

    /// Ends the seconds that have passed. To be called before each record and regularly without records.
    ///
    /// - Returns: the records left out in them, sorted for deterministic output.
    package mutating func timePassed(nowNanoseconds: Int64) -> [Summary] {
        guard nowNanoseconds >= nextSweepNanoseconds, !windows.isEmpty else { return [] }
        var summaries: [Summary] = []
        for (kind, window) in windows where window.endsNanoseconds <= nowNanoseconds {
            windows[kind] = nil
            if window.suppressed > 0 { summaries.append(Summary(kind: kind, suppressed: window.suppressed)) }
        }
        nextSweepNanoseconds = windows.values.map(\.endsNanoseconds).min() ?? 0
        return summaries.sorted {
            ($0.kind.message, $0.kind.route, $0.kind.code) < ($1.kind.message, $1.kind.route, $1.kind.code)
        }
    }

    private static let second: Int64 = 1_000_000_000
}
