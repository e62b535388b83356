internal import SluiceBase
internal import SluiceHTTP

/// The admin listener: `/healthz`, `/readyz` and `/metrics`, to be read and nothing else. Belongs to its loop.
final class AdminService: HTTPService {
    private let condition: GatewayCondition
    private let metrics: MetricsRegistry

    init(condition: GatewayCondition, metrics: MetricsRegistry) {
        self.condition = condition
        self.metrics = metrics
    }

    func admit(_ request: borrowing RequestView) -> Admission {
        guard request.path.equals("/healthz") || request.path.equals("/readyz") || request.path.equals("/metrics")
        else {
            return .refuse(ProblemDocument.response(for: .noSuchRoute))
        }
        guard request.method.equals("GET") || request.method.equals("HEAD") else {
            return .refuse(
                ProblemDocument.response(for: .methodNotAllowed, headers: [(name: "allow", value: "GET, HEAD")]))
        }
        return .body(limit: 0, context: nil)
    }

    func respond(to request: borrowing RequestView, context: AnyObject?, exchange: ExchangeID) -> ServiceReply {
        if request.path.equals("/metrics") {
            return .now(
                HTTPResponse(
                    status: 200, headers: [(name: "content-type", value: PrometheusText.contentType)],
                    body: metrics.render()))
        }
        // Alive means that it answers; ready means that it can commit. Whether Zizq answers is neither: ingest goes on
        // without it.
        guard request.path.equals("/readyz"), let reason = condition.reason else { return .now(Self.status("ok", 200)) }
        return .now(Self.status(reason, 503))
    }

    private static func status(_ text: String, _ status: Int) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: [(name: "content-type", value: "application/json")],
            body: Array(#"{"status":"\#(text)"}"#.utf8))
    }
}
