package import Logging
internal import ServiceLifecycle
package import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRelay
internal import SluiceRoutes
internal import UnixSignals
internal import Zizq

/// A gateway, put together: outbox, routes, listeners, relay, and the order in which they start and stop.
///
/// Start: lock and outbox, routes and secrets, certificate, then the sockets; only what is whole begins to listen.
package final class Gateway: Sendable {
    /// Where it listens, with the ports that the system chose.
    package struct Addresses: Sendable, Hashable {
        package var https: PeerAddress?
        package var http: PeerAddress?
        package var admin: PeerAddress?
    }

    let parts: GatewayParts
    /// Trapped before anybody is told that the gateway is there: a SIGTERM right after the start must stop it in order.
    private let signals: UnixSignalsSequence

    package var addresses: Addresses { parts.addresses }
    package var routeCount: Int { parts.routeCount }

    /// The paths of the current routes, in the order of the files.
    package var routePaths: [String] { parts.reload.tableInForce?.table.routes.map(\.path) ?? [] }
    package var configuration: GatewayConfiguration { parts.configuration }

    private init(_ parts: GatewayParts, signals: UnixSignalsSequence) {
        self.parts = parts
        self.signals = signals
    }

    /// Starts everything; when this returns, deliveries are taken.
    ///
    /// - Throws: one sentence with its exit status; nothing listens then.
    package static func start(_ configuration: GatewayConfiguration, logger: Logger) async throws(FatalProblem)
        -> Gateway
    {
        StartSignals.endTheProcess()
        let parts = try await GatewayParts.assemble(configuration, logger: logger)
        let gateway = Gateway(parts, signals: await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup))
        parts.condition.start()
        gateway.logStart()
        return gateway
    }

    /// Serves until a signal or `stop` ends it. SIGTERM and SIGINT stop, a second one skips the drain; SIGHUP reloads.
    package func run() async {
        let stopper = Stopper(settings: configuration.settings.values.limits, time: configuration.time)
        let services: [any Service] = [
            SignalService(signals: signals, stopper: stopper, parts: parts),
            OutboxService(outbox: parts.outbox, logger: parts.logger),
            RelayService(relay: parts.relay, stopper: stopper),
            LogSummaryService(log: configuration.log),
            MemoryTrimService(ingest: parts.ingest, memory: parts.memory),
            parts.reload,
            ListeningService(ingest: parts.ingest, stopper: stopper),
        ]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, successTerminationBehavior: .ignore) }, logger: quiet))
        stopper.onStop { await group.triggerGracefulShutdown() }
        do {
            try await group.run()
        } catch {
            parts.logger.critical("a service failed: \(error)")
        }
        await close()
    }

    /// The service group logs each of its steps at `info`, which is more than an operator wants to know.
    private var quiet: Logger {
        var logger = parts.logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private func close() async {
        await parts.control.close()
        await parts.admin.close()
        parts.results.disconnect()
        await parts.ingest.close()
        await parts.client.shutdown()
        await parts.clientLoop.stop()
        await parts.worker.stop()
        await parts.adminLoop.stop()
        await parts.loops.stop()
        parts.logger.notice("stopped")
    }

    private func logStart() {
        for (name, address) in [("https", addresses.https), ("http", addresses.http), ("admin", addresses.admin)] {
            guard let address else { continue }
            parts.logger.notice("listening", metadata: .fields([.listener: name, .address: address.hostAndPort]))
        }
        if routeCount == 0 {
            parts.logger.warning(
                "no routes: every webhook is answered 404",
                metadata: .fields([.file: configuration.settings.values.routes]))
        }
        parts.logger.notice(
            "started",
            metadata: .fields([
                .version: SluiceVersion.current, .routes: routeCount, .table: parts.reload.status.version,
            ]))
    }
}
