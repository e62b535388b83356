package import Logging
internal import ServiceLifecycle
package import SluiceBase
internal import SluiceDelivery
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRoutes
internal import UnixSignals
internal import Zizq

/// A gateway, put together: outbox, routes, listeners, delivery, and the order in which they start and stop.
///
/// Start: lock and outbox, routes and secrets, certificate, then the sockets; only what is whole begins to listen.
package final class Gateway: Sendable {
    /// Where it listens, with the ports that the system chose.
    package struct Addresses: Sendable, Hashable {
        package var https: PeerAddress?
        package var http: PeerAddress?
        package var admin: PeerAddress?
    }

    package let addresses: Addresses
    package let routeCount: Int

    package let configuration: GatewayConfiguration
    let outbox: OutboxWriter
    let reload: RouteReloadService
    let delivery: DeliveryService
    let ingest: HTTPServer
    let admin: HTTPServer
    let control: HTTPServer
    let condition: GatewayCondition
    let loops: EventLoopGroup
    let clientLoop: EventLoopGroup
    let clients: ZizqClient
    let logger: Logger
    /// Trapped before anybody is told that the gateway is there: a SIGTERM right after the start must stop it in order.
    let signals: UnixSignalsSequence

    private init(_ parts: GatewayParts, signals: UnixSignalsSequence) {
        self.signals = signals
        configuration = parts.configuration
        outbox = parts.outbox
        reload = parts.reload
        delivery = parts.delivery
        ingest = parts.ingest
        admin = parts.admin
        control = parts.control
        condition = parts.condition
        loops = parts.loops
        clientLoop = parts.clientLoop
        clients = parts.client
        logger = parts.logger
        addresses = parts.addresses
        routeCount = parts.routeCount
    }

    /// Starts everything; when this returns, deliveries are taken.
    ///
    /// - Throws: one sentence with its exit status; nothing listens then.
    package static func start(_ configuration: GatewayConfiguration, logger: Logger) async throws(FatalProblem) -> Gateway {
        let parts = try await GatewayParts.assemble(configuration, logger: logger)
        let gateway = Gateway(parts, signals: await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup))
        gateway.condition.start()
        gateway.logStart()
        return gateway
    }

    /// Serves until a signal or `stop` ends it. SIGTERM and SIGINT stop, a second one skips the drain; SIGHUP reloads.
    package func run() async {
        let stopper = Stopper(settings: configuration.settings.values.limits, time: configuration.time)
        let services: [any Service] = [
            SignalService(signals: signals, stopper: stopper, gateway: self, logger: logger),
            OutboxService(outbox: outbox, logger: logger),
            DeliveringService(delivery: delivery, stopper: stopper),
            LogSummaryService(log: configuration.log),
            reload,
            ListeningService(gateway: self, stopper: stopper),
        ]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, successTerminationBehavior: .ignore) }, logger: quiet))
        stopper.onStop { await group.triggerGracefulShutdown() }
        do {
            try await group.run()
        } catch {
            logger.critical("a service ended with an error: \(error)")
        }
        await close()
    }

    /// The service group tells each step of its own at `info`, which is more than whoever runs a gateway wants to know.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    private func close() async {
        await control.close()
        await admin.close()
        await ingest.close()
        await clients.shutdown()
        await clientLoop.stop()
        await loops.stop()
        logger.notice("stopped")
    }

    private func logStart() {
        for (name, address) in [("https", addresses.https), ("http", addresses.http), ("admin", addresses.admin)] {
            guard let address else { continue }
            logger.notice("listening", metadata: .fields([.listener: name, .address: address.hostAndPort]))
        }
        logger.notice(
            "started", metadata: .fields([.version: SluiceVersion.current, .routes: routeCount, .table: reload.status.version]))
    }
}
