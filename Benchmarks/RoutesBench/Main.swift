internal import Glibc
internal import SluiceBase
internal import SluiceRouteFiles
internal import SluiceRoutes

/// `RoutesBench BODY`: what route files cost: loading ten thousand routes, finding one of them, and rendering a
/// payload.
///
/// BODY is the file of a GitHub push. Prints microseconds and ratios, and ends with 1 where a ratio is over its limit.
@main
@MainActor
enum RoutesBench {
    private static let rounds = 9
    // Of the main thread.
    @MainActor private static var isFine = true

    static func main() throws {
        guard CommandLine.arguments.count == 2 else { fatalError("usage: RoutesBench BODY") }
        let body = try FileAccess.read(CommandLine.arguments[1], limit: 1 << 20)
        try load()
        try match()
        try render(body)
        try verify()
        try presets()
        exit(isFine ? 0 : 1)
    }

    // MARK: - Loading

    private static func load() throws {
        let files = TableText.files(routes: 10_000)
        let seconds = best { _ = compile(files) } / 1e6
        say(
            "10,000 routes in \(files.count) files are read, checked and compiled in \(fixed(seconds)) s", limit: 1,
            of: seconds)
    }

    // MARK: - Matching

    /// The same requests in a table of ten routes and in one of ten thousand: to ten of its routes, and to all of them.
    private static func match() throws {
        for kind in TableText.Path.allCases {
            let few = try table(TableText.files(routes: 10, kind))
            let many = try table(TableText.files(routes: 10_000, kind))
            let ten = (0..<10).map { Array(kind.request($0).utf8) }
            let all = (0..<10_000).map { Array(kind.request($0).utf8) }
            let (fewCost, manyCost) = alternating({ find(ten, 1000, in: few) }, { find(ten, 1000, in: many) })
            let spread = best { find(all, 1, in: many) }
            let ratio = manyCost / fewCost
            say(
                "\(kind.rawValue): a route among 10 is found in \(fixed(fewCost / 10_000 * 1000)) ns, the same among "
                    + "10,000 in \(fixed(manyCost / 10_000 * 1000)) ns (\(fixed(ratio))); "
                    + "each of 10,000 in turn \(fixed(spread / 10_000 * 1000)) ns",
                limit: 1.1, of: ratio)
        }
    }

    private static func find(_ paths: [[UInt8]], _ times: Int, in table: RouteTable) {
        for _ in 0..<times {
            for path in paths where table.match(path: path.span) == nil { fatalError("a path leads nowhere") }
        }
    }

    // MARK: - Rendering

    private static func render(_ body: [UInt8]) throws {
        let passed = try table([TableText.file(passed)]).routes[0]
        let reshaped = try table([TableText.file(reshaped)]).routes[0]
        let (passing, reshaping) = alternating({ process(body, passed) }, { process(body, reshaped) })
        let ratio = reshaping / passing
        say(
            "a body of \(body.count) bytes becomes a job in \(fixed(passing / 2000)) us, with a payload of five "
                + "references in "
                + "\(fixed(reshaping / 2000)) us (\(fixed(ratio)))",
            limit: 1.3, of: ratio)
    }

    private static let passed = "routes: [ { path: /hook, verify: none, jobs: [ { type: t } ] } ]\n"
    private static let reshaped = """
        routes:
          - path: /hook
            verify: none
            jobs:
              - type: t
                payload:
                  repository: ${body.repository.full_name}
                  branch: ${body.ref}
                  commit: ${body.after}
                  owner: ${body.repository.owner.login}
                  text: "pushed to ${body.repository.name}"

        """

