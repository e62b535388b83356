package import Logging
package import SluiceBase
internal import SluiceOutbox
internal import SluiceRelay
internal import SluiceRouteFiles
internal import SluiceRoutes
internal import UnixSignals
internal import Zizq

/// The start: event loops, outbox, routes, relay, listeners. Each gets what was started before it.
extension Gateway {
    /// Starts everything; deliveries are accepted when it returns.
    ///
    /// - Throws: one sentence with its exit status; nothing listens then, and everything started has ended.
    package static func start(
        _ configuration: GatewayConfiguration, logger: Logger
    ) async throws(StartupError) -> Gateway {
        StartSignals.install()
        let core = try GatewayCore(configuration, logger: logger)
        do throws(StartupError) {
            return try await start(core)
        } catch {
            await core.stop()
            throw error
        }
    }

    private static func start(_ core: GatewayCore) async throws(StartupError) -> Gateway {
        let outbox = try await openOutbox(core)
        do throws(StartupError) {
            let gateway = try await start(core, outbox)
            gateway.listeners.condition.start()
            gateway.logStart()
            return gateway
        } catch {
            await outbox.close()
            throw error
        }
    }

    private static func start(_ core: GatewayCore, _ outbox: OutboxWriter) async throws(StartupError) -> Gateway {
        try await core.learnt.load(from: outbox)
        let reload = try loadRoutes(core, outbox)
        // From here on the kernel queues connections, which a stop must answer.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let sockets = try BoundSockets(core.settings)
        let client = try ZizqClient.make(core.settings.zizq, loop: core.clientLoop, logger: core.logger)
        let relay = try startRelay(core, outbox, to: client)
        let listeners = try await Listeners.start(
            core, on: sockets, outbox: outbox, reload: reload, relay: relay)
        let gateway = Gateway(
            core: core, outbox: outbox, reload: reload, client: client, relay: relay, listeners: listeners,
            signals: signals)
        gateway.registerGauges()
        return gateway
    }

    // MARK: - Steps

    /// Results go directly to the waiting loop.
    private static func openOutbox(_ core: GatewayCore) async throws(StartupError) -> OutboxWriter {
        let listener = SalvageListener(core)
        var configuration = OutboxConfiguration(core.settings)
        configuration.salvagesDamage = true
        configuration.salvageBegan = { listener.begin() }
        configuration.allowsNetworkFilesystem = core.configuration.allowsNetworkFilesystem
        // Waits for a lock or a salvage, so it needs a thread of its own: with one processor, tasks have only one.
        let outbox: Result<OutboxWriter, StartupError> = await withCheckedContinuation { continuation in
            let open = { @Sendable [configuration, loops = core.loops] in
                let result = Result { () throws(StartupError) in
                    try OutboxWriter(configuration, time: core.time, log: core.logger) { loop, results in
                        loops.completed(results, on: loop)
                    }
                }
                continuation.resume(returning: result)
            }
            do throws(SystemThread.StartError) { try SystemThread.start(name: "start", open) } catch { open() }
        }
        await listener.end()
        return try outbox.get()
    }

    private static func loadRoutes(_ core: GatewayCore, _ outbox: OutboxWriter) throws(StartupError)
        -> RouteReloadService
    {
        let configuration = core.configuration
        var options = RouteOptions(core.settings, allowsInlineSecrets: configuration.allowsInlineSecrets)
        options.keys = core.keys.store
        options.learnt = core.learnt
        if let key = configuration.secretStandIn { options.secrets = .wellKnown(key) }
        let loops = core.loops
        var publication = RouteReloadService.Publication(
            publish: { loops.use($0) }, settle: { await loops.settle() })
        publication.secretsChanged = { QuarantineNotice.afterNewSecret(of: $0, outbox.quarantine) }
        if let show = configuration.show {
            publication.reloaded = { show(.reloaded(routes: $0.routes, version: $0.version)) }
        }
        let loader = RouteLoader(
            folder: core.settings.routes, options: options, environment: configuration.environment,
            grace: core.settings.routesGrace, time: core.time)
        let service = try RouteReloadService(
            loader, certificate: try loadCertificate(core), metrics: core.metrics, publication: publication,
            time: core.time, logger: core.logger)
        let variables = Set(service.snapshot.compilation.environmentNames)
        for warning in SettingsEnvironment.warnings(for: configuration.environment, routeVariables: variables) {
            core.logger.warning("\(warning)")
        }
        return service
    }

    private static func loadCertificate(_ core: GatewayCore) throws(StartupError) -> CertificateKeeper? {
        let settings = core.settings
        guard settings.https != .off, let path = settings.tls.certificate, let key = settings.tls.key else {
            return nil
        }
        return try CertificateKeeper(certificatePath: path, keyPath: key, time: core.time, logger: core.logger)
    }

    private static func startRelay(
        _ core: GatewayCore, _ outbox: OutboxWriter, to client: ZizqClient
    ) throws(StartupError) -> Relay {
        let reader = try OutboxReader.open(core.settings) { [weak outbox] in outbox?.foundDamage($0) }
        let reporter = RelayReporter(
            metrics: core.metrics, journal: core.journal, time: core.time, logger: core.logger)
        return Relay(
            configuration: RelayConfiguration(core.settings.zizq, memory: core.settings.limits.memory), writer: outbox,
            reader: reader,
            client: client, time: core.time
        ) { reporter.report($0) }
    }

    private func logStart() {
        let logger = core.logger
        for (name, address) in [("https", addresses.https), ("http", addresses.http), ("admin", addresses.admin)] {
            guard let address else { continue }
            logger.notice("listening", metadata: .fields([.listener: name, .address: address.hostAndPort]))
        }
        let routes = routePaths.count
        if routes == 0 {
            logger.error(
                "no routes: every webhook is answered 404 until a route file is added",
                metadata: .fields([.file: core.settings.routes]))
        }
        // Secrets from the environment change only with a restart.
        for route in outbox.quarantine.routes { logger.notice("\(QuarantineNotice(route, outbox.quarantine).waiting)") }
        logger.notice(
            "started",
            metadata: .fields([.version: SluiceVersion.current, .routes: routes, .table: reload.status.version]))
    }
}
