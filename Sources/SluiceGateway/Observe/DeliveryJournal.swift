package import Logging
package import SluiceBase
internal import SluiceHTTP
internal import SluiceRoutes

/// Reports the results of deliveries to the log and other observers. Can be used from any thread; cheap without
/// observers.
package final class DeliveryJournal: Sendable {
    /// An event of a delivery for a terminal, in `sluice dev`.
    package enum Entry: Sendable {
        /// `duplicates`: the number of its elements that were seen before.
        case stored(id: String, route: String, jobs: Int, deadLetters: [DeadLetterReason], duplicates: Int)
        case duplicate(of: String, route: String)
        case ignored(id: String, route: String)
        /// `refusal`: the reason of a refusal with the route's own status.
        case handshake(route: String, status: Int, refusal: String?)
        /// The call of a handshake; `isMade`: `false` if calls are skipped.
        case called(url: String, isMade: Bool, route: String)
        case refused(ErrorCode, route: String?, reason: String)
        /// Jobs that Zizq accepted.
        case queued([QueuedJob])
        /// The route files were reloaded.
        case reloaded(routes: Int, version: Int)
    }

    /// A job that Zizq accepted.
    package struct QueuedJob: Sendable, Hashable {
        /// Its number in the outbox.
        package let job: Int64
        package let type: String
        package let queue: String
        package let zizqID: String
    }

    private let logger: Logger
    /// Building a record costs more than the rest of the work for most deliveries.
    private let logsEach: Bool
    private let show: (@Sendable (Entry) -> Void)?
    /// Events that are shown need not be logged.
    private let logsWhatIsShown: Bool

    /// - Parameter show: called for each event, on its thread.
    package init(logger: Logger, show: (@Sendable (Entry) -> Void)? = nil) {
        self.logger = logger
        self.show = show
        logsEach = logger.logLevel <= .debug
        logsWhatIsShown = show == nil || logsEach
    }

    /// - Parameter changedBody: a key was seen before with another body; reported here if that part was not stored, or
    ///   may not have been.
    func stored(
        _ id: String, route: String, jobs: Int, deadLetters: [DeadLetterReason], duplicates: Int, changedBody: Bool
    ) {
        if changedBody, duplicates > 0 {
            logger.notice(
                "stored a delivery with duplicate parts, one with a different body",
                metadata: .fields([.delivery: id, .route: route, .status: 200, .jobs: jobs, .count: duplicates]))
        }
        if !deadLetters.isEmpty, logsWhatIsShown {
            // Many elements may have the same reason.
            let reasons = DeadLetterReason.allCases.filter(deadLetters.contains).map(\.rawValue).joined(separator: ",")
            logger.warning(
                jobs == 0 ? "stored a delivery as a dead letter" : "stored a delivery, part of it as a dead letter",
                metadata: .fields([.delivery: id, .route: route, .status: 200, .jobs: jobs, .code: reasons]))
        } else if logsEach {
            logger.debug(
                "stored a delivery", metadata: .fields([.delivery: id, .route: route, .status: 200, .jobs: jobs]))
        }
        show?(.stored(id: id, route: route, jobs: jobs, deadLetters: deadLetters, duplicates: duplicates))
    }

    func duplicate(_ id: String, route: String, of first: String, changedBody: Bool) {
        if changedBody {
            logger.notice(
                "answered a duplicate delivery with a different body",
                metadata: .fields([.delivery: first, .route: route, .status: 200]))
        } else if logsEach {
            logger.debug(
                "answered a duplicate delivery", metadata: .fields([.delivery: first, .route: route, .status: 200]))
        }
        show?(.duplicate(of: first, route: route))
    }

    func ignored(_ id: String, route: String, because why: AcknowledgementReason) {
        if logsEach {
            logger.debug(
                "ignored a delivery",
                metadata: .fields([.delivery: id, .route: route, .status: 200, .reason: why.words]))
        }
        show?(.ignored(id: id, route: route))
    }

    /// - Parameter refusal: the reason of a refusal; `nil` if it is answered as the provider expects.
    func handshake(route: String, status: Int, refusal: String?, peer: PeerAddress) {
        if logsWhatIsShown {
            var metadata: Logger.Metadata = .fields([.route: route, .status: status, .peer: peer])
            if let refusal { metadata[LogKey.reason.rawValue] = .string(refusal) }
            logger.info(refusal == nil ? "answered a handshake" : "refused a handshake", metadata: metadata)
        }
        show?(.handshake(route: route, status: status, refusal: refusal))
    }

    /// - Parameters:
    ///   - url: without secret parts.
    ///   - isMade: `false` if calls are skipped.
    func called(_ url: String, isMade: Bool, route: String) {
        if logsWhatIsShown {
            logger.notice(
                isMade ? "confirmed a handshake by calling its URL" : "skipped the call that confirms a handshake",
                metadata: .fields([.route: route, .address: url]))
        }
        show?(.called(url: url, isMade: isMade, route: route))
    }

    func refused(_ code: ErrorCode, route: String?, reason: String, peer: PeerAddress) {
        if logsWhatIsShown {
            // Built even if the limiter then drops the record: the connection limits apply to floods first.
            var metadata: Logger.Metadata = .fields([
                .status: code.httpStatus, .code: code.rawValue, .reason: reason, .peer: peer,
            ])
            if let route { metadata[LogKey.route.rawValue] = .string(route) }
            logger.warning("refused a request", metadata: metadata)
        }
        show?(.refused(code, route: route, reason: reason))
    }

    func senderDisconnected(_ id: String, route: String) {
        logger.notice(
            "stored a delivery whose sender disconnected before the answer",
            metadata: .fields([.delivery: id, .route: route]))
    }

    /// Logged once per route; the metric counts the rest.
    func repairedSurrogates(_ id: String, route: String, count: Int) {
        logger.notice(
            "replaced lone surrogates with U+FFFD in a payload; logged once per route",
            metadata: .fields([.delivery: id, .route: route, .count: count]))
    }

    /// Logged once per route and content type; the metric counts the rest.
    func mislabelledJSON(_ type: String, route: String) {
        logger.warning(
            "a body looks like JSON and was not parsed as JSON; set 'body: json' in the route, or correct the sender",
            metadata: .fields([.route: route, .reason: "its content type: \(type)"]))
    }

    /// Logged once per route; the metric counts the rest.
    func quarantined(route: String) {
        logger.notice(
            "quarantined a request whose signature matches no secret; logged once per route",
            metadata: .fields([
                .route: route, .reason: "after the right secret was added, run: \(QuarantineNotice.verify(route))",
            ]))
    }

    /// Logged once per route and hour; the metric counts the rest.
    func notQuarantined(_ refusal: QuarantineRefusal, route: String) {
        logger.warning(
            "did not quarantine a request whose signature matches no secret; logged once per route and hour",
            metadata: .fields([.route: route, .reason: refusal.words]))
    }

    /// Shows jobs that Zizq has accepted.
    package func queued(_ jobs: [QueuedJob]) { show?(.queued(jobs)) }

    /// Whether each queued job is reported.
    package var wantsQueuedJobs: Bool { show != nil }
}

extension QuarantineRefusal {
    /// A phrase for the log.
    fileprivate var words: String {
        switch self {
        case .routeFull: "route_full: max_requests or max_bytes of the route's quarantine is reached"
        case .addressFull: "address_full: max_per_address of the route's quarantine is reached"
        case .quarantineFull: "quarantine_full: outbox.max_quarantine_bytes is reached"
        case .tooLarge: "too_large: its body has more than 16 MiB"
        case .busy: "busy: too many requests at once, or limits.memory is reached"
        case .outbox: "outbox: the outbox is full, or cannot be written"
        }
    }
}
