internal import Foundation
import Testing

/// `sluice explain`, as people and programs call it.
@Suite struct ExplainCommandTests {
    private static let orders = """
        kinds:
          order:
            queue: orders
            payload: { id: integer }
        routes:
          - name: orders
            path: /orders/{shop}
            provider: github
            secrets: [ { env: ORDERS_SECRET } ]
            keep_request: true
            jobs:
              - when: { event: paid, body.total: { greater: 100 } }
                type: large_order
              - when: { event: paid }
                kind: order
                payload: { id: "${body.id}" }
              - when: { event: ping }
                ignore: true
            otherwise: dead_letter

        """

    private typealias Result = (ending: ChildProcess.Ending, output: String, errors: String)

    private func run(
        _ arguments: [String], in folder: TemporaryFolder, input: String? = nil, environment: [String: String] = [:]
    ) async throws -> Result {
        let process = try ChildProcess(
            ProjectFiles.binary, arguments, environment: environment, folder: folder.path, hasInput: input != nil)
        if let input { try await process.write(input) }
        process.closeInput()
        return (try await process.ending(), process.output.text, process.errors.text)
    }

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(Self.orders, to: "routes/orders.yaml")
        return folder
    }

    private func document(_ result: Result) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    }

    private let paid = ["--header", "X-GitHub-Event: paid", "--header", "X-GitHub-Delivery: d1"]

    @Test("prints what docs/reference/cli.md shows, and ends with 0 for a request that would be taken")
    func page() async throws {
        let folder = try folder()
        try folder.putProgram(at: "bin/sluice")
        let page = try ProjectFiles.text("docs/reference/cli.md")
        let begin = try #require(page.range(of: "```\n$ sluice explain "))
        let end = try #require(page.range(of: "\n```\n", range: begin.upperBound..<page.endIndex))
        let block = String(page[begin.lowerBound..<end.lowerBound].dropFirst("```\n$ ".count))
        let shown = try #require(block.range(of: "\nrequest "))
        let path = folder.file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        let process = try ChildProcess(
            "sh", ["-ec", String(block[..<shown.lowerBound])], environment: ["PATH": path], folder: folder.path)
        #expect(try await process.ending() == .exited(0))
        #expect(process.output.text == block[shown.lowerBound...].dropFirst() + "\n")
    }

    @Test("reads a body from standard input, a file or the command line, and all give the same account")
    func bodies() async throws {
        let folder = try folder()
        let body = #"{"id":7,"total":50}"#
        try folder.write(body, to: "body.json")
        let start = ["explain", "--path", "/orders/a", "--clock", "2026-11-25T08:00:00Z"] + paid
        let text = try await run(start + ["--body", body], in: folder)
        #expect(text.ending == .exited(0), "\(text)")
        #expect(text.output.contains(#"payload, 8 bytes: {"id":7}"#), "\(text)")
        #expect(try await run(start + ["--body-file", "body.json"], in: folder).output == text.output)
        #expect(try await run(start + ["--body-file", "-"], in: folder, input: body).output == text.output)
        let missing = try await run(start + ["--body-file", "none.json"], in: folder)
        #expect(missing.errors == "sluice: cannot read none.json: No such file or directory\n")
        #expect(missing.ending == .exited(1))
    }

    @Test("ends with 65 and the reason if the request would be refused, for people and for programs")
    func refusals() async throws {
        let folder = try folder()
        let start = ["explain", "routes", "--path", "/orders/a", "--body", "{}"]
        let secret = ["ORDERS_SECRET": "the right secret"]
        let unsigned = try await run(start + ["--unsigned"], in: folder, environment: secret)
        #expect(unsigned.ending == .exited(65))
        #expect(unsigned.errors == "sluice: the request would be refused: 401 signature_missing\n")
        #expect(
            unsigned.output.hasSuffix(
                "result        ✗ refused: 401 signature_missing: the header x-hub-signature-256 is missing\n"))
        let wrong = [
            "--header", "X-Hub-Signature-256: \(Webhook.signature(of: Array("{}".utf8), secret: "wrong"))", "--format",
            "json",
        ]
        let json = try await run(start + wrong, in: folder, environment: secret)
        #expect(json.ending == .exited(65))
        #expect((try document(json)["result"] as? [String: Any])?["code"] as? String == "signature_invalid")
        #expect(!json.output.contains("right") && !json.output.contains("wrong"))
        // Whether it is right cannot be told without the secret.
        let unknown = try document(try await run(start + wrong, in: folder))
        let steps = try #require(unknown["steps"] as? [[String: Any]])
        let signature = try #require(steps.first { $0["name"] as? String == "signature" })
        #expect(signature["holds"] == nil)
        #expect((signature["text"] as? String)?.hasPrefix("unknown: ") == true)
        #expect((unknown["result"] as? [String: Any])?["accepted"] is NSNull)
        let lost = try await run(["explain", "--path", "/order/a"], in: folder)
        #expect(lost.output.contains("route         ✗ none has this path; the nearest is /orders/{shop}\n"))
        #expect(lost.ending == .exited(65))
    }

    @Test("has the settings that say something of requests, such as the largest body and proxies that are trusted")
    func settings() async throws {
        let folder = try folder()
        try folder.write(
            Self.orders.replacing("keep_request: true", with: "allow_from: [ 198.51.100.0/24 ]"),
            to: "routes/orders.yaml")
        let start = [
            "explain", "--path", "/orders/a", "--remote-address", "10.0.0.1", "--header",
            "X-Forwarded-For: 198.51.100.7",
        ]
        #expect(
            try await run(start, in: folder).errors == "sluice: the request would be refused: 403 address_not_allowed\n"
        )
        let trusted = try await run(start + ["--trusted-proxies", "10.0.0.0/8", "routes"], in: folder)
        #expect(trusted.output.contains("allow_from    ✓ 198.51.100.7; accepted: 198.51.100.0/24"), "\(trusted)")
        let small = try await run(
            ["explain", "--path", "/small", "--body", String(repeating: "x", count: 2000), "--limits-body", "1KiB"],
            in: try {
                let folder = try TemporaryFolder()
                try folder.write(
                    "routes: [ { path: /small, verify: none, jobs: [ { type: t } ] } ]\n", to: "routes/small.yaml")
                return folder
            }())
        #expect(small.errors == "sluice: the request would be refused: 413 body_too_large\n")
    }

    @Test("says everything that is wrong with the route files, with status 1")
    func wrongFiles() async throws {
        let folder = try folder()
        try folder.write(Self.orders.replacing("kind: order", with: "kind: ordr"), to: "routes/orders.yaml")
        let result = try await run(["explain", "--path", "/orders/a"], in: folder)
        #expect(
            result.errors == """
                sluice: routes/orders.yaml:15:15: unknown kind 'ordr'; did you mean 'order'?
                sluice: 1 error in routes\n
                """)
        #expect(result.output.isEmpty)
        #expect(result.ending == .exited(1))
    }

    @Test(
        "a command line that describes no request ends with status 2",
        arguments: [
            ([], "Error: describe a request: --path /github, or --delivery ID"),
            (
                ["--path", "x"],
                "Error: --path must begin with / and contain no #; put the query after ? or into --query, not both"
            ),
            (
                ["--path", "/x", "--header", "X"],
                "Error: 'X' is not a header; write 'Name: value', such as 'X-GitHub-Event: push'"
            ),
            (["--path", "/x", "--method", "post"], "Error: --method must be in upper case, such as POST"),
            (["--path", "/x", "--clock", "now"], "Error: --clock must be a time such as 2026-11-25T08:00:00Z"),
            (
                ["--path", "/x", "--remote-address", "x"],
                "Error: --remote-address must be an address such as 192.0.2.1 or 2001:db8::1"
            ),
            (
                ["--path", "/x", "--body", "a", "--body-file", "b"],
                "Error: use either --body or --body-file, not both"
            ),
            (
                ["--path", "/x", "--delivery", "D"],
                "Error: --delivery cannot be combined with options that describe a request"
            ),
            (["--delivery", "a/b"], "Error: --delivery must be the id of a delivery, as in its answer and in the log"),
            (
                ["--path", "/x", "--outbox-pth", "x", "routes"],
                "sluice: unknown option '--outbox-pth'; did you mean '--outbox-path'?"
            ),
            (["--path", "/x", "a", "b"], "sluice: 'b' is unexpected: only one folder is allowed"),
        ] as [([String], String)])
    func usage(arguments: [String], sentence: String) async throws {
        let result = try await run(["explain"] + arguments, in: try folder())
        #expect(result.errors.split(separator: "\n").first.map(String.init) == sentence)
        #expect(result.ending == .exited(2))
    }

    // MARK: - Deliveries

    private func webhook(_ body: String, event: String = "paid") -> Webhook {
        var webhook = Webhook.gitHub(event: event, body: body)
        webhook.target = "/orders/a%20b"
        return webhook
    }

    @Test("explains a delivery that was kept, the same of a running gateway and of its outbox at rest")
    func deliveries() async throws {
        let setup = GatewaySetup(
            settings: ["limits.shutdown": "0"], routes: ["orders.yaml": Self.orders],
            environment: ["ORDERS_SECRET": Webhook.gitHubSecret])
        try await GatewayUnderTest.run(setup) { gateway in
            var ids: [String] = []
            for webhook in [webhook(#"{"id":7,"x":"\u00e9"}"#), webhook(#"{"id":"7"}"#), webhook("{")] {
                ids.append(
                    try #require(try await gateway.answer(to: webhook)[member: "id"]?.trimmingCharacters(in: ["\""])))
            }
            var running: [String] = []
            for id in ids {
                let result = try await gateway.command("explain", "--delivery", id)
                #expect(result.ending == .exited(0), "\(result)")
                running.append(result.output)
            }
            #expect(
                running[0].contains("signature     ✓ skipped: it was valid when the request arrived, and is not stored")
            )
            #expect(running[0].contains("                shop = \"a b\"\n"))
            #expect(running[0].contains("                job 1, pending: type order, queue orders\n"))
            #expect(
                running[1].contains(
                    "                dead letter 1, payload_mismatch: payload.id must be an integer, not a string\n"))
            #expect(running[2].contains("body          ✗ unreadable: "))
            for text in running { #expect(!text.contains("sha256=")) }
            let json = try document(try await gateway.command("explain", "--delivery", ids[0], "--format", "json"))
            let request = try #require((json["steps"] as? [[String: Any]])?.first)
            #expect((request["details"] as? [[String: Any]])?.first?["text"] as? String == "delivery \(ids[0])")
            #expect(try await gateway.stop() == .exited(0))
            for (id, text) in zip(ids, running) {
                #expect(try await gateway.command("explain", "routes", "--delivery", id).output == text)
            }
        }
    }

    @Test("a delivery is read byte by byte, and by the rules of now")
    func bytes() async throws {
        let setup = GatewaySetup(
            routes: [
                "orders.yaml": Self.orders.replacing(
                    "path: /orders/{shop}", with: "path: /github\n    body: bytes\n    gzip: true")
            ],
            environment: ["ORDERS_SECRET": Webhook.gitHubSecret])
        try await GatewayUnderTest.run(setup) { gateway in
            let answer = try await gateway.answer(to: .gitHub(event: "other", body: [0xFF, 0x00, 0xC3]))
            let id = try #require(answer[member: "id"]?.trimmingCharacters(in: ["\""]))
            let before = try await gateway.command("explain", "--delivery", id)
            #expect(
                before.output.contains("otherwise     ✗ no rule matches: dead_letter  routes/orders.yaml:21:5\n"),
                "\(before)")
            try gateway.folder.write(
                "routes: [ { name: orders, path: /new, verify: none, body: bytes, jobs: [ { type: late } ] } ]\n",
                to: "routes/orders.yaml")
            let after = try await gateway.command("explain", "--delivery", id)
            #expect(
                after.output.contains(
                    "its path now leads to no route; this shows the route 'orders' that accepted it"))
            #expect(after.output.contains(#"payload, 17 bytes: {"base64":"/wDD"}"#), "\(after)")
        }
    }

    @Test("an unknown delivery, and one whose request was not kept, are reported as such with status 1")
    func unknown() async throws {
        let routes = Self.orders.replacing("keep_request: true", with: "keep_request: false")
        let setup = GatewaySetup(routes: ["orders.yaml": routes], environment: ["ORDERS_SECRET": Webhook.gitHubSecret])
        try await GatewayUnderTest.run(setup) { gateway in
            let answer = try await gateway.answer(to: webhook(#"{"id":7}"#))
            let id = try #require(answer[member: "id"]?.trimmingCharacters(in: ["\""]))
            let unkept = try await gateway.command("explain", "--delivery", id)
            #expect(
                unkept.errors
                    == "sluice: the request of the delivery \(id) was not kept; it is kept in a dead letter, or if the route says 'keep_request: true'\n"
            )
            #expect(unkept.ending == .exited(1))
            let outbox = gateway.folder.file("outbox.db")
            let missing = try await gateway.command("explain", "--delivery", "none")
            #expect(missing.errors == "sluice: no delivery none in \(outbox); it may have expired\n")
            #expect(missing.ending == .exited(1))
        }
    }
}
