import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The replies to the handshakes of the built-in presets, each as the provider's documentation describes it.
@Suite struct PresetReplyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let preset: String
        let request: RequestToSign
        let isSigned: Bool
        let expected: String
        let headers: [String]

        var testDescription: String { "\(preset) \(request.method) \(request.target)" }

        init(
            _ preset: String, _ request: String, headers: [String: String] = [:], body: String = "",
            isSigned: Bool = false, is expected: String, with replyHeaders: [String] = []
        ) {
            self.preset = preset
            let line = request.split(separator: " ").map(String.init)
            var request = RequestToSign(target: line[1], body: Array(body.utf8))
            request.method = line[0]
            request.headers = headers.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
            self.request = request
            self.isSigned = isSigned
            self.expected = expected
            self.headers = replyHeaders
        }
    }

    private static let text = "200 text/plain; charset=utf-8: "
    private static let json = "200 application/json: "
    private static let empty = "204 text/plain; charset=utf-8"

    private static func consent(_ preset: String) -> Case {
        Case(
            preset, "OPTIONS /hook", headers: ["WebHook-Request-Origin": "events.example.com"], is: "200",
            with: ["Allow: POST", "WebHook-Allowed-Origin: events.example.com", "WebHook-Allowed-Rate: *"])
    }

    /// The secret is `development`. Authentication codes are from `openssl dgst -hmac`.
    static let cases = [
        Case(
            "acrobat-sign", "GET /hook", headers: ["X-AdobeSign-ClientId": "development"],
            is: json + #"{"xAdobeSignClientId":"development"}"#, with: ["X-AdobeSign-ClientId: development"]),
        Case(
            "asana", "POST /hook", headers: ["X-Hook-Secret": "0123456789abcdef0123456789abcdef"], is: "learns, 200",
            with: ["X-Hook-Secret: 0123456789abcdef0123456789abcdef"]),
        Case(
            "bitbucket-server", "POST /hook", headers: ["X-Event-Key": "diagnostics:ping"], body: #"{"test":true}"#,
            is: "200"),
        Case(
            "braintree", "GET /hook?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53",
            is: text + "value|8f8eb6452750349baf4e355594d8d4940f5ef491"),
        Case("buildkite", "POST /hook", body: #"{"event":"ping"}"#, isSigned: true, is: "200"),
        consent("cloudevents"), consent("cloudevents-batch"), consent("cloudevents-binary"),
        consent("event-grid-cloudevents"),
        Case(
            "cloudflare-notifications", "POST /hook", body: #"{"text":"Hello World!"}"#, isSigned: true, is: "200"),
        Case("discord", "POST /hook", body: #"{"type":1}"#, isSigned: true, is: json + #"{"type":1}"#),
        Case("discord-events", "POST /hook", body: #"{"version":1,"type":0}"#, isSigned: true, is: empty),
        Case(
            "dropbox", "GET /hook?challenge=a%2Bb%20c", is: text + "a+b c",
            with: ["x-content-type-options: nosniff"]),
        Case(
            "event-grid", "POST /hook", headers: ["aeg-event-type": "SubscriptionValidation"],
            body: #"[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"5-A"}}]"#,
            isSigned: true, is: json + #"{"validationResponse":"5-A"}"#),
        Case("figma", "POST /hook", body: #"{"event_type":"PING"}"#, isSigned: true, is: "200"),
        Case("fitbit", "GET /hook?verify=development", is: empty),
        Case("fitbit", "GET /hook?verify=another", is: "404"),
        Case(
            "front", "POST /hook", headers: ["X-Front-Challenge": "c-1"], body: #"{"type":"sync"}"#, isSigned: true,
            is: json + #"{"challenge":"c-1"}"#),
        Case("google-channels", "POST /hook", headers: ["X-Goog-Resource-State": "sync"], isSigned: true, is: "200"),
        Case("intercom", "HEAD /hook", is: "200"),
        Case("mailchimp", "GET /hook", is: "200"),
        Case(
            "meta", "GET /hook?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=development",
            is: text + "1158201444", with: ["x-content-type-options: nosniff"]),
        Case(
            "monday", "POST /hook", body: #"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY"}"#,
            is: json + #"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY"}"#),
        Case(
            "msgraph", "POST /hook?validationToken=Validation%3A%20Testing%20%3Cb%3E",
            is: text + "Validation: Testing <b>"),
        Case(
            "notion", "POST /hook", body: #"{"verification_token":"secret_0123456789abcdef0123456789"}"#,
            is: "learns, 200"),
        Case(
            "okta", "GET /hook", headers: ["X-Okta-Verification-Challenge": "my verification challenge"],
            is: json + #"{"verification":"my verification challenge"}"#),
        Case(
            "slack", "POST /hook", body: #"{"token":"t","challenge":"3eZbrw1a","type":"url_verification"}"#,
            isSigned: true, is: json + #"{"challenge":"3eZbrw1a"}"#),
        Case("strapi", "POST /hook", body: #"{"event":"trigger-test"}"#, isSigned: true, is: "200"),
        Case(
            "strava", "GET /hook?hub.verify_token=development&hub.challenge=15f7d1a9&hub.mode=subscribe",
            is: json + #"{"hub.challenge":"15f7d1a9"}"#),
        Case("trello", "HEAD /hook", is: "200"),
        Case(
            "twitch", "POST /hook", headers: ["Twitch-Eventsub-Message-Type": "webhook_callback_verification"],
            body: #"{"challenge":"pogchamp-kappa","subscription":{"type":"stream.online"}}"#, isSigned: true,
            is: text + "pogchamp-kappa"),
        Case("withings", "HEAD /hook", is: "200"),
        Case(
            "woocommerce", "POST /hook", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: "webhook_id=7", is: "200"),
        Case(
            "x", "GET /hook?crc_token=challenge1",
            is: json + #"{"response_token":"sha256=pTGwlzI0eIWcxEK+nkK6dzlTCBsvDgCdAXGdp/Gnmrk="}"#),
        Case(
            "zoom", "POST /hook",
            body: #"{"event":"endpoint.url_validation","payload":{"plainToken":"challenge1"}}"#,
            is: json + #"{"plainToken":"challenge1","encryptedToken":"#
                + #""a531b097323478859cc442be9e42ba773953081b2f0e009d01719da7f1a79ab9"}"#),
    ]

    @Test("the reply is the one that the provider expects", arguments: cases)
    func reply(example: Case) throws {
        let preset = try #require(ProviderCatalog.preset(named: example.preset))
        var sample = SampleRoute()
        sample.path = "/hook"
        sample.account = Dictionary(preset.account.map { ($0.name, "value") }) { first, _ in first }
        let route = try RouteCompiler.route(sample, of: preset, supply: .wellKnown("development"))
        var request = example.request
        if example.isSigned { request = try route.sign(request, at: TestRequest.now, id: "id_1") }
        let outcome = TestRequest(request).processed(by: route)
        let summary = outcome.summary.replacing("handshake ", with: "")
        #expect(summary.split(separator: " (").first.map(String.init) == example.expected)
        let headers = Self.reply(of: outcome)?.headers.map { "\($0.name): \($0.value)" } ?? []
        #expect(Set(example.headers).subtracting(headers) == [])
    }

    private static func reply(of outcome: RouteOutcome) -> RouteReply? {
        switch outcome {
        case .handshake(let reply, _), .learns(_, let reply): reply
        default: nil
        }
    }

    @Test("each preset with a handshake is here, except for the one that calls back")
    func complete() {
        let withHandshake = ProviderCatalog.all.filter { $0.hasHandshakeRules }.map(\.name)
        #expect(Set(withHandshake) == Set(Self.cases.map(\.preset)).union(["sns"]))
    }
}

extension ProviderPreset {
    fileprivate var hasHandshakeRules: Bool {
        ProviderCatalog.text(of: name)?.split(separator: "\n").contains("handshake:") ?? false
    }
}
