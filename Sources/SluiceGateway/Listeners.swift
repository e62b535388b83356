internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox
internal import SluiceRelay
internal import Synchronization

/// The listeners of a gateway: for senders, for metrics and health, and for the command line.
struct Listeners: Sendable {
    let ingest: HTTPServer
    let admin: HTTPServer
    let control: HTTPServer
    let condition: GatewayCondition
    let addresses: Gateway.Addresses

    /// Creates the servers on their event loops, and makes them listen.
    ///
    /// - Parameter sockets: already bound.
    static func start(
        _ core: GatewayCore, on sockets: BoundSockets, outbox: OutboxWriter, reload: RouteReloadService, relay: Relay
    ) async throws(StartupError) -> Listeners {
        let reader = ReaderBox(try OutboxReader.open(core.settings))
        let condition = GatewayCondition(
            outbox: { outbox.status.condition.reasonNotReady },
            concern: {
                if outbox.isDamaged { return "outbox_damaged" }
                if outbox.status.isLogHeld { return "outbox_log_held" }
                return outbox.status.damagedFiles > 0 ? "outbox_damaged_files" : nil
            },
            isStuck: { [watchdog = core.watchdog] in watchdog.isStuck })
        let listeners = Listeners(
            ingest: await makeIngest(core, outbox: outbox, routes: reload.activeRoutes),
            admin: await makeAdmin(core, condition),
            control: await makeControl(core, outbox: outbox, reader: reader, reload: reload, relay: relay),
            condition: condition, addresses: sockets.addresses)
        do throws(SystemCallError) {
            try await listeners.listen(on: sockets, certificate: reload.certificate)
        } catch {
            throw StartupError(.unavailable, "cannot listen: \(error)")
        }
        return listeners
    }

    private func listen(on sockets: BoundSockets, certificate: CertificateKeeper?) async throws(SystemCallError) {
        if let https = sockets.https { try await ingest.listen(on: https, tls: certificate?.slot) }
        if let http = sockets.http { try await ingest.listen(on: http, tls: nil) }
        if let socket = sockets.admin { try await admin.listen(on: socket, tls: nil) }
        try await control.listen(on: sockets.control, tls: nil)
    }

    // MARK: - Servers

    private static func makeIngest(
        _ core: GatewayCore, outbox: OutboxWriter, routes: ActiveRoutes
    ) async -> HTTPServer {
        let (limits, proxies) = (core.settings.limits, core.settings.trustedProxies)
        var configuration = HTTPServerConfiguration(memory: core.memory)
        configuration.limits = HTTPLimits(limits)
        configuration.maximumConnections = limits.connections
        configuration.maximumConnectionsPerAddress = limits.connectionsPerAddress
        configuration.unlimitedAddresses = proxies
        let loops = core.loops
        let shared = IngestService.Shared(
            outbox: outbox, metrics: core.metrics, memory: core.memory, trustedProxies: proxies, time: core.time,
            journal: core.journal, worker: core.worker, keys: core.keys,
            learner: SecretLearner(secrets: core.learnt, outbox: outbox, time: core.time, logger: core.logger),
            quarantine: QuarantineKeeper(
                outbox: outbox, memory: core.memory, journal: core.journal, time: core.time),
            loops: loops)
        let observer = ListenerObserver(metrics: core.metrics, journal: core.journal, logger: core.logger)
        return await HTTPServer(configuration: configuration, group: loops.group, observer: observer, time: core.time) {
            let service = IngestService(on: $0, routes: routes, shared: shared)
            loops.set(service, on: $0.loop)
            return service
        }
    }

    fileprivate static func makeAdmin(_ core: GatewayCore, _ condition: GatewayCondition) async -> HTTPServer {
        let metrics = core.metrics
        return await makeSmall(core) { _ in AdminService(condition: condition, metrics: metrics) }
    }

    private static func makeControl(
        _ core: GatewayCore, outbox: OutboxWriter, reader: ReaderBox, reload: RouteReloadService, relay: Relay
    ) async -> HTTPServer {
        let console = OutboxConsole(
            .running(outbox, reader), limit: core.settings.outbox.maxBytes, time: core.time,
            learnt: core.learnt, relay: { relay.condition.sentence }
        ) {
            DeadLetterRenderer.render($0, with: reload.activeRoutes)
        }
        let quarantine = QuarantineVerifier(
            outbox: outbox, reader: reader, reload: reload, keys: core.keys, journal: core.journal, time: core.time)
        return await makeSmall(core, memory: .mebibytes(512)) {
            ControlService(
                answerer: ControlAnswerer(
                    reload: reload, console: console, learnt: core.learnt, quarantine: quarantine, time: core.time,
                    mailbox: $0.mailbox))
        }
    }

