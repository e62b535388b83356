import DevQueue
internal import Foundation
import Testing

/// Requests whose signature no secret matches, kept by the shipped binary and verified again.
@Suite struct QuarantineTests {
    private static let first = "the first secret of the shop"
    private static let second = "the second secret of the shop"

    private static func routes(
        secrets: String = "{ env: FIRST }", quarantine: String = "true", verify: String = "", lines: String = ""
    ) -> [String: String] {
        [
            "shop.yaml": """
            routes:
            - name: shop
              path: /shop
              verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signature_prefix: "sha256="\(verify) }
              secrets: [ \(secrets) ]
              quarantine: \(quarantine)
            \(lines)
              jobs: [ { type: order, payload: { n: "${body.n}" } } ]

            """
        ]
    }

    private static let key = "  unique_key: '${body.n}'"

    private static func setup(
        _ routes: [String: String], queue: String? = nil, settings: [String: String] = [:],
        folder: TemporaryFolder? = nil
    ) -> GatewaySetup {
        GatewaySetup(
            settings: settings, routes: routes, environment: ["FIRST": first, "SECOND": second], queue: queue,
            folder: folder)
    }

    private func order(_ number: Int, secret: String = second, signing prefix: String = "") -> Webhook {
        let body = Array(#"{"n":\#(number)}"#.utf8)
        let signature = Webhook.signature(of: Array(prefix.utf8) + body, secret: secret)
        return Webhook(
            target: "/shop", headers: [("host", "h"), ("x-signature", signature), ("cookie", "c=1")], body: body)
    }

    private static let kept = #"sluice_quarantine_requests{route="shop"}"#

    private static func sql(_ text: String, in folder: TemporaryFolder) async throws {
        let process = try ChildProcess(
            "sqlite3", ["outbox.db", text], environment: ["PATH": "/usr/bin:/bin"], folder: folder.path)
        #expect(try await process.ending() == .exited(0))
    }

    @Test("refused webhooks are kept, and become jobs once after their secret was added; a retry in between counts")
    func life() async throws {
        let queue = try await TestQueue.start(isLicensed: false)
        try await GatewayUnderTest.run(Self.setup(Self.routes(lines: Self.key), queue: queue.url)) { gateway in
            var bare = order(1)
            bare[header: "x-signature"] = nil
            #expect(try await gateway.answer(to: bare).code == "signature_missing")
            for number in 1...3 {
                let answer = try await gateway.answer(to: order(number))
                #expect(answer.status == 401 && answer.code == "signature_invalid", "\(answer)")
            }
            // A list has what was answered before it, also what waits to be stored.
            let list = try await gateway.command("quarantine", "list", "--route", "shop")
            #expect(try await gateway.metric(Self.kept) == 3)
            #expect(try await gateway.metric(#"sluice_quarantined_total{route="shop"}"#) == 3)
            let reason = "the header x-signature does not match any secret of the route"
            #expect(list.output.split(separator: "\n").count == 4 && list.output.contains(reason), "\(list)")
            #expect(list.output.contains("127.0.0.1") && !list.output.contains("sha256="), "\(list)")
            let status = try await gateway.command("outbox", "status")
            #expect(status.output.contains("quarantine       3, 1."), "\(status)")
            let command = "run: sluice quarantine verify --route shop"
            let table = try await gateway.command("routes")
            #expect(
                table.output.contains(
                    "route shop: 3 requests in the quarantine; after the right secret was added, \(command)"),
                "\(table)")
            let early = try await gateway.command("quarantine", "verify", "--all")
            #expect(early.ending == .exited(1), "\(early)")
            #expect(early.output.hasPrefix("request 1: still refused: signature_invalid: \(reason)\n"), "\(early)")
            #expect(early.output.hasSuffix("\n0 verified, 0 jobs, 3 still refused\n"), "\(early)")
            #expect(early.errors == "sluice: 3 requests still in the quarantine\n")

            let both = Self.routes(secrets: "{ env: FIRST }, { env: SECOND }", lines: Self.key)
            try gateway.folder.write(both["shop.yaml"] ?? "", to: "routes/shop.yaml")
            let hint =
                "route shop: 3 requests in the quarantine, and its secrets have changed; to verify them, \(command)"
            let reloaded = try await gateway.command("reload")
            #expect(reloaded.output.hasSuffix("\n\(hint)\n") || gateway.records(saying: hint).count == 1, "\(reloaded)")
            #expect(try await gateway.answer(to: order(1)).text.contains(#""jobs":1"#))
            let one = try await gateway.command("quarantine", "verify", "2")
            #expect(one.output == "1 verified, 1 job\n" && one.ending == .exited(0), "\(one)")
            let rest = try await gateway.command("quarantine", "verify", "--route", "shop")
            #expect(rest.output == "2 verified, 1 job, 1 duplicate\n" && rest.ending == .exited(0), "\(rest)")
            #expect(try await gateway.answer(to: order(3)).text.contains(#""duplicate":true"#))
            #expect(try await queue.arrivals(3).sorted() == [1, 2, 3])
            #expect(try await gateway.metric(Self.kept) == 0)
            let gone = try await gateway.command("quarantine", "verify", "1")
            #expect(gone.ending == .exited(1) && gone.errors == "sluice: no quarantined request 1\n", "\(gone)")
            let news = gateway.records().filter { $0.message.contains("matches no secret; logged once per route") }
            #expect(news.map { $0["route"] } == ["shop"])
            for line in gateway.log.lines { #expect(!line.contains("sha256=") && !line.contains(#"{"n""#), "\(line)") }
            try await gateway.untilMetric("sluice_outbox_jobs", is: 0)
            #expect(try await gateway.stop() == .exited(0))
            let rests = try await gateway.command("quarantine", "verify", "--all")
            #expect(rests.output == "no quarantined requests\n" && rests.ending == .exited(0), "\(rests)")
            let needs = try await gateway.command("quarantine", "verify", "1")
            #expect(needs.ending == .exited(69) && needs.errors.contains("start it first"), "\(needs)")
            #expect(try await gateway.command("quarantine", "list").output == "no quarantined requests\n")
        }
        #expect(queue.store.jobCount == 3)
        await queue.stop()
    }

    @Test("a signed timestamp counts from the receipt, a damaged request is said, and one can be dropped at rest")
    func timeAndDamage() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        func routes(_ tolerance: String, _ secrets: String) -> [String: String] {
            let verify =
                ", signed: '${timestamp}.${body}', timestamp_from: '${header.T}', tolerance: \(tolerance)"
            return Self.routes(secrets: secrets, verify: verify, lines: Self.key)
        }
        try await GatewayUnderTest.run(Self.setup(routes("3h", "{ env: FIRST }"), folder: folder)) { gateway in
            let earlier = Int(Date().timeIntervalSince1970) - 3600
            for number in 1...4 {
                var request = order(number, signing: "\(earlier).")
                request[header: "t"] = "\(earlier)"
                #expect(try await gateway.answer(to: request).status == 401)
            }
            try await gateway.untilMetric(Self.kept, is: 4)
            #expect(try await gateway.stop() == .exited(0))
        }
        // As if they had come when they were signed.
        try await Self.sql("UPDATE quarantine SET received_at = received_at - 3600000 WHERE id < 4", in: folder)
        try await Self.sql("UPDATE quarantine SET request = x'00' WHERE id = 2", in: folder)
        let setup = Self.setup(routes("5m", "{ env: SECOND }"), folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            #expect(try await gateway.metric(Self.kept) == 4)
            let done = try await gateway.command("quarantine", "verify", "--all")
            #expect(done.output.contains("request 2: still refused: its bytes differ from what was stored"), "\(done)")
            #expect(done.output.contains("request 4: still refused: signature_expired: "), "\(done)")
            #expect(done.output.hasSuffix("\n2 verified, 2 jobs, 2 still refused\n"), "\(done)")
            #expect(try await gateway.metric("sluice_outbox_jobs") == 2)
            let name = "routes/shop.yaml"
            let before = try folder.read(name)
            try folder.write(
                "routes: [ { name: shop, path: /shop, verify: none, jobs: [ { type: order } ] } ]\n", to: name)
            let reloaded = try await gateway.command("reload")
            #expect(reloaded.ending == .exited(0) && !reloaded.output.contains("secrets have changed"), "\(reloaded)")
            let unverified = try await gateway.command("quarantine", "verify", "--all")
            #expect(unverified.output.contains("request 4: still refused: its route verifies nothing"), "\(unverified)")
            try folder.write(before, to: name)
            #expect(try await gateway.command("reload").ending == .exited(0))
            for (command, name) in [("list", "shpo"), ("verify", "shpo"), ("drop", "shpo"), ("list", ""), ("drop", "")]
            {
                let unknown = try await gateway.command("quarantine", command, "--route", name)
                #expect(unknown.errors.contains("no route with this name is loaded; known routes: shop"), "\(unknown)")
                #expect(unknown.output.isEmpty && unknown.ending == .exited(1), "\(unknown)")
            }
            let dropped = try await gateway.command("quarantine", "drop", "9", "2", "2")
            #expect(dropped.output == "1 request dropped\n" && dropped.ending == .exited(1), "\(dropped)")
            #expect(dropped.errors == "sluice: no quarantined request 9\n")
            let again = try await gateway.command("quarantine", "verify", "4", "2")
            #expect(again.errors == "sluice: no quarantined request 2\n" && again.ending == .exited(1), "\(again)")
            #expect(again.output.hasSuffix("0 verified, 0 jobs, 1 still refused\n"), "\(again)")
            #expect(try await gateway.stop() == .exited(0))
            let rest = try await gateway.command("quarantine", "drop", "--route", "shop")
            #expect(rest.output == "1 request dropped\n" && rest.ending == .exited(0), "\(rest)")
            let none = try await gateway.command("quarantine", "drop", "--route", "shop")
            #expect(none.output == "no quarantined requests\n" && none.ending == .exited(0), "\(none)")
            #expect(try await gateway.command("quarantine", "drop").ending == .exited(2))
        }
    }

