internal import Logging
internal import ServiceLifecycle
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRelay
internal import UnixSignals

/// Turns signals into what they ask for. It is stopped last, so that a second SIGTERM is heard.
struct SignalService: Service {
    let signals: UnixSignalsSequence
    let stopper: Stopper
    let parts: GatewayParts

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await signal in signals {
                if signal == .sighup {
                    // Beside this loop: a SIGTERM does not wait for the reloads that were asked for before it.
                    parts.reload.ask()
                } else {
                    await stop(signal)
                }
            }
        }
    }

    private func stop(_ signal: UnixSignal) async {
        // Before anything that may take its time: load balancers must see it immediately.
        parts.condition.beginDrain()
        parts.ingest.beginDrain()
        let isFirst = await stopper.request()
        parts.logger.notice(
            isFirst
                ? "stopping: serving for limits.drain, then finishing" : "stopping now, without the drain",
            metadata: .fields([.signal: signal]))
    }
}

/// Serves until it is stopped; then drains, stops accepting, and finishes what is in work.
struct ListeningService: Service {
    let ingest: HTTPServer
    let stopper: Stopper

    func run() async throws {
        try? await gracefulShutdown()
        await stopper.drain()
        await ingest.stopAccepting()
        await ingest.finishRequests(within: stopper.timeLeft)
    }
}

/// Sends jobs to Zizq until it is stopped; then what fits into the time that is left.
struct RelayService: Service {
    let relay: Relay
    let stopper: Stopper

    func run() async throws {
        let running = Task { await relay.run() }
        try? await gracefulShutdown()
        relay.finish()
        // What is left when the time is over stays in the outbox; a batch in flight is then one of unknown outcome.
        let limit = Task {
            try? await Task.sleep(for: stopper.timeLeft)
            running.cancel()
        }
        await running.value
        limit.cancel()
    }
}

/// Says once a second how many log records were left out, so that the end of a flood shows.
struct LogSummaryService: Service {
    let log: LogOutput?

    func run() async throws {
        guard let log else { return }
        await cancelWhenGracefulShutdown {
            // A cancelled sleep ends the loop.
            while (try? await Task.sleep(for: .seconds(1))) != nil { log.flushSummaries() }
        }
    }
}

/// Gives memory back to the system when a load has gone.
struct MemoryTrimService: Service {
    let ingest: HTTPServer
    let memory: MemoryBudget

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var schedule = TrimSchedule()
            // A cancelled sleep ends the loop.
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                let load = TrimSchedule.Load(connections: ingest.connectionCount, memory: memory.bytesInUse)
                if schedule.looked(at: load) { ProcessMemory.trim() }
            }
        }
    }
}

/// Holds the outbox until everything that writes to it has ended.
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
            logger.notice("jobs stay in the outbox for the next start", metadata: .fields([.jobs: status.pendingJobs]))
        }
    }
}