    /// For the internal listeners: few connections and little memory, on a separate loop, so that a flood of deliveries
    /// does not affect them.
    private static func makeSmall<Service: HTTPService>(
        _ core: GatewayCore, memory: ByteCount = .mebibytes(16),
        _ makeService: @escaping @Sendable (HTTPServerLoop) -> Service
    ) async -> HTTPServer {
        var configuration = HTTPServerConfiguration(memory: MemoryBudget(limit: memory))
        configuration.maximumConnections = 256
        // It has separate counters: the metrics are about the public listeners.
        let observer = ListenerObserver(
            metrics: MetricsRegistry(time: core.time), journal: core.journal, logger: core.logger)
        return await HTTPServer(
            configuration: configuration, group: core.adminLoop, observer: observer, time: core.time,
            makeService: makeService)
    }
}

/// The admin listener while a damaged outbox is saved: an orchestrator whose liveness probe fails would end the
/// process, and the salvage would begin again. `/readyz` answers `starting`.
final class SalvageListener: Sendable {
    private let core: GatewayCore
    private let serving = Mutex<Task<HTTPServer?, Never>?>(nil)

    init(_ core: GatewayCore) { self.core = core }

    /// Can be called from any thread.
    func begin() { serving.withLock { $0 = Task { await listen() } } }

    /// Frees the address for the listeners of the started gateway.
    func end() async { await serving.withLock { $0 }?.value?.close() }

    /// - Returns: `nil` if it cannot listen; the start will say why.
    private func listen() async -> HTTPServer? {
        guard let address = core.settings.admin.address, let socket = try? ListeningSocket(.inet(address)) else {
            return nil
        }
        let server = await Listeners.makeAdmin(core, GatewayCondition(outbox: { nil }))
        try? await server.listen(on: socket, tls: nil)
        return server
    }
}

/// The sockets of the settings, all bound before any is served: a port in use is detected immediately, and nothing
/// listens then.
struct BoundSockets {
    let https: ListeningSocket?
    let http: ListeningSocket?
    let admin: ListeningSocket?
    let control: ListeningSocket

    init(_ settings: Settings) throws(StartupError) {
        var bound: [ListeningSocket] = []
        do throws(StartupError) {
            https = try Self.bind(settings.https, name: "https", &bound)
            http = try Self.bind(settings.http, name: "http", &bound)
            admin = try Self.bind(settings.admin, name: "admin", &bound)
            control = try Self.bindControl(ControlSocket.path(outbox: settings.outbox.path))
        } catch {
            for socket in bound { socket.close() }
            throw error
        }
    }

    /// The addresses of the sockets.
    var addresses: Gateway.Addresses {
        Gateway.Addresses(https: Self.peer(https), http: Self.peer(http), admin: Self.peer(admin))
    }

    private static func bind(
        _ setting: ListenerSetting, name: String, _ bound: inout [ListeningSocket]
    ) throws(StartupError) -> ListeningSocket? {
        guard let address = setting.address else { return nil }
        do throws(SystemCallError) {
            let socket = try ListeningSocket(.inet(address))
            bound.append(socket)
            return socket
        } catch {
            let advice = error.isAddressInUse ? "; stop the other process or set \(name) to another address" : ""
            throw StartupError(
                .unavailable, "cannot listen on \(address.hostAndPort) (\(name)): \(error.reason)\(advice)")
        }
    }

    private static func bindControl(_ path: String) throws(StartupError) -> ListeningSocket {
        guard path.utf8.count <= SocketAddress.unixPathLimit else {
            throw StartupError(
                .wrongInput,
                "the path of the control socket \(path) has \(path.utf8.count) bytes, and the system allows at "
                    + "most "
                    + "\(SocketAddress.unixPathLimit); set outbox.path to a shorter one")
        }
        do throws(SystemCallError) {
            return try ListeningSocket(.unix(path: path))
        } catch {
            throw StartupError(
                .unavailable,
                "cannot create the control socket \(path): \(error.reason). \(FileAccess.ownership(of: path))")
        }
    }

    private static func peer(_ socket: ListeningSocket?) -> PeerAddress? {
        guard case .inet(let peer) = socket?.address else { return nil }
        return peer
    }
}