    @Test("the limits of a route hold against many senders, and its other webhooks are stored meanwhile")
    func limits() async throws {
        let quarantine = "{ max_requests: 6, max_per_address: 4 }"
        let settings = ["trusted_proxies": "127.0.0.0/8"]
        try await GatewayUnderTest.run(
            Self.setup(Self.routes(quarantine: quarantine, lines: Self.key), settings: settings)
        ) { gateway in
            let wire = try gateway.connect()
            for number in 1...60 {
                var request = order(number, secret: number.isMultiple(of: 3) ? Self.first : Self.second)
                request[header: "x-forwarded-for"] = number <= 30 ? "192.0.2.1" : "2001:db8::\(number)"
                try wire.send(request.bytes)
                let answer = try await wire.answer()
                #expect(answer.status == (number.isMultiple(of: 3) ? 200 : 401))
            }
            try await gateway.untilMetric(Self.kept, is: 6)
            func dropped(_ reason: String) async throws -> Double? {
                try await gateway.metric(#"sluice_quarantine_dropped_total{route="shop",reason="\#(reason)"}"#)
            }
            #expect(try await dropped("address_full") == 16)
            #expect(try await dropped("route_full") == 18)
            let news =
                "did not quarantine a request whose signature matches no secret; logged once per route and hour"
            #expect(gateway.records(saying: news).count == 1)
            let list = try await gateway.command("quarantine", "list")
            #expect(list.output.contains("192.0.2.1") && list.output.contains("2001:db8::31"), "\(list)")
            #expect(try await gateway.metric("sluice_outbox_jobs") == 20)
            #expect(try await gateway.stop() == .exited(0))
        }
    }

    @Test("kill -9 during 'quarantine verify' neither loses a webhook nor doubles one")
    func killed() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        // Without a unique key nothing else would keep a second job away.
        let setup = Self.setup(Self.routes(secrets: "{ env: FIRST }"), folder: folder)
        try await GatewayUnderTest.run(setup) { gateway in
            for number in 1...30 { #expect(try await gateway.answer(to: order(number)).status == 401) }
            try await gateway.untilMetric(Self.kept, is: 30)
            #expect(try await gateway.stop() == .exited(0))
        }
        let right = Self.setup(Self.routes(secrets: "{ env: SECOND }"), folder: folder)
        for _ in 1...3 {
            try await GatewayUnderTest.run(right) { gateway in
                let before = try await gateway.metric("sluice_outbox_jobs") ?? 0
                #expect(try await gateway.metric(Self.kept) == 30 - before)
                async let verified = gateway.command("quarantine", "verify", "--all")
                try await gateway.untilMetric(atLeast: min(30, before + 5), "sluice_outbox_jobs")
                gateway.process.kill()
                _ = try await gateway.process.ending()
                _ = try await verified
            }
        }
        try await GatewayUnderTest.run(right) { gateway in
            _ = try await gateway.command("quarantine", "verify", "--all")
            #expect(try await gateway.metric("sluice_outbox_jobs") == 30)
            #expect(try await gateway.metric(Self.kept) == 0)
            let jobs = try await gateway.command("outbox", "list", "--limit", "500", "--json")
            #expect(jobs.output.split(separator: "\"delivery\":").count == 31)
            #expect(try await gateway.stop() == .exited(0))
        }
    }
}
