internal import Logging
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRelay
internal import SluiceRoutes
internal import Zizq

/// The parts of a gateway, made in the order in which one needs the other.
struct GatewayParts {
    let configuration: GatewayConfiguration
    let outbox: OutboxWriter
    let reload: RouteReloadService
    let relay: Relay
    let ingest: HTTPServer
    let admin: HTTPServer
    let control: HTTPServer
    let memory: MemoryBudget
    let condition: GatewayCondition
    let results: ResultRouter
    let loops: EventLoopGroup
    let clientLoop: EventLoopGroup
    let worker: BodyWorker
    let adminLoop: EventLoopGroup
    let client: ZizqClient
    let logger: Logger
    let addresses: Gateway.Addresses
    let routeCount: Int

    static func assemble(_ configuration: GatewayConfiguration, logger: Logger) async throws(FatalProblem)
        -> GatewayParts
    {
        var settings = configuration.settings.values
        settings.limits.connections = connections(settings, logger)
        let metrics = MetricsRegistry(time: configuration.time)
        let results = ResultRouter()
        let outbox = try openOutbox(configuration, logger, results)
        do throws(FatalProblem) {
            return try await assemble(configuration, settings, metrics, outbox, results, logger)
        } catch {
            await outbox.close()
            throw error
        }
    }

    private static func openOutbox(
        _ configuration: GatewayConfiguration, _ logger: Logger, _ results: ResultRouter
    ) throws(FatalProblem) -> OutboxWriter {
        var outbox = OutboxConfiguration(configuration.settings.values)
        outbox.allowsNetworkFilesystem = configuration.allowsNetworkFilesystem
        return try OutboxWriter(outbox, time: configuration.time, log: logger) { origin, outcomes in
            results.deliver(outcomes, to: origin)
        }
    }

    private static func assemble(
        _ configuration: GatewayConfiguration, _ settings: Settings, _ metrics: MetricsRegistry, _ outbox: OutboxWriter,
        _ results: ResultRouter, _ logger: Logger
    ) async throws(FatalProblem) -> GatewayParts {
        let time = configuration.time
        let certificate = try settings.certificateKeeper(time, logger)
        var options = RouteOptions(settings, allowsInlineSecrets: configuration.allowsInlineSecrets)
        if let key = configuration.secretStandIn { options.secrets = .wellKnown(key) }
        var watched = RouteReloadService.Configuration(
            folder: settings.routes, options: options, environment: configuration.environment)
        if let show = configuration.show {
            watched.reloaded = { show(.reloaded(routes: $0.routes, version: $0.version)) }
        }
        let reload = RouteReloadService(
            watched, certificate: certificate, metrics: metrics, time: time, logger: logger)
        let table = try reload.start()
        warnOfVariables(configuration.environment, reload, logger)
        let sockets = try BoundSockets(settings)
        let journal = DeliveryJournal(logger: logger, show: configuration.show)
        let watchdog = LoopWatchdog(metrics: metrics, logger: logger)
        let loops = try startLoops(settings.threads ?? ProcessorCount.available(), "loop", watchdog)
        let clientLoop = try startLoops(1, "zizq", watchdog)
        let adminLoop = try startLoops(1, "admin", watchdog)
        let memory = MemoryBudget(limit: settings.limits.memory)
        let worker = try startWorker(memory, time)
        let client = try ZizqClient.make(settings.zizq, loop: clientLoop, logger: logger)
        let reporter = RelayReporter(metrics: metrics, journal: journal, time: time, logger: logger)
        let relay = Relay(
            configuration: RelayConfiguration(settings.zizq), writer: outbox, reader: try openReader(settings),
            client: client,
            time: time
        ) { reporter.report($0) }
        let servers = await Servers.make(
            ServerParts(
                settings: settings, loops: loops, adminLoop: adminLoop, memory: memory, metrics: metrics,
                journal: journal, outbox: outbox,
                reload: reload,
                reader: ReaderBox(try openReader(settings)),
                condition: GatewayCondition { [outbox] in outbox.status.condition.reasonNotReady }, worker: worker,
                time: time, logger: logger),
            table, results)
        do throws(SystemCallError) {
            try await sockets.listen(
                ingest: servers.ingest, admin: servers.admin, control: servers.control, certificate: certificate)
        } catch {
            throw FatalProblem(.unavailable, "cannot listen: \(error)")
        }
        let gauges = GatewayGauges(
            outbox: outbox, reload: reload, certificate: certificate, memory: memory, settings: settings, relay: relay,
            time: time)
        gauges.register(
            in: metrics, connections: { servers.ingest.connectionCount },
            adminConnections: { servers.admin.connectionCount })
        if let log = configuration.log { metrics.adopt(log.droppedLines, as: .droppedLogRecords) }
        return GatewayParts(
            configuration: configuration, outbox: outbox, reload: reload, relay: relay, ingest: servers.ingest,
            admin: servers.admin, control: servers.control, memory: memory, condition: servers.condition,
            results: results, loops: loops,
            clientLoop: clientLoop, worker: worker, adminLoop: adminLoop, client: client, logger: logger,
            addresses: sockets.addresses,
            routeCount: table.table.routes.count)
    }

