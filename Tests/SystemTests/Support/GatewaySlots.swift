import Synchronization

/// Bounds how many gateways run at a time: a machine that is busy with all of them at once answers none of them in
/// time.
final class GatewaySlots: Sendable {
    static let count = 4
    static let shared = GatewaySlots(count)

    private struct State {
        var free: Int
        var waiting: [(slots: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Waits for slots, in the order of the calls, and then until tests that compute leave the threads of tasks free:
    /// each step of a test would have to wait for them, and its gateway's time limits would be over in between. A
    /// caller that has slots does not ask for more.
    ///
    /// - Parameter slots: all of them for a test that loads the whole machine.
    func take(_ slots: Int) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.waiting.isEmpty, state.free >= slots else {
                    state.waiting.append((slots, continuation))
                    return false
                }
                state.free -= slots
                return true
            }
            if isFree { continuation.resume() }
        }
        await Self.untilTasksRunAtOnce()
    }

    private static func untilTasksRunAtOnce() async {
        var quickSteps = 0
        while quickSteps < 5 {
            let start = ContinuousClock.now
            await Task.yield()
            quickSteps = ContinuousClock.now - start < .milliseconds(20) ? quickSteps + 1 : 0
        }
    }

    func give(_ slots: Int) {
        let next = state.withLock { state in
            state.free += slots
            var next: [CheckedContinuation<Void, Never>] = []
            while let first = state.waiting.first, first.slots <= state.free {
                state.free -= first.slots
                next.append(state.waiting.removeFirst().continuation)
            }
            return next
        }
        for continuation in next { continuation.resume() }
    }
}
