internal import Logging
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceNet

/// Counts and logs events on the listeners outside of routes.
struct ListenerObserver: HTTPServerObserver {
    private let metrics: MetricsRegistry
    private let journal: DeliveryJournal
    private let logger: Logger
    private let closedForNewer: Counter
    private let idleRaces: Counter
    private let refused: [ConnectionShedding: Counter]
    private let failures: [TLSFailureCause: Counter]

    init(metrics: MetricsRegistry, journal: DeliveryJournal, logger: Logger) {
        self.metrics = metrics
        self.journal = journal
        self.logger = logger
        closedForNewer = metrics.counter(.connectionsClosedForNewer)
        idleRaces = metrics.counter(.idleRaces)
        refused = [.atCap, .perAddress, .outOfDescriptors].reduce(into: [:]) { counters, reason in
            counters[reason] = metrics.counter(.connectionsRefused, labels: [reason.rawValue])
        }
        failures = TLSFailureCause.allCases.reduce(into: [:]) { counters, cause in
            counters[cause] = metrics.counter(.handshakeFailures, labels: [cause.rawValue])
        }
    }

    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {
        metrics.noRoute.refused(code).increment()
        journal.refused(code, route: nil, reason: reason, peer: peer)
    }

    func shed(_ reason: ConnectionShedding, peer: PeerAddress) {
        refused[reason]?.increment()
        switch reason {
        case .idleClosedForNew, .unverifiedClosedForNew: closedForNewer.increment()
        case .idleRace:
            guard idleRaces.incrementFirst() else { return }
            logger.warning(
                """
                a request arrived on a connection that was just closed because it was idle, and is not answered: set \
                the idle timeout of the load balancer or proxy in front below limits.idle; logged once
                """,
                metadata: .fields([.peer: peer]))
        case .handshakeDisplaced:
            failures[.displaced]?.increment()
            logger.warning(
                "closed a TLS handshake: too many are in progress, most of them from this address",
                metadata: .fields([.peer: peer]))
        case .atCap:
            logger.error(
                "refused a connection: limits.connections is reached and no connection is idle",
                metadata: .fields([.peer: peer]))
        case .perAddress:
            logger.warning(
                "refused a connection: limits.connections_per_address is reached", metadata: .fields([.peer: peer]))
        case .outOfDescriptors:
            logger.error(
                """
                cannot accept connections: out of file descriptors; raise the limit on open files of the process \
                (ulimit -n, LimitNOFILE, --ulimit nofile), or of the system (sysctl fs.file-max)
                """)
        }
    }

    func handshakeFailed(_ error: TLSError, peer: PeerAddress) {
        failures[error.cause]?.increment()
        // Attempts of unauthenticated clients are only logged at debug; a flood is an attack.
        logger.log(
            level: error.cause == .tooManyRecords ? .warning : .debug,
            error.cause == .tooManyRecords
                ? "closed a connection: flood of TLS records without data" : "a TLS handshake failed",
            metadata: .fields([.code: error.cause.rawValue, .reason: error.message, .peer: peer]))
    }
}
