import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// Random routes and random requests: an account ends as the gateway does, and tells of what the gateway makes.
@Suite(.serialized) struct ExplanationPropertyTests {
    @Test(
        "the end of an account is what the gateway makes of the request, and its steps add up to it", arguments: 0..<150
    )
    func agreement(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let text = RandomRoute.text(&random)
        let compilation = compile([("r.yaml", text)])
        try #require(compilation.problems.isEmpty, "\(compilation.problems.map(\.description)) \(text)")
        let table = try #require(compilation.table)
        let route = try #require(table.routes.first)
        for _ in 0..<20 {
            let request = RandomRoute.request(to: route.path, &random)
            let arrival = request.arrival()
            let explainer = try #require(Explainer(compilation, elementLimit: .max))
            let explained = explainer.explain(request.toSign, arrival, signs: false)
            #expect(
                String(describing: explained.outcome) == String(describing: served(request, route)),
                "\(text) \(request)")
            expectSteps(of: explained, text)
            let short = try #require(Explainer(compilation, elementLimit: 1))
                .explain(request.toSign, arrival, signs: false)
            #expect(String(describing: short.outcome) == String(describing: explained.outcome))
            #expect(short.steps.count { $0.name.hasPrefix("element ") } <= 1)
        }
    }

    /// What the gateway makes of it, without a trace.
    private func served(_ request: TestRequest, _ route: Route) -> RouteOutcome {
        request.toSign.withView(from: request.peer) { view in
            if let refusal = route.admit(view, request.arrival()) { return refusal }
            if view.body.count > route.bodyLimit.bytes {
                return .refused(.bodyTooLarge, reason: "the body has more than \(route.bodyLimit)")
            }
            var scratch = RouteScratch()
            return route.handle(view, request.arrival(), from: .signature, scratch: &scratch)
        }
    }

    private static let headSteps = ["allow_from", "methods", "content_types", "gzip", "body_limit", "signature"]

    private func expectSteps(of explained: Explanation, _ text: String) {
        let refused = explained.steps.filter { $0.holds == false && Self.headSteps.contains($0.name) }
        #expect(refused.isEmpty || refused.count == 1 && explained.refusal != nil)
        if let step = refused.first { #expect(step == explained.steps.dropLast().last, "\(text)") }
        for rule in explained.steps where rule.name.hasPrefix("rule ") && rule.holds != nil {
            #expect(rule.holds == rule.details.allSatisfy { $0.holds == true }, "\(text)")
        }
        guard case .store(let stored, _) = explained.outcome else { return }
        // A delivery that is one dead letter as a whole leaves nothing of what its elements made.
        if stored.jobs.isEmpty, stored.deadLetters.count == 1, stored.deadLetters[0].share == .all { return }
        #expect(explained.steps("job").count == stored.jobs.count, "\(text)")
        for (step, job) in zip(explained.steps("job"), stored.jobs) {
            #expect(step.text == "by rule \((job.rule ?? 0) + 1): type \(job.type), queue \(job.queue)")
        }
        let letters = stored.deadLetters.filter { $0.reason != .noMatchingRule && $0.reason != .uniqueKeyMissing }
        #expect(explained.steps("no job").count == letters.count, "\(text)")
        let keys = explained.steps("unique key").filter { $0.holds == true }.map(\.text)
        #expect(Set(keys).isSubset(of: stored.parts.map { PrintableText.escape($0.key?.text ?? "") }), "\(text)")
        expectRules(of: explained, text)
    }

    /// An element, or the delivery without elements, has either a rule that matches or `otherwise`.
    private func expectRules(of explained: Explanation, _ text: String) {
        var matches = 0
        var last: String?
        for step in explained.steps {
            if step.name == "rule 1" { matches = 0 }
            if step.name.hasPrefix("rule "), step.holds == true { matches += 1 }
            if step.name == "otherwise" { #expect(matches == 0, "\(text)") }
            if step.name == "job" || step.name == "no job" { #expect(matches > 0, "\(text) after \(last ?? "")") }
            last = step.name
        }
    }
}

/// A route made of random choices among what the language has, on `/hook` or `/hook/{p}`.
enum RandomRoute {
    static func text(_ random: inout SeededRandom) -> String {
        func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &random)]
        }
        let isSigned = Bool.random(using: &random)
        let each = pick(["", "", "each: ${body.items[]}", "each: '${body.items[] ?? null}'", "each: lines"])
        let isEach = !each.isEmpty
        let isAll = Bool.random(using: &random)
        let key = pick([
            "", "${body.a}", "${header.X-Id}", "[ '${body.a}', '${event}' ]", isEach ? "${item.id}" : "${body.b.c}",
        ])
        var lines = [
            "name: r", pick(["path: /hook", "path: '/hook/{p}'"]),
            isSigned
                ? "verify: { alg: hmac-sha256, signature_from: '${header.X-Signature}' }\n    secrets: [ { env: SECRET } ]"
                : "verify: none",
            each, pick(["", "event: ${header.X-Event}", "event: '${body.a ?? \"none\"}'"]), pick(["", "gzip: true"]),
            each == "each: lines" ? "" : pick(["", "body: json", "body: form", "body: text"]),
            pick(["", "body_limit: 1KiB"]),
            pick(["", "content_types: [ application/json, text/* ]"]), pick(["", "methods: [ POST, PUT ]"]),
            pick(["", "allow_from: [ 192.0.2.0/24 ]"]), pick(["", "keep_request: true"]),
            pick(["", "on_unreadable: reject"]),
            pick(["", "on_mismatch: reject"]), isAll ? "match: all" : "",
            pick(["otherwise: ignore", "otherwise: dead_letter"]),
            pick(["", "reply: { status: 201, body: { a: '${body.a}', id: '${delivery.id}' } }"]),
        ]
        if lines[4].isEmpty, key.contains("event") { lines.append("event: x-${body.a}") }
        if !key.isEmpty {
            lines.append("unique_key: \(key)")
            lines.append(
                pick([
                    "", "unique_key_missing: reject", "unique_key_missing: body_hash",
                    "unique_key_missing: dead_letter",
                ]))
        }
        let root = isEach ? "item" : "body"
        var rules: [String] = []
        for index in 0..<Int.random(in: 1...4, using: &random) {
            let when = pick([
                "\(root).n: { greater: \(Int.random(in: 0..<5, using: &random)) }", "header.X-Event: push",
                "any: [ { \(root).k: x }, { \(root).n: [1, 2] } ]", "not: { \(root).k: { exists: true } }",
                "\(root).k: { like: 'x*' }",
            ])
            let make = pick([
                "kind: k", "type: t\(index)", "ignore: true", "type: 't_${\(root).k}'",
                "type: t, queue: '${\(root).n}', priority: '${\(root).n}'",
                "kind: k, payload: { id: '${\(root).n}' }",
            ])
            rules.append("      - { when: { \(when) }, \(make) }")
        }
        return "kinds: { k: { payload: { id: integer } } }\nroutes:\n  - "
            + lines.filter { !$0.isEmpty }.joined(separator: "\n    ") + "\n    jobs:\n" + rules.joined(separator: "\n")
            + "\n"
            + "  - { name: user, path: /other, verify: none, jobs: [ { kind: k } ] }\n"
    }

    static func request(to path: String, _ random: inout SeededRandom) -> TestRequest {
        func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &random)]
        }
        func element() -> String {
            let members = [
                pick([#""id":"i1""#, #""id":2"#, #""id":null"#, ""]), pick([#""n":1"#, #""n":4"#, #""n":"x""#, ""]),
                pick([#""k":"x""#, #""k":"xy z,""#, ""]),
            ]
            return "{\(members.filter { !$0.isEmpty }.joined(separator: ","))}"
        }
        let elements = (0..<Int.random(in: 0..<5, using: &random)).map { _ in element() }
        let own = String(element().dropFirst().dropLast())
        let body = pick([
            "{\"items\":[\(elements.joined(separator: ","))],\"a\":\"k\"\(own.isEmpty ? "" : "," + own)}", element(),
            elements.joined(separator: "\n"), "{\"items\":{}", "a=1&n=2&k=x", "", "[1,2]",
            String(repeating: " ", count: 1100) + "{}",
        ])
        var headers: [(name: String, value: String)] = []
        if Int.random(in: 0..<4, using: &random) > 0 {
            headers.append(
                (
                    "Content-Type",
                    pick([
                        "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                        "application/json; charset=x",
                    ])
                ))
        }
        if Bool.random(using: &random) { headers.append(("X-Event", pick(["push", "pull"]))) }
        for _ in 0..<pick([0, 1, 1, 2]) { headers.append(("X-Id", pick(["i", " "]))) }
        if Int.random(in: 0..<8, using: &random) == 0 { headers.append(("Content-Encoding", pick(["gzip", "br"]))) }
        let bytes = Array(body.utf8)
        if Int.random(in: 0..<8, using: &random) > 0 {
            headers.append(
                (
                    "X-Signature",
                    signature(bytes, Int.random(in: 0..<8, using: &random) == 0 ? "wrong" : "a secret of tests")
                ))
        }
        var request = TestRequest(
            body, target: path.replacing("{p}", with: "p%20q") + pick(["", "?x=1"]), headers: headers)
        request.method = pick(["POST", "POST", "POST", "POST", "PUT"])
        if Int.random(in: 0..<8, using: &random) == 0 { request.peer = PeerAddress(ipv4: (198, 51, 100, 1), port: 1) }
        return request
    }
}
