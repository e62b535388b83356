/// Decides which records are written when many of one kind come at once: a state machine without I/O or clock.
///
/// Refusals cost an attacker nothing, so one log line for each would let anybody fill a disk. Of each kind (message,
/// route, code) `recordsPerSecond` are let through in a second; what is left out is counted, and the count comes out as
/// one record once the second is over.
package struct LogLimiter: Sendable {
    /// What is limited together.
    package struct Kind: Hashable, Sendable {
        package let message: String
        package let route: String
        package let code: String

        package init(message: String, route: String, code: String) {
            self.message = message
            self.route = route
            self.code = code
        }
    }

    /// How many records of one kind were left out in a second that is over.
    package struct Summary: Equatable, Sendable {
        package let kind: Kind
        package let suppressed: Int
    }

    private struct Window {
        var endsNanoseconds: Int64
        var written = 0
        var suppressed = 0
    }

    /// Kinds that are remembered at once. Messages are constants, routes and codes come from fixed lists, so this is
    /// only reached if a message is made from something that a sender wrote; such messages are then limited all
    /// together.
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

    /// A record of this kind came.
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

    /// Time has passed: seconds that are over are closed. Call it before each record and now and then when none come.
    ///
    /// - Returns: what was left out in them, sorted, so that equal runs log equal lines.
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