    private static func process(_ body: [UInt8], _ route: Route) {
        var scratch = RouteScratch()
        let (method, target) = (Array("POST".utf8), Array("/hook".utf8))
        let headers: [UInt8] = []
        for _ in 0..<2000 {
            let request = RequestView(
                method: method.span, target: target.span, headers: HeaderView(bytes: headers.span, fields: []),
                body: body.span,
                peer: .unknown)
            let arrival = RequestArrival(
                sender: .unknown, receivedAtMilliseconds: 0, deliveryID: "01ARZ3NDEKTSV4RRFFQ69G5FAV")
            let outcome = route.handle(request, arrival, from: .body, scratch: &scratch)
            guard case .store(let delivery, _) = outcome, delivery.jobs.count == 1 else { fatalError("no job") }
        }
    }
}

extension RoutesBench {
    /// A body of 2 KB under HMAC-SHA256: by a header of its own, and with a timestamp that is signed. The signature
    /// does not match, so that nothing but verifying is measured.
    private static func verify() throws {
        for (name, more) in [
            ("the body", ""), ("timestamp and body", ", timestamp_from: '${header.T}', signed: '${timestamp}.${body}'"),
        ] {
            let text =
                "routes: [ { path: /hook, verify: { alg: hmac-sha256, signature_from: '${header.S}'\(more) }, "
                + "secrets: [ { env: SECRET } ], jobs: [ { type: t } ] } ]\n"
            let route = try table([TableText.file(text)]).routes[0]
            let cost = best { refuse(route) } / 10_000
            say("2 KB are verified in \(fixed(cost)) us, with a signature over \(name)", limit: 4, of: cost)
        }
    }

    private static func refuse(_ route: Route) {
        var scratch = RouteScratch()
        let (method, target) = (Array("POST".utf8), Array("/hook".utf8))
        let body = [UInt8](repeating: UInt8(ascii: "b"), count: 2048)
        let headers = Array(("S" + String(repeating: "0a", count: 32) + "T1700000000").utf8)
        let fields = [HeaderField(name: 0..<1, value: 1..<65), HeaderField(name: 65..<66, value: 66..<76)]
        let arrival = RequestArrival(sender: .unknown, receivedAtMilliseconds: 1_700_000_000_000, deliveryID: "")
        for _ in 0..<10_000 {
            let request = RequestView(
                method: method.span, target: target.span, headers: HeaderView(bytes: headers.span, fields: fields),
                body: body.span, peer: .unknown)
            let outcome = route.handle(request, arrival, from: .signature, scratch: &scratch)
            guard outcome.refusal?.code == .signatureInvalid else { fatalError("not refused") }
        }
    }
}

extension RoutesBench {
    /// In microseconds: a tenth of the 50 us of a core that a request takes the gateway in all (`make bench`).
    private static let mostAdded = 5.0
    /// Those that cost more, and how much at most: a form is decoded and sorted, or read as JSON for the signature in
    /// it, and Twilio and Mercado Pago have several texts.
    private static let dear = ["braintree": 12.0, "mercado-pago": 12, "twilio": 14, "vonage-sms": 15]

    /// A body of 2 KB under each preset with an HMAC, against a signature over nothing but the body with the same hash.
    /// The signatures do not match here either.
    private static func presets() throws {
        let presets = ProviderCatalog.all.filter { preset in
            !preset.schemes.isEmpty && preset.schemes.allSatisfy { $0.algorithm.hasPrefix("hmac-") }
        }
        var plain: [String: Double] = [:]
        for algorithm in Set(presets.flatMap(\.schemes).map(\.algorithm)) {
            let text =
                "routes: [ { path: /hook, verify: { alg: \(algorithm), signature_from: '${header.S}' }, "
                + "secrets: [ { env: SECRET } ], jobs: [ { type: t } ] } ]\n"
            let route = try table([TableText.file(text)]).routes[0]
            let body = [UInt8](repeating: UInt8(ascii: "b"), count: 2048)
            let request = try route.sign(RequestToSign(target: "/hook", body: body), at: time, id: "i")
            plain[algorithm] = cost(of: request, try table([TableText.file(text)], secret: "another secret").routes[0])
        }
        let costs = try presets.map { preset in
            let (cost, base) = (try cost(of: preset), plain[preset.schemes[0].algorithm] ?? 0)
            return (name: preset.name, cost: cost, added: cost - base)
        }.sorted { $0.added > $1.added }
        let dearest = costs.first { dear[$0.name] == nil }?.name
        for (name, cost, added) in costs {
            let limit = dear[name, default: mostAdded]
            guard added > limit || dear[name] != nil || name == dearest else { continue }
            say(
                "2 KB are verified in \(fixed(cost)) us by \(name), of \(presets.count) presets with an HMAC: "
                    + "\(fixed(added)) us more than over the body alone", limit: limit, of: added)
        }
    }

