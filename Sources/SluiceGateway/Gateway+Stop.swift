internal import Logging
internal import ServiceLifecycle
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceOutbox
internal import SluiceRelay
internal import Synchronization
internal import UnixSignals
internal import Zizq

/// The stop: the listeners first, then the relay, then the outbox; each is a service of the group in `run`, which stops
/// them in reverse order.
extension Gateway {
    /// Handles signals until the task is cancelled.
    func handleSignals(stopping group: ServiceGroup, _ stopper: Stopper) async {
        for await signal in signals {
            if signal == .sighup {
                // In a separate task: a SIGTERM does not wait for earlier reloads.
                reload.ask()
            } else {
                await stop(group, stopper, signal: signal)
            }
        }
    }

    private func stop(_ group: ServiceGroup, _ stopper: Stopper, signal: UnixSignal) async {
        // Before any slow step: load balancers must see it immediately.
        listeners.condition.beginDrain()
        listeners.ingest.beginDrain()
        let isFirst = stopper.request()
        if isFirst { await group.triggerGracefulShutdown() }
        core.logger.notice(
            isFirst
                ? "stopping: serving for limits.drain, then finishing" : "stopping now, without the drain",
            metadata: .fields([.signal: signal]))
    }

    /// Closes everything that is not a service.
    func close() async {
        await listeners.control.close()
        await listeners.admin.close()
        core.loops.dismiss()
        await listeners.ingest.close()
        await client.shutdown()
        await core.stop()
        core.logger.notice("stopped")
    }
}

/// Serves until it is stopped; then drains, stops accepting, and finishes current requests.
struct ListeningService: Service {
    let ingest: HTTPServer
    let stopper: Stopper
    /// The time for a TCP handshake in progress until its connection can be accepted.
    private static let handshakeTime: Duration = .milliseconds(50)

    func run() async throws {
        try? await gracefulShutdown()
        await stopper.drain()
        await ingest.stopQueueing()
        try? await Task.sleep(for: min(Self.handshakeTime, stopper.timeLeft))
        await ingest.stopAccepting()
        await ingest.finishRequests(within: stopper.timeLeft)
    }
}

/// Sends jobs to Zizq until it is stopped, and then as much as the remaining time allows.
struct RelayService: Service {
    let relay: Relay
    let stopper: Stopper

    func run() async throws {
        let running = Task { await relay.run() }
        try? await gracefulShutdown()
        relay.finish()
        // The rest stays in the outbox; a batch in flight then has an unknown outcome.
        let limit = Task {
            try? await Task.sleep(for: stopper.timeLeft)
            running.cancel()
        }
        await running.value
        limit.cancel()
    }
}

/// Keeps the outbox open until everything that writes to it has ended.
struct OutboxService: Service {
    let outbox: OutboxWriter
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        await outbox.close()
        let status = outbox.status
        if status.pendingJobs > 0, status.isMisplaced {
            logger.critical(
                "jobs are in files that are no longer at outbox.path: the next start will not find them",
                metadata: .fields([.jobs: status.pendingJobs]))
        } else if status.pendingJobs > 0 {
            logger.notice(
                "undelivered jobs stay in the outbox and are sent after the next start",
                metadata: .fields([.jobs: status.pendingJobs]))
        }
    }
}

/// The state of a stop, and the remaining time. Can be used from any thread.
final class Stopper: Sendable {
    private struct State {
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

    /// Requests a stop; the second request skips the drain.
    ///
    /// - Returns: whether it was the first request.
    func request() -> Bool {
        let now = time.monotonicNanoseconds()
        let isFirst = state.withLock { state in
            guard state.requestedAt == nil else { return false }
            state.requestedAt = now
            return true
        }
        if !isFirst { endDrain() }
        return isFirst
    }

    /// Waits for `limits.drain`, or until the second request.
    func drain() async {
        guard limits.drain > .zero else { return }
        let sleep = Task {
            // A cancelled sleep skips the drain.
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

    /// The rest of `limits.shutdown`, not negative.
    var timeLeft: Duration {
        guard let requestedAt = state.withLock({ $0.requestedAt }) else { return limits.shutdown }
        let used = Duration.nanoseconds(time.monotonicNanoseconds() - requestedAt)
        return used < limits.shutdown ? limits.shutdown - used : .zero
    }
}