    /// How many connections there may be: as many as the settings say, or as the process may open files for.
    private static func connections(_ settings: Settings, _ logger: Logger) -> Int {
        let wanted = settings.limits.connections
        guard let files = OpenFileLimit.raise(), files < wanted + filesBesideConnections else { return wanted }
        let possible = min(wanted, files - min(filesBesideConnections, files * 2 / 3))
        logger.warning(
            """
            the process may open too few files for limits.connections: raise its limit on open files (ulimit -n, \
            LimitNOFILE, --ulimit nofile)
            """,
            metadata: .fields([.files: files, .connections: possible]))
        return possible
    }

    /// The outbox, the listeners, connections to Zizq and of the admin listener, route files that are being read.
    private static let filesBesideConnections = 160

    private static func warnOfVariables(_ environment: [String: String], _ reload: RouteReloadService, _ logger: Logger)
    {
        for warning in SettingsEnvironment.warnings(for: environment, routeVariables: Set(reload.environmentNames)) {
            logger.warning("\(warning)")
        }
    }

    private static func openReader(_ settings: Settings) throws(FatalProblem) -> sending OutboxReader {
        do throws(OutboxError) {
            return try OutboxReader(OutboxConfiguration(settings))
        } catch {
            throw FatalProblem(.unavailable, "\(settings.outbox.path) cannot be read: \(error)")
        }
    }

    private static func startLoops(_ count: Int, _ name: String, _ watchdog: LoopWatchdog) throws(FatalProblem)
        -> EventLoopGroup
    {
        do throws(SystemCallError) {
            return try EventLoopGroup(count: count, name: name) { watchdog.stalled($0, $1) }
        } catch {
            throw FatalProblem(.unavailable, "cannot start the event loops: \(error)")
        }
    }

    private static func startWorker(_ memory: MemoryBudget, _ time: any TimeSource) throws(FatalProblem) -> BodyWorker {
        do throws(SystemCallError) { return try BodyWorker(memory: memory, time: time) } catch {
            throw FatalProblem(.unavailable, "cannot start the threads for large requests: \(error)")
        }
    }
}

/// Counts and logs the turns of event loops that took so long that others waited. Callable from any thread.
struct LoopWatchdog: Sendable {
    let metrics: MetricsRegistry
    let logger: Logger

    func stalled(_ loop: String, _ stall: LoopStall) {
        // Looked up each time: a stall is rare, and a lock is nothing beside it.
        metrics.counter(.loopStalls, labels: [loop]).increment()
        logger.warning(
            "an event loop was busy for too long: its other connections had to wait",
            metadata: .fields([
                .loop: loop, .milliseconds: stall.time.wholeNanoseconds / 1_000_000,
                .processorMilliseconds: stall.processorTime.wholeNanoseconds / 1_000_000,
            ]))
    }
}
