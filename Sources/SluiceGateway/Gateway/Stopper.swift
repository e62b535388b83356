internal import SluiceBase
internal import Synchronization

/// How far a stop has come, and how much time is left for it. Callable from any thread.
final class Stopper: Sendable {
    private struct State {
        var stop: (@Sendable () async -> Void)?
        var requestedAt: Int64?
        var skipsDrain = false
        var drain: CheckedContinuation<Void, Never>?
    }

    private let limits: Settings.Limits
    private let time: any TimeSource
    private let state = Mutex(State())

    init(settings limits: Settings.Limits, time: any TimeSource) {
        self.limits = limits
        self.time = time
    }

    /// What the first request does.
    func onStop(_ stop: @escaping @Sendable () async -> Void) { state.withLock { $0.stop = stop } }

    /// A stop was asked for; the second time it skips the drain.
    ///
    /// - Returns: whether it was the first time.
    func request() async -> Bool {
        let now = time.monotonicNanoseconds()
        let (first, stop, drain) = state.withLock { state in
            guard state.requestedAt != nil else {
                state.requestedAt = now
                return (true, state.stop, CheckedContinuation<Void, Never>?.none)
            }
            state.skipsDrain = true
            defer { state.drain = nil }
            return (false, nil, state.drain)
        }
        drain?.resume()
        await stop?()
        return first
    }

    /// Waits for `limits.drain`, or until the second request.
    func drain() async {
        guard limits.drain > .zero else { return }
        let sleep = Task {
            // A cancelled sleep is a drain that is skipped.
            try? await Task.sleep(for: limits.drain)
            endDrain()
        }
        await withCheckedContinuation { continuation in
            let isSkipped = state.withLock { state in
                if !state.skipsDrain { state.drain = continuation }
                return state.skipsDrain
            }
            if isSkipped { continuation.resume() }
        }
        sleep.cancel()
    }

    private func endDrain() {
        let waiting = state.withLock { state in
            state.skipsDrain = true
            defer { state.drain = nil }
            return state.drain
        }
        waiting?.resume()
    }

    /// What is left of `limits.shutdown`, never negative.
    var timeLeft: Duration {
        guard let requestedAt = state.withLock({ $0.requestedAt }) else { return limits.shutdown }
        let used = Duration.nanoseconds(time.monotonicNanoseconds() - requestedAt)
        return used < limits.shutdown ? limits.shutdown - used : .zero
    }
}
