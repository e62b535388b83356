internal import Logging
internal import SluiceBase
internal import SluiceHTTP

/// Counts and logs what happens on the listeners outside of routes.
struct ListenerObserver: HTTPServerObserver {
    private let metrics: MetricsRegistry
    private let journal: DeliveryJournal
    private let logger: Logger
    private let shedIdle: Counter

    init(metrics: MetricsRegistry, journal: DeliveryJournal, logger: Logger) {
        self.metrics = metrics
        self.journal = journal
        self.logger = logger
        shedIdle = metrics.counter(.connectionsClosedForNewer)
    }

    func refused(_ code: ErrorCode, reason: String, peer: PeerAddress) {
        metrics.noRoute.refused(code).increment()
        journal.refused(code, route: nil, reason: reason, peer: peer)
    }

    func shed(_ reason: ConnectionShedding, peer: PeerAddress) {
        switch reason {
        case .idleClosedForNew: shedIdle.increment()
        case .atCap:
            logger.error("turned a connection away: limits.connections is reached and none is idle", metadata: .fields([.peer: peer]))
        case .perAddress:
            logger.warning(
                "turned a connection away: limits.connections_per_address is reached", metadata: .fields([.peer: peer]))
        case .outOfDescriptors:
            logger.error("cannot accept connections: the process has no file descriptor left; raise its limit on open files")
        }
    }

    func handshakeFailed(_ reason: String, peer: PeerAddress) {
        logger.debug("a TLS handshake did not come about", metadata: .fields([.reason: reason, .peer: peer]))
    }
}
