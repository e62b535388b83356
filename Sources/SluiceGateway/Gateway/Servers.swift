internal import Logging
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet
internal import SluiceOutbox

/// What the servers of a gateway are made of.
struct ServerParts {
    let settings: Settings
    let loops: EventLoopGroup
    /// For admin and control, which must answer whatever the other loops are busy with.
    let adminLoop: EventLoopGroup
    let memory: MemoryBudget
    let metrics: MetricsRegistry
    let journal: DeliveryJournal
    let outbox: OutboxWriter
    let reload: RouteReloadService
    /// For looking things up.
    let reader: ReaderBox
    let condition: GatewayCondition
    let worker: BodyWorker
    let time: any TimeSource
    let logger: Logger
}

/// The three servers of a gateway: for senders, for those who watch it, and for the command line.
struct Servers {
    let ingest: HTTPServer
    let admin: HTTPServer
    let control: HTTPServer
    let condition: GatewayCondition

    static func make(_ parts: ServerParts, _ table: ActiveRoutes, _ results: ResultRouter) async -> Servers {
        let ingest = await makeIngest(parts, table, results)
        let observer = ListenerObserver(
            metrics: MetricsRegistry(time: parts.time), journal: parts.journal, logger: parts.logger)
        let (condition, metrics) = (parts.condition, parts.metrics)
        let admin = await HTTPServer(
            configuration: .small(), group: parts.adminLoop, observer: observer, time: parts.time
        ) { _ in
            AdminService(condition: condition, metrics: metrics)
        }
        return Servers(ingest: ingest, admin: admin, control: await makeControl(parts, observer), condition: condition)
    }

    private static func makeIngest(_ parts: ServerParts, _ table: ActiveRoutes, _ results: ResultRouter) async
        -> HTTPServer
    {
        let limits = parts.settings.limits
        var configuration = HTTPServerConfiguration(memory: parts.memory)
        configuration.limits = HTTPLimits(limits)
        configuration.maximumConnections = limits.connections
        configuration.maximumConnectionsPerAddress = limits.connectionsPerAddress
        configuration.unlimitedAddresses = parts.settings.trustedProxies
        let observer = ListenerObserver(metrics: parts.metrics, journal: parts.journal, logger: parts.logger)
        let services = LoopLocal<IngestService>()
        let shared = IngestService.Shared(
            outbox: parts.outbox, metrics: parts.metrics, memory: parts.memory,
            trustedProxies: parts.settings.trustedProxies,
            time: parts.time, journal: parts.journal, worker: parts.worker, services: services)
        let server = await HTTPServer(
            configuration: configuration, group: parts.loops, observer: observer, time: parts.time
        ) { loop in
            let service = IngestService(on: loop, table: table, shared: shared)
            loop.loop.set(service, for: services)
            return service
        }
        let mailboxes = parts.loops.mailboxes
        results.connect(to: mailboxes, services)
        parts.reload.publishes(
            to: .init(
                publish: { table in for mailbox in mailboxes { mailbox.post { $0[services]?.use(table) } } },
                settle: { for mailbox in mailboxes { await takeAll(mailbox) } }))
        return server
    }

    /// Returns when a loop has done all that was posted to it so far; at once where it has ended.
    private static func takeAll(_ mailbox: LoopMailbox) async {
        await withCheckedContinuation { continuation in
            if !mailbox.post({ _ in continuation.resume() }) { continuation.resume() }
        }
    }

    private static func makeControl(_ parts: ServerParts, _ observer: ListenerObserver) async -> HTTPServer {
        let reload = parts.reload
        let console = OutboxConsole.running(
            parts.outbox, parts.reader, limit: parts.settings.outbox.maxBytes, time: parts.time
        ) { content in
            DeadLetterRenderer.render(content, with: reload.activeRoutes)
        }
        return await HTTPServer(
            configuration: .small(), group: parts.adminLoop, observer: observer, time: parts.time
        ) { loop in
            ControlService(answerer: ControlAnswerer(reload: reload, console: console, mailbox: loop.mailbox))
        }
    }
}
