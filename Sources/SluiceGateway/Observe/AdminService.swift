internal import SluiceBase
internal import SluiceHTTP
internal import Synchronization

/// The read-only admin listener: `/healthz`, `/readyz` and `/metrics`. Belongs to its loop.
final class AdminService: HTTPService {
    private let condition: GatewayCondition
    private let metrics: MetricsRegistry

    init(condition: GatewayCondition, metrics: MetricsRegistry) {
        self.condition = condition
        self.metrics = metrics
    }

    func admit(_ request: borrowing RequestView) -> Admission<NoContext> {
        guard request.path.equals("/healthz") || request.path.equals("/readyz") || request.path.equals("/metrics")
        else {
            return .refuse(ProblemDocument.response(for: .noSuchRoute))
        }
        guard request.method.equals("GET") || request.method.equals("HEAD") else {
            return .refuse(
                ProblemDocument.response(for: .methodNotAllowed, headers: [(name: "allow", value: "GET, HEAD")]))
        }
        return .body(limit: 0)
    }

    func respond(to request: borrowing RequestView, context: NoContext, exchange: ExchangeID) -> ServiceReply {
        if request.path.equals("/metrics") {
            return .now(
                HTTPResponse(
                    status: 200, headers: [(name: "content-type", value: PrometheusText.contentType)],
                    body: metrics.render()))
        }
        // Alive means that its event loops continue; ready means that it can commit. Whether Zizq answers does not
        // matter: ingest continues without it.
        guard request.path.equals("/readyz") else {
            return .now(condition.isStuck() ? Self.status("event_loop_stuck", 503) : Self.status("ok", 200))
        }
        if let reason = condition.reason { return .now(Self.status(reason, 503)) }
        return .now(Self.status("ok", 200, warning: condition.warning))
    }

    private static func status(_ text: String, _ status: Int, warning: String? = nil) -> HTTPResponse {
        let warning = warning.map { #","warning":"\#($0)""# } ?? ""
        return HTTPResponse(
            status: status, headers: [(name: "content-type", value: "application/json")],
            body: Array(#"{"status":"\#(text)"\#(warning)}"#.utf8))
    }
}

/// Whether the gateway can accept deliveries. Written by its components, read by `/readyz` and `/healthz`. Can be used
/// from any thread.
package final class GatewayCondition: Sendable {
    private let draining = Atomic<Bool>(false)
    private let started = Atomic<Bool>(false)
    private let outbox: @Sendable () -> String?
    private let concern: @Sendable () -> String?
    /// Whether an event loop does not return, so that only a restart helps its connections.
    let isStuck: @Sendable () -> Bool

    /// - Parameters:
    ///   - outbox: returns why the outbox cannot commit; `nil` if it can.
    ///   - concern: returns what will prevent it from committing unless someone acts.
    package init(
        outbox: @escaping @Sendable () -> String?, concern: @escaping @Sendable () -> String? = { nil },
        isStuck: @escaping @Sendable () -> Bool = { false }
    ) {
        (self.outbox, self.concern, self.isStuck) = (outbox, concern, isStuck)
    }

    /// All listeners are ready.
    package func start() { started.store(true, ordering: .relaxed) }

    /// A stop was requested.
    package func beginDrain() { draining.store(true, ordering: .relaxed) }

    /// Why it is not ready; `nil` if it is.
    var reason: String? {
        if draining.load(ordering: .relaxed) { return "draining" }
        if !started.load(ordering: .relaxed) { return "starting" }
        return outbox()
    }

    /// A problem that needs attention although it is ready.
    var warning: String? { concern() }
}
