import SluiceBase
import SluiceRoutes
import Testing

/// A signed route with handshake rules on `/hook`, and what it makes of a request.
struct HandshakeRoute {
    static let environment = [
        "SECRET": "a secret of tests", "TOKEN": "the verify token", "OTHER": "another verify token",
    ]

    let route: Route

    /// - Parameters:
    ///   - rules: the entries of `handshake`, in the flow style of YAML.
    ///   - lines: more of the route.
    init(_ rules: String..., lines: String = "", sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        let text = Self.text(rules, lines: lines)
        route = try SluiceRoutesTests.route(text, environment: Self.environment, sourceLocation: sourceLocation)
    }

    static func text(_ rules: [String], lines: String = "") -> String {
        var text = """
            routes:
            - path: /hook
              verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signature_prefix: "sha256=" }
              secrets: [ { env: SECRET } ]

            """
        for line in lines.split(separator: "\n") { text += "  \(line)\n" }
        text += "  handshake:\n"
        for rule in rules { text += "  - \(rule)\n" }
        return text + "  jobs: [ { type: t } ]\n"
    }

    static let secrets = "handshake_secrets: [ { env: TOKEN }, { env: OTHER } ]"

    /// A request without a signature.
    func get(_ query: String, method: String = "GET", headers: [(name: String, value: String)] = []) -> String {
        var request = TestRequest("", target: "/hook" + (query.isEmpty ? "" : "?\(query)"), headers: headers)
        request.method = method
        return outcome(request)
    }

    /// The same whether the request is judged as a whole, as it comes in, or step by step for a person.
    func outcome(_ request: TestRequest, sourceLocation: Testing.SourceLocation = #_sourceLocation) -> String {
        let outcome = request.processed(by: route).summary
        #expect(served(request) == outcome, sourceLocation: sourceLocation)
        #expect(explained(request).outcome == outcome, sourceLocation: sourceLocation)
        return outcome
    }

    /// Its head first, then all of it.
    private func served(_ request: TestRequest) -> String {
        var head = request
        head.body = []
        head.headers.append(("Content-Length", String(request.body.count)))
        var complete = head
        complete.body = request.body
        if let refusal = head.withView({ route.admit($0, request.arrival()) }) { return refusal.summary }
        return complete.withView { view in
            var scratch = RouteScratch()
            return route.handle(view, request.arrival(), from: .signature, scratch: &scratch).summary
        }
    }

    /// - Returns: the outcome, and the steps whose name begins with `handshake`.
    func explained(_ request: TestRequest) -> (outcome: String, steps: [TraceStep]) {
        request.withView { view in
            var (trace, scratch) = (RecordedTrace(RouteSource()), RouteScratch())
            let outcome = route.handle(view, request.arrival(), from: .head, trace: &trace, scratch: &scratch)
            return (outcome.summary, trace.steps.filter { $0.name.hasPrefix("handshake") })
        }
    }
}
