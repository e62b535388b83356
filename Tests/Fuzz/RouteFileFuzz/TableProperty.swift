internal import SluiceBase
internal import SluiceJSON
internal import SluiceRouteFiles
internal import SluiceRoutes

/// A file is a table or problems, never both and never neither; it is the same each time; each route is found on its
/// path, takes any body, and makes jobs that are JSON.
enum TableProperty {
    static func check(_ bytes: [UInt8], _ lines: FileLines) {
        let compilation = compile(bytes)
        precondition(
            (compilation.table == nil) == !compilation.problems.isEmpty, "Both a table and problems, or neither.")
        for problem in compilation.problems + compilation.warnings {
            precondition(lines.hold(line: problem.line, column: problem.column), "A problem is outside the file.")
            precondition(FileLines.isMessage(problem.message), "A message is not one line.")
        }
        let again = compile(bytes)
        precondition(
            again.problems == compilation.problems && again.warnings == compilation.warnings, "Twice is not the same.")
        if let table = compilation.table { check(table) }
    }

    private static func compile(_ bytes: [UInt8]) -> RouteCompilation {
        var options = RouteOptions()
        options.secrets = .throwAway
        options.allowsInlineSecrets = true
        return RouteTable.compile(
            [RouteFile(name: "f.yaml", bytes: bytes)], secretFiles: SecretFiles(folder: "."), environment: [:],
            options: options)
    }

    private static func check(_ table: RouteTable) {
        for route in table.routes {
            let path = path(of: route)
            precondition(table.match(path: path.span)?.index == route.index, "A route is not found on its own path.")
            let target = String(decoding: path, as: UTF8.self)
            for body in bodies {
                check(route, RequestToSign(method: "POST", target: target, headers: headers, body: Array(body.utf8)))
            }
        }
    }

    /// With its parameters replaced by a value that no file has.
    private static func path(of route: Route) -> [UInt8] {
        let segments = route.path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return Array(
            segments.map { $0.first == UInt8(ascii: "{") ? Array("\u{10FFFD}".utf8) : Array($0) }.joined(
                separator: "/".utf8))
    }

    private static let headers = [
        RequestToSign.Header("Content-Type", "application/json"), .init("X-GitHub-Event", "push"),
    ]
    private static let bodies = [
        #"{"ref":"refs/heads/main","after":"a","repository":{"full_name":"a/b"},"list":[1,{"id":2}]}"#, "[1]", "x",
    ]

    private static func check(_ route: Route, _ request: RequestToSign) {
        var request = request
        request = (try? route.sign(request, at: 1, id: "d")) ?? request
        let outcome = request.withView { view in
            var scratch = RouteScratch()
            let arrival = RequestArrival(sender: .unknown, receivedAtMilliseconds: 1, deliveryID: "d")
            return route.handle(view, arrival, from: .head, scratch: &scratch)
        }
        guard case .store(let delivery, _) = outcome else { return }
        precondition(!delivery.jobs.isEmpty || !delivery.deadLetters.isEmpty, "A delivery of nothing.")
        for job in delivery.jobs { precondition(isJSON(job.payload), "A payload is not JSON.") }
    }

    private static func isJSON(_ json: [UInt8]) -> Bool {
        var findings = JSONFindings()
        return (try? JSONScanner.scan(json.span, paths: .none, into: &findings)) != nil
    }
}
