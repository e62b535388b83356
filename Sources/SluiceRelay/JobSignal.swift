internal import Synchronization

/// Wakes lanes that wait for jobs. Can be used from any thread.
final class JobSignal: Sendable {
    private struct State {
        var latest: Int64 = 0
        var isFinishing = false
        var recoveries = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    /// The largest announced number.
    var latest: Int64 { state.withLock { $0.latest } }

    /// Whether all waits have ended.
    var isFinishing: Bool { state.withLock { $0.isFinishing } }

    /// Announces a job in the outbox.
    func announce(_ job: Int64) {
        wake {
            let isNews = job > $0.latest
            $0.latest = max($0.latest, job)
            return isNews
        }
    }

    /// Announces that Zizq accepts jobs again, with the number of this recovery.
    func announceRecovery(_ number: Int) {
        wake {
            let isNews = number > $0.recoveries
            $0.recoveries = max($0.recoveries, number)
            return isNews
        }
    }

    /// Ends all waits, now and later.
    func finish() {
        wake {
            $0.isFinishing = true
            return true
        }
    }

    private func wake(_ change: (inout State) -> Bool) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard change(&state) else { return [] }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until a larger number is announced, the end, or the task's cancellation.
    func wait(beyond job: Int64) async {
        await wait { $0.latest > job || $0.isFinishing }
    }

    /// Waits for a recovery with a larger number, the end, or the task's cancellation.
    func waitForRecovery(beyond number: Int) async {
        await wait { $0.recoveries > number || $0.isFinishing }
    }

    /// Waits until the end, or the task's cancellation.
    func waitForFinish() async {
        await wait { $0.isFinishing }
    }

    /// Waits until the task is cancelled.
    func waitForCancellation() async {
        await wait { _ in false }
    }

    private func wait(until isOver: (State) -> Bool) async {
        while !Task.isCancelled, !state.withLock({ isOver($0) }) { await waitForNews(unless: isOver) }
    }

    /// Waits for the next announcement of any kind.
    private func waitForNews(unless isOver: (State) -> Bool) async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if isOver(state) || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}
