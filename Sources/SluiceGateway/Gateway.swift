internal import Logging
internal import ServiceLifecycle
package import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRelay
internal import SluiceRoutes
internal import UnixSignals
internal import Zizq

/// A gateway: event loops, outbox, routes, relay and listeners. `Gateway+Start.swift` has the order of the start,
/// `Gateway+Stop.swift` that of the stop.
package struct Gateway: Sendable {
    /// The addresses of the listeners, with the ports that the system chose.
    package struct Addresses: Sendable, Hashable {
        package var https: PeerAddress?
        package var http: PeerAddress?
        package var admin: PeerAddress?
    }

    let core: GatewayCore
    let outbox: OutboxWriter
    let reload: RouteReloadService
    let client: ZizqClient
    let relay: Relay
    let listeners: Listeners
    /// Trapped before the gateway announces itself: a SIGTERM right after the start must stop it in order.
    let signals: UnixSignalsSequence

    package var addresses: Addresses { listeners.addresses }
    package var configuration: GatewayConfiguration { core.configuration }

    /// The paths of the active routes, in the order of the files.
    package var routePaths: [String] { reload.activeRoutes.table.routes.map(\.path) }

    /// Serves until a signal ends it. SIGTERM and SIGINT stop, a second one skips the drain; SIGHUP reloads.
    package func run() async {
        let stopper = Stopper(settings: core.settings.limits, time: core.time)
        let services: [any Service] = [
            OutboxService(outbox: outbox, logger: core.logger),
            RelayService(relay: relay, stopper: stopper),
            LogSummaryService(log: configuration.log),
            LoopWatchService(watchdog: core.watchdog),
            MemoryTrimService(ingest: listeners.ingest, memory: core.memory),
            reload,
            ListeningService(ingest: listeners.ingest, stopper: stopper),
        ]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, successTerminationBehavior: .ignore) }, logger: quiet))
        // Not a service: it runs until all of them have ended, so that a second SIGTERM is handled.
        let listening = Task { await handleSignals(stopping: group, stopper) }
        do {
            try await group.run()
        } catch {
            core.logger.critical("a service failed: \(error)")
        }
        listening.cancel()
        await close()
    }

    /// The service group logs each of its steps at `info`, which is too much for operators.
    private var quiet: Logger {
        var logger = core.logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

/// The configuration of a gateway.
package struct GatewayConfiguration: Sendable {
    package var settings: EffectiveSettings
    /// The variables for secrets with `env:`: those of the process, or with additions.
    package var environment: [String: String]
    /// Whether route files may contain secrets.
    package var allowsInlineSecrets = false
    /// The key for secrets whose environment variable is not set; `nil` makes that an error, which is right except for
    /// development.
    package var secretStandIn: String?
    /// Whether the outbox may be on a network file system.
    package var allowsNetworkFilesystem = false
    package var time: any TimeSource = SystemTime()
    /// The log output with its counters; `nil` if another log is used.
    package var log: LogOutput?
    /// The network access of key fetches.
    var keyNetwork = KeyFetcher.Network()
    /// Called for each event of a delivery, for a terminal.
    package var show: (@Sendable (DeliveryJournal.Entry) -> Void)?

    package init(settings: EffectiveSettings, environment: [String: String]) {
        self.settings = settings
        self.environment = environment
    }
}

/// The shared parts of a gateway: settings, metrics, log, memory budget, and event loops.
struct GatewayCore: Sendable {
    let configuration: GatewayConfiguration
    /// The settings, with at most as many connections as the process may have open files.
    let settings: Settings
    let metrics: MetricsRegistry
    let journal: DeliveryJournal
    let memory: MemoryBudget
    let logger: Logger
    /// For all loops below.
    let watchdog: LoopWatchdog
    /// For the public listeners.
    let loops: IngestLoops
    /// For admin and control, which must answer even if the other loops are busy.
    let adminLoop: EventLoopGroup
    /// For connections to Zizq.
    let clientLoop: EventLoopGroup
    /// For requests that would occupy an event loop for too long.
    let worker: BodyWorker
    /// For signatures with fetched keys.
    let keys: KeyService
    /// The secrets that routes have learnt.
    let learnt: LearntSecrets

    var time: any TimeSource { configuration.time }

    /// Starts the event loops.
    init(_ configuration: GatewayConfiguration, logger: Logger) throws(StartupError) {
        self.configuration = configuration
        self.logger = logger
        var settings = configuration.settings.values
        settings.limits.connections = OpenFileLimit.connections(settings, logger)
        self.settings = settings
        metrics = MetricsRegistry(time: configuration.time)
        journal = DeliveryJournal(logger: logger, show: configuration.show)
        // `sluice dev` has no secrets to protect.
        learnt = LearntSecrets(isAlwaysArmed: configuration.secretStandIn != nil)
        memory = MemoryBudget(limit: settings.limits.memory)
        watchdog = LoopWatchdog(metrics: metrics, logger: logger)
        do throws(SystemCallError) {
            let count = settings.threads ?? ProcessorCount.available()
            loops = IngestLoops(try watchdog.loops(count, name: "loop"))
            clientLoop = try watchdog.loops(1, name: "zizq")
            adminLoop = try watchdog.loops(1, name: "admin")
            worker = try BodyWorker(memory: memory, time: configuration.time)
            keys = KeyService(
                loop: clientLoop.mailboxes[0], time: configuration.time, network: configuration.keyNetwork,
                makesCalls: configuration.secretStandIn == nil)
        } catch {
            throw StartupError(.unavailable, "cannot start the event loops: \(error)")
        }
    }

    /// Ends all threads.
    func stop() async {
        await clientLoop.stop()
        await worker.stop()
        await adminLoop.stop()
        await loops.group.stop()
    }
}

extension OpenFileLimit {
    /// The maximum number of connections: `limits.connections`, or fewer if the process may not open enough files.
    fileprivate static func connections(_ settings: Settings, _ logger: Logger) -> Int {
        let wanted = settings.limits.connections
        guard let files = raise(), files < wanted + filesBesideConnections else { return wanted }
        let possible = min(wanted, files - min(filesBesideConnections, files * 2 / 3))
        logger.warning(
            """
            the process may open too few files for limits.connections: raise its limit on open files (ulimit -n, \
            LimitNOFILE, --ulimit nofile)
            """,
            metadata: .fields([.files: files, .connections: possible]))
        return possible
    }

    /// The outbox, the listeners, connections to Zizq and of the admin listener, open route files.
    private static let filesBesideConnections = 160
}
