import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// The files in the project's `routes/` folder, as they are.
@Suite(.serialized) struct ShippedRoutesTests {
    static let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/routes"

    private func table(_ sourceLocation: Testing.SourceLocation = #_sourceLocation) throws -> RouteTable {
        let compilation = RouteTable.compile(
            try RouteFiles.read(folder: Self.folder), secretFiles: SecretFiles(folder: Self.folder),
            environment: [
                "GITHUB_WEBHOOK_SECRET": "a secret of tests", "HMAC_WEBHOOK_SECRET": "a secret of tests",
                "STRIPE_WEBHOOK_SECRET": "whsec_a secret of tests",
                "SLACK_SIGNING_SECRET": "a secret of tests", "SHOPIFY_CLIENT_SECRET": "a secret of tests",
                "STANDARD_WEBHOOK_SECRET": "whsec_YSBzZWNyZXQgb2YgdGVzdHM=",
                "SVIX_WEBHOOK_SECRET": "whsec_YSBzZWNyZXQgb2YgdGVzdHM=", "LINE_CHANNEL_SECRET": "a secret of tests",
                "SQUARE_SIGNATURE_KEY": "a secret of tests",
                "PAGERDUTY_WEBHOOK_SECRET": "a secret of tests",
            ])
        #expect(compilation.problems.map(\.description) == [], sourceLocation: sourceLocation)
        #expect(compilation.warnings == [], sourceLocation: sourceLocation)
        return try #require(compilation.table, sourceLocation: sourceLocation)
    }

    private func route(_ path: String) throws -> Route {
        let match = try table().match(path: Array(path.utf8).span)
        return try #require(match)
    }

    @Test("ten files compile without a problem, and warn of nothing that they do not tell of themselves")
    func compile() throws {
        #expect(try RouteFiles.read(folder: Self.folder).count == 10)
        #expect(
            try table().routes.map(\.name) == [
                "github", "hmac", "internal", "line", "pagerduty", "shopify", "slack-events", "slack-commands",
                "slack-interactivity",
                "square", "standard", "svix", "stripe",
            ])
        #expect(try route("/github").bodyLimit == .mebibytes(25))
        #expect(try route("/hooks/hmac").bodyLimit == .mebibytes(1))
    }

    @Test("their examples come out as they say, three and more in each file")
    func examples() throws {
        var options = RouteOptions()
        options.secrets = .throwAway
        let report = CheckReport.make(
            folder: Self.folder, environment: [:], options: options, atMilliseconds: TestRequest.now)
        #expect(report.findings.filter { $0.problem.severity == .error }.map(\.problem.description) == [])
        #expect(report.findings.filter { $0.problem.severity == .warning }.isEmpty)
        let results = try #require(report.examples)
        let perFile = Dictionary(grouping: results, by: \.location.file).mapValues(\.count)
        #expect(perFile.count == 10 && perFile.values.allSatisfy { $0 >= 3 }, "\(perFile)")
        // A route without an example of a refusal or a dead letter shows only half of what it does.
        for (file, results) in Dictionary(grouping: results, by: \.location.file) {
            #expect(
                results.contains { $0.outcome.hasPrefix("refused") || $0.outcome.contains("dead letter") }, "\(file)")
        }
    }

    @Test("the head of each file names each variable of a secret, and where to set it")
    func heads() throws {
        for file in try RouteFiles.read(folder: Self.folder) {
            let text = String(decoding: file.bytes, as: UTF8.self)
            let head = text.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("#") }
                .joined(separator: "\n")
            #expect(head.split(separator: "\n").count >= 5, "\(file.name)")
            for match in text.matches(of: /env: (\w+)/) { #expect(head.contains(match.1), "\(file.name): \(match.1)") }
        }
    }

    private func github(_ event: String, _ body: String) -> TestRequest {
        TestRequest(
            body, target: "/github",
            headers: [
                ("Content-Type", "application/json"), ("X-GitHub-Event", event), ("X-GitHub-Delivery", "72d3162e-cc78"),
            ]
        ).signed(header: "X-Hub-Signature-256")
    }

    @Test("a push to the main branch is a job of the kind deploy_branch, with the kind's options")
    func push() throws {
        let body =
            #"{"ref":"refs/heads/main","after":"f95f","repository":{"full_name":"octo/hello"},"pusher":{"name":"mona"}}"#
        let delivery = try #require(github("push", body).processed(by: try route("/github")).delivery)
        let job = try #require(delivery.jobs.first)
        #expect(job.type == "deploy_branch")
        #expect(job.queue == "deploys")
        #expect(
            String(decoding: job.payload, as: UTF8.self)
                == #"{"repository":"octo/hello","commit":"f95f","pusher":"mona"}"#)
        #expect(
            String(decoding: job.options.members, as: UTF8.self)
                == #""priority":100,"retry_limit":5,"backoff":{"base_ms":1000,"exponent":2.0,"jitter_ms":500},"#
                + #""retention":{"completed_ms":3600000,"dead_ms":2592000000}"#)
        #expect(job.uniqueKey == "github:72d3162e-cc78")
        #expect(job.uniqueWhile == .exists)
        #expect(delivery.dedupeWindow == .seconds(7 * 86_400))
        #expect(delivery.jobs.count == 1)
        #expect(delivery.deadLetters == [])
    }

    @Test("a ping is ignored, and every other event is passed on as it came")
    func others() throws {
        #expect(github("ping", "{}").processed(by: try route("/github")).summary == "ignored by rule 1")
        let body = #"{ "action" : "opened", "n": 1.0 }"#
        let outcome = github("issues", body).processed(by: try route("/github"))
        #expect(outcome.payload == body)
        #expect(outcome.delivery?.jobs.first?.queue == "github")
        #expect(outcome.delivery?.jobs.first?.type == "github_event")
    }

    @Test("a form from GitHub is the JSON in it, for the rules and for the payload")
    func form() throws {
        var request = TestRequest(
            "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%2C%22after%22%3A%22a+b%22%7D", target: "/github",
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded"), ("X-GitHub-Event", "push"),
                ("X-GitHub-Delivery", "1"),
            ])
        request = request.signed(header: "X-Hub-Signature-256")
        #expect(
            request.processed(by: try route("/github")).payload
                == #"{"repository":null,"commit":"a b","pusher":"unknown"}"#)
    }

    @Test("the generic route takes its key from the body and keeps what no rule fits")
    func generic() throws {
        let route = try route("/hooks/hmac")
        let body = #"{"id":"e1","type":"order.paid","data":{"order_id":17}}"#
        let delivery = TestRequest(body).signed().processed(by: route).delivery
        #expect(
            delivery?.jobs.first.map { String(decoding: $0.payload, as: UTF8.self) }
                == #"{"order":17,"change":"order.paid","note":"order.paid at an unknown time","received_at":"2023-11-14T22:13:20.123Z"}"#
        )
        #expect(delivery?.key?.text == "hmac:e1")
        #expect(delivery?.onChangedBody == .deadLetter)
        #expect(
            TestRequest(#"{"id":"e2","type":"other"}"#).signed().processed(by: route).summary
                == "dead letter no_matching_rule: no rule of the route matches")
        #expect(
            TestRequest(#"{"type":"order.paid"}"#).signed().processed(by: route).summary
                == "refused unique_key_missing: The request lacks the unique key that this route requires.")
        #expect(TestRequest(#"{"type":"heartbeat"}"#).signed().processed(by: route).summary == "ignored by rule 1")
    }
}