    private static let time: Int64 = 1_700_000_000_000

    private static func cost(of preset: ProviderPreset) throws -> Double {
        var sample = SampleRoute()
        sample.path = "/hook"
        sample.account = Dictionary(preset.account.map { ($0.name, "value") }) { first, _ in first }
        let (route, other) = (
            try RouteCompiler.route(sample, of: preset, supply: .throwAway),
            try RouteCompiler.route(sample, of: preset, supply: .throwAway)
        )
        var values = SampleValues(uuid: "00000000-0000-4000-8000-000000000001", number: 1, milliseconds: time)
        values.account = sample.account
        guard var request = preset.sample(preset.sampleNames[0], values, path: route.routePath) else {
            fatalError("\(preset.name) has no sample")
        }
        // A form with a document in one field has no other.
        if preset.texts(of: "json_field").isEmpty || request.body.first == UInt8(ascii: "{") {
            request.body = padded(request.body)
        }
        return cost(of: try route.sign(request, at: time, id: values.uuid), other)
    }

    /// With a member or a field more.
    private static func padded(_ body: [UInt8]) -> [UInt8] {
        let padding = String(repeating: "b", count: max(0, 2048 - body.count))
        if let start = body.prefix(2).firstIndex(of: UInt8(ascii: "{")) {
            return body[...start] + Array("\"padding\":\"\(padding)\",".utf8) + body[(start + 1)...]
        }
        return body.first == UInt8(ascii: "-") || body.isEmpty ? body : body + Array("&padding=\(padding)".utf8)
    }

    /// In microseconds.
    private static func cost(of request: RequestToSign, _ route: Route) -> Double {
        request.withView { view in
            let arrival = RequestArrival(sender: .unknown, receivedAtMilliseconds: time, deliveryID: "")
            var scratch = RouteScratch()
            return best {
                for _ in 0..<500 {
                    let outcome = route.handle(view, arrival, from: .signature, scratch: &scratch)
                    guard outcome.refusal?.code == .signatureInvalid else { fatalError("not refused") }
                }
            } / 500
        }
    }
}

extension RoutesBench {
    private static func compile(_ files: [RouteFile], secret: String = "a secret of the benchmark") -> RouteCompilation
    {
        RouteTable.compile(files, secretFiles: SecretFiles(folder: "."), environment: ["SECRET": secret])
    }

    private static func table(_ files: [RouteFile], secret: String = "a secret of the benchmark") throws -> RouteTable {
        let compilation = compile(files, secret: secret)
        guard let table = compilation.table else { fatalError("\(compilation.problems)") }
        return table
    }

    /// The shortest of several times, in microseconds of this process.
    private static func best(_ work: () -> Void) -> Double {
        (0..<rounds).map { _ in time(work) }.min() ?? 0
    }

    /// The shortest times of two works that take turns, so that both meet the same machine.
    private static func alternating(_ one: () -> Void, _ other: () -> Void) -> (Double, Double) {
        var shortest = (Double.infinity, Double.infinity)
        for _ in 0..<rounds {
            shortest.0 = min(shortest.0, time(one))
            shortest.1 = min(shortest.1, time(other))
        }
        return shortest
    }

    private static func time(_ work: () -> Void) -> Double {
        let start = now()
        work()
        return now() - start
    }

    private static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    private static func say(_ text: String, limit: Double, of value: Double) {
        print(text + (value <= limit ? "" : "   OVER \(fixed(limit))"))
        if value > limit { isFine = false }
    }

    private static func fixed(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}
