internal import Dispatch
internal import Foundation
import Synchronization

/// The lines that a process writes, as they come. Callable from any thread.
final class LineLog: Sendable {
    /// What was waited for did not come.
    struct NotSeen: Error, CustomStringConvertible {
        let description: String
    }

    private struct Waiter {
        let matches: @Sendable (String) -> Bool
        let continuation: CheckedContinuation<String?, Never>
    }

    private struct State {
        var lines: [String] = []
        var rest: [UInt8] = []
        var hasEnded = false
        var waiters: [Int: Waiter] = [:]
        var endWaiters: [Int: CheckedContinuation<Bool, Never>] = [:]
        var nextID = 0
    }

    private let state = Mutex(State())

    /// All whole lines so far.
    var lines: [String] { state.withLock { $0.lines } }

    /// All that came so far.
    var text: String { lines.map { $0 + "\n" }.joined() + state.withLock { String(decoding: $0.rest, as: UTF8.self) } }

    /// The last lines, for a message.
    private var recent: String { lines.suffix(60).joined(separator: "\n") }

    /// How many lines there are: where to look on from in `line(from:…)`.
    var position: Int { state.withLock { $0.lines.count } }

    /// Waits for the first line, from `position` on, that fits.
    ///
    /// - Throws: with all lines so far, when none came in time or the process has closed its end.
    @discardableResult
    func line(
        from position: Int = 0, within limit: Duration = .seconds(300), _ what: String = "the line",
        where matches: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        let line = await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
            wait(from: position, limit, matches, continuation)
        }
        guard let line else { throw NotSeen(description: "\(what) did not come; the last lines:\n\(recent)") }
        return line
    }

    /// Waits until the process has closed its end.
    func end(within limit: Duration = .seconds(300)) async throws {
        let hasEnded = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            let id = state.withLock { state -> Int? in
                guard !state.hasEnded else { return nil }
                state.nextID += 1
                state.endWaiters[state.nextID] = continuation
                return state.nextID
            }
            guard let id else { return continuation.resume(returning: true) }
            after(limit) { [weak self] in
                self?.state.withLock { $0.endWaiters.removeValue(forKey: id) }?.resume(returning: false)
            }
        }
        guard hasEnded else { throw NotSeen(description: "the output did not end; the last lines:\n\(recent)") }
    }

    private func wait(
        from position: Int, _ limit: Duration, _ matches: @escaping @Sendable (String) -> Bool,
        _ continuation: CheckedContinuation<String?, Never>
    ) {
        enum Outcome { case found(String), ended, waits(Int) }
        let outcome = state.withLock { state -> Outcome in
            if let line = state.lines.dropFirst(position).first(where: matches) { return .found(line) }
            if state.hasEnded { return .ended }
            state.nextID += 1
            state.waiters[state.nextID] = Waiter(matches: matches, continuation: continuation)
            return .waits(state.nextID)
        }
        switch outcome {
        case .found(let line): continuation.resume(returning: line)
        case .ended: continuation.resume(returning: nil)
        case .waits(let id):
            after(limit) { [weak self] in
                self?.state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: nil)
            }
        }
    }

    private func after(_ limit: Duration, _ body: @escaping @Sendable () -> Void) {
        let milliseconds = Int(limit / .milliseconds(1))
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds), execute: body)
    }

    // MARK: - Filling

    func append(_ bytes: ArraySlice<UInt8>) {
        let woken = state.withLock { state in
            state.rest += bytes
            var woken: [(Waiter, String)] = []
            while let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: state.rest[..<end], as: UTF8.self)
                state.rest.removeSubrange(...end)
                state.lines.append(line)
                for (id, waiter) in state.waiters where waiter.matches(line) {
                    state.waiters[id] = nil
                    woken.append((waiter, line))
                }
            }
            return woken
        }
        for (waiter, line) in woken { waiter.continuation.resume(returning: line) }
    }

    func finish() {
        let (waiters, endWaiters) = state.withLock { state in
            state.hasEnded = true
            defer {
                state.waiters = [:]
                state.endWaiters = [:]
            }
            return (Array(state.waiters.values), Array(state.endWaiters.values))
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
        for waiter in endWaiters { waiter.resume(returning: true) }
    }
}
