internal import SluiceBase
internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// A text in a route makes JSON of any body, whatever it refers to; one that is no text with references
/// makes no route.
enum RouteProperty {
    static func check(_ text: String) {
        let literal = escaped(text)
        let file = """
            routes:
              - path: /a/{tenant}
                verify: none
                public_url: https://hooks.example.com
                event: ${body.event}
                each: ${body.list}
                unique_key: ["k", \(literal)]
                jobs: [{type: t, payload: {a: \(literal), b: ["x", \(literal)]}}]
            """
        var options = RouteOptions()
        options.secrets = .throwAway
        let compilation = RouteTable.compile(
            [RouteFile(name: "f.yaml", bytes: Array(file.utf8))], secretFiles: SecretFiles(folder: "."),
            environment: [:], options: options)
        precondition(
            (compilation.table == nil) == !compilation.problems.isEmpty, "Both a table and problems, or neither.")
        guard let route = compilation.table?.routes.first else { return }
        precondition((try? TemplateParser.parse(text)) != nil, "A text that cannot be read made a route.")
        for body in bodies { check(route, body) }
    }

    private static let bodies = [
        #"{"event":"e","list":[1,{"id":"\ud800","a":[{"b":null}]},null],"a":{"b":"c"}}"#, #"{"list":["x"],"id":[]}"#,
        #"{"list":7}"#,
    ]

    private static func check(_ route: Route, _ body: String) {
        let request = RequestToSign(
            method: "POST", target: "/a/x%22y?a=b&id=1",
            headers: [.init("Content-Type", "application/json"), .init("X-Id", "\"\\")],
            body: Array(body.utf8))
        let outcome = request.withView { view in
            var scratch = RouteScratch()
            let arrival = RequestArrival(sender: .unknown, receivedAtMilliseconds: 1, deliveryID: "d")
            return route.handle(view, arrival, from: .head, scratch: &scratch)
        }
        guard case .store(let delivery, _) = outcome else { return }
        for job in delivery.jobs {
            var findings = JSONFindings()
            precondition(
                (try? JSONScanner.scan(job.payload.span, paths: .none, into: &findings)) != nil,
                "A payload is not JSON.")
            precondition(job.uniqueKey.map { $0.utf8.count <= 200 } ?? true, "A key is too long for Zizq.")
        }
    }

    /// In double quotes, every character escaped.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "\"") { literal, scalar in
            let digits = String(scalar.value, radix: 16)
            literal += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        } + "\""
    }
}
