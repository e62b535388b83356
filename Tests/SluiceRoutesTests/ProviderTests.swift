import SluiceBase
import SluiceRouteFiles
import SluiceRoutes
import Testing

/// What a preset brings to a route, and what is said where the two do not fit.
@Suite(.serialized) struct ProviderTests {
    private static let acme = """
        providers:
          acme:
            title: Acme
            verify:
              alg: hmac-sha256
              signature_from: ${header.X-Acme-Signature}
              timestamp_from: ${header.X-Acme-Time}
              signed: "${account.endpoint}.${timestamp}.${body}"
            account: { endpoint: the id of the endpoint }
            event: ${body.type}
            events: [paid, refunded, "v2.*"]
            not_unique: { body.payment: names a payment, header.X-Acme-Hook: names the webhook }
            changes_per_try: { sha256.body: covers the number of the attempt, body.attempt: counts the attempts }
            unique_key: ${body.id}
            retry_span: 3d
            delivery_delay: 1m
            success: [200]
            success_body: "[accepted]"

        """

    private func route(_ lines: String, jobs: String = "[{type: t}]") -> String {
        let own = lines.isEmpty ? "" : "  " + lines.split(separator: "\n").joined(separator: "\n  ") + "\n"
        return Self.acme
            + "routes:\n- path: /hook\n  provider: acme\n  secrets: [{env: SECRET}]\n\(own)  jobs: \(jobs)\n"
    }

    private func messages(_ lines: String, jobs: String = "[{type: t}]") -> [String] {
        let compilation = compile([("r.yaml", route(lines, jobs: jobs))])
        return (compilation.problems + compilation.warnings).map(\.description)
    }

    @Test("a route with a provider is the route that a person would write")
    func same() throws {
        let preset = try #require(compile([("r.yaml", route("account: {endpoint: we_1}"))]).table?.routes.first)
        let written = """
            routes:
            - path: /hook
              verify:
                alg: hmac-sha256
                signature_from: ${header.X-Acme-Signature}
                timestamp_from: ${header.X-Acme-Time}
                signed: "we_1.${timestamp}.${body}"
              secrets: [{env: SECRET}]
              event: ${body.type}
              unique_key: ${body.id}
              jobs: [{type: t}]
            """
        let hand = try #require(compile([("r.yaml", written)]).table?.routes.first)
        let body = Array(#"{"id":"1","type":"paid"}"#.utf8)
        let request = RequestToSign(target: "/hook", body: body)
        let now: Int64 = 1_764_057_600_000
        let signed = try preset.sign(request, at: now, id: "1")
        #expect(signed.headers == (try hand.sign(request, at: now, id: "1").headers))
        #expect(signed.headers.map(\.name) == ["x-acme-time", "x-acme-signature"])
    }

    @Test("keys of the route go over those of the preset, inside 'verify' one by one")
    func override() throws {
        let lines = "account: {endpoint: we_1}\nverify: {tolerance: 1h, signed: \"${body}\"}\nunique_key: ${body.other}"
        let compilation = compile([("r.yaml", route(lines))])
        #expect(compilation.problems == [])
        let route = try #require(compilation.table?.routes.first)
        let signed = try route.sign(RequestToSign(target: "/hook", body: [0x7B, 0x7D]), at: 1_764_057_600_000, id: "")
        #expect(signed.headers.map(\.name) == ["x-acme-time", "x-acme-signature"])
        #expect(compilation.details.first?.summary.uniqueKey == "${body.other}")
        #expect(compilation.details.first?.summary.verification == "acme")
    }

    @Test("what the preset asks for in 'account' must be there, and nothing else")
    func account() {
        #expect(messages("") == ["r.yaml:21:13: 'account' needs 'endpoint': the id of the endpoint"])
        #expect(
            messages("account: {endpoint: we_1, endpiont: x}") == [
                "r.yaml:23:29: the preset does not use 'endpiont'; did you mean 'endpoint'?"
            ])
        #expect(
            messages("account: {endpoint: '${body.a}'}") == [
                "r.yaml:23:23: 'endpoint' of 'account' must be a text without references"
            ])
        #expect(
            messages("account: {endpoint: …}") == [
                "r.yaml:23:23: 'endpoint' of 'account' is still the placeholder from the example"
            ])
    }

    @Test(
        "a rule for an event that the provider does not have is a warning",
        arguments: [
            ("{ event: piad }", "; did you mean 'paid'?"),
            ("{ event: [paid, other] }", "; 'sluice providers show acme' lists them"),
            ("{ any: [ { event: refundd } ] }", "; did you mean 'refunded'?"),
            ("{ not: { event: piad } }", "; did you mean 'paid'?"),
            ("{ event: { not: piad } }", "; did you mean 'paid'?"),
        ])
    func events(when: String, remedy: String) throws {
        let found = messages("account: {endpoint: we_1}\notherwise: ignore", jobs: "[{ when: \(when), type: t }]")
        #expect(found.count == 1)
        #expect(try #require(found.first).contains("warning: acme has no event '"))
        #expect(try #require(found.first).hasSuffix(remedy))
    }

    @Test("events are not checked if the route has another event, and known ones pass")
    func knownEvents() {
        #expect(
            messages(
                "account: {endpoint: we_1}\notherwise: ignore",
                jobs: "[{when: {event: [paid, refunded, v2.core.event]}, type: t}]")
                == [])
        #expect(
            messages(
                "account: {endpoint: we_1}\nevent: ${body.kind}\notherwise: ignore",
                jobs: "[{when: {event: piad}, type: t}]") == [])
        #expect(
            messages("account: {endpoint: we_1}\notherwise: ignore", jobs: "[{when: {event: {like: pa*}}, type: t}]")
                == [])
    }

    @Test("a window, a tolerance and a status that do not fit the provider are warnings")
    func advice() {
        #expect(
            messages("account: {endpoint: we_1}\ndedupe_window: 1h") == [
                "r.yaml:24:18: warning: 'dedupe_window' is 1h, and Acme may retry for 3d: a late retry would be accepted as new"
            ])
        #expect(
            messages("account: {endpoint: we_1}\nverify: {tolerance: 5s}") == [
                "r.yaml:24:23: warning: 'tolerance' is 5s, and requests from Acme may be 1m old when they arrive"
            ])
        #expect(
            messages("account: {endpoint: we_1}\nreply: {status: 202, body: '[accepted]'}") == [
                "r.yaml:24:19: warning: Acme treats the status 202 as a failure; it accepts only 200"
            ])
        #expect(
            messages(
                "account: {endpoint: we_1}\ndedupe_window: 3d\nverify: {tolerance: 1m}\nreply: {status: 200, body: '[accepted]'}"
            )
                == [])
    }

    @Test(
        "a reply without the text that the provider expects is a warning",
        arguments: [
            ("{status: 200}", false), ("{status: 200, body: ok}", false), ("{body: {a: [ok]}}", false),
            ("{body: '[accepted]'}", true), ("{body: 'so: [accepted]!'}", true), ("{body: {a: ['[accepted]']}}", true),
            ("{body: '${body.answer}'}", true),
        ])
    func successBody(reply: String, isFine: Bool) {
        let expected =
            "r.yaml:24:10: warning: Acme treats an answer without the text '[accepted]' as a failure; add it to the "
            + "body of the reply"
        #expect(messages("account: {endpoint: we_1}\nreply: \(reply)") == (isFine ? [] : [expected]))
    }

    @Test(
        "a reply with a body is a warning for a provider that wants none",
        arguments: [
            ("{status: 200}", false), ("{body: ok}", false), ("{status: 202, body: {}}", false),
            ("{status: 204}", true), ("{body: ''}", true),
        ])
    func emptyBody(reply: String, isFine: Bool) {
        let text = route("account: {endpoint: we_1}\nreply: \(reply)").replacing("    success: [200]\n", with: "")
            .replacing("success_body: \"[accepted]\"", with: "success_body: ''")
        let compilation = compile([("r.yaml", text)])
        let expected = "Acme expects an answer without a body; set 'status: 204' or 'body: \"\"' in the reply"
        #expect(compilation.problems == [])
        #expect(compilation.warnings.map(\.message) == (isFine ? [] : [expected]))
    }

    @Test(
        "a key of nothing but values that deliveries share is a warning",
        arguments: [
            ("${body.payment}", "body.payment names a payment"),
            ("[ '${header.x-acme-hook}', '${body.payment}' ]", "header.X-Acme-Hook names the webhook"),
            ("${body.payment}-${header.X-Acme-Hook}", "body.payment names a payment"),
            ("[ '${body.payment}', '${body.type}' ]", nil), ("[ '${body.payment}', '${body.other}' ]", nil),
            ("${body.payment.id}", nil),
        ])
    func sharedKey(key: String, meaning: String?) {
        let found = messages("account: {endpoint: we_1}\nunique_key: \(key)").filter { $0.contains("in common: ") }
        #expect(
            found
                == (meaning.map {
                    [
                        "r.yaml:24:15: warning: the unique key contains only values that deliveries of Acme have in "
                            + "common: \($0); every delivery after the first would be dropped as a duplicate; "
                            + "the preset's key is ${body.id}"
                    ]
                } ?? []))
    }

    @Test(
        "a key with a value that changes with each attempt is a warning",
        arguments: [
            ("${sha256.body}", "sha256.body, which covers the number of the attempt"),
            ("[ '${body.id}', '${body.attempt}' ]", "body.attempt, which counts the attempts"),
            ("${body.id}", nil), ("${sha256.body.data}", nil),
        ])
    func changingKey(key: String, meaning: String?) {
        let found = messages("account: {endpoint: we_1}\nunique_key: \(key)")
        #expect(
            found
                == (meaning.map {
                    [
                        "r.yaml:24:15: warning: the unique key contains \($0): Acme sends another value with each "
                            + "attempt, so a retry would be accepted as new; the preset's key is ${body.id}"
                    ]
                } ?? []))
    }

    @Test(
        "keys that collide or change are known of presets",
        arguments: [
            ("supabase-auth", "${header.webhook-id}"), ("coinbase-commerce", "${body.id}"),
            ("coinbase-commerce", "${sha256.body}"), ("mux", "${sha256.body}"), ("easypost", "${sha256.body}"),
            ("event-grid", "${header.aeg-delivery-count}"), ("notion", "${sha256.body}"),
            ("sinch-conversation", "${header.x-sinch-webhook-signature-nonce}"), ("line", "${sha256.item}"),
            ("hubspot", "${sha256.item}"), ("hubspot", "${item.subscriptionId}"), ("postmark", "${body.MessageID}"),
            ("sparkpost", "${header.X-MessageSystems-Batch-ID}"), ("square", "${header.Square-Retry-Number}"),
            ("twitch", "${header.Twitch-Eventsub-Message-Retry}"), ("dropbox", "${sha256.body}"),
            ("mollie-classic", "${body.id}"), ("mollie-classic", "${sha256.body}"), ("twilio", "${body.MessageSid}"),
            ("msgraph", "${item.subscriptionId}"), ("replicate", "${body.id}"), ("plivo", "${body.MessageUUID}"),
            ("veriff", "${body.id}"), ("onfido", "${body.payload.object.id}"), ("asana", "${item.resource.gid}"),
            ("zoom", "${body.payload.object.id}"), ("xero", "${item.resourceId}"), ("meta", "${item.id}"),
        ])
    func presetsKeys(preset: String, key: String) {
        let text =
            "routes:\n- path: /hook\n  provider: \(preset)\n  public_url: https://example.com\n"
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        func warnings(_ lines: String) -> [String] {
            compile([("r.yaml", text + lines)], secrets: .throwAway).warnings.map(\.message)
        }
        let found = warnings("  unique_key: '\(key)'\n").filter {
            $0.contains(" in common: ") || $0.contains(" sends another value with each attempt")
        }
        #expect(found.count == 1 && warnings("") == [])
    }

    @Test(
        "a tolerance below the time that retries keep is a warning",
        arguments: ["mailgun", "mailgun-routes", "sendgrid"])
    func presetsDelays(preset: String) {
        let text =
            "routes:\n- path: /hook\n  provider: \(preset)\n  secrets: [ { env: SECRET } ]\n"
            + "  verify: { tolerance: 5m }\n  jobs: [ { type: t } ]\n"
        let found = compile([("r.yaml", text)], secrets: .throwAway).warnings.map(\.message)
        #expect(found.count == 1 && found[0].contains("'tolerance' is 5m, and requests from "), "\(found)")
    }

    @Test("a value in 'not_unique' must be a value of a request")
    func notUnique() {
        let text = route("account: {endpoint: we_1}").replacing("body.payment:", with: "body.payment x:")
        #expect(
            compile([("r.yaml", text)]).problems.map(\.message) == [
                "'body.payment x' in 'not_unique' must be a value of a request, such as body.id"
            ])
    }

    @Test(
        "a mistake in a declared preset is said once, at its place, however many routes name it",
        arguments: [
            ("verify: {alg: hmac-sha257, signature_from: '${header.S}'}", "r.yaml:3:19: 'alg' must be"),
            ("verify: {alg: hmac-sha256, signature_from: '${header.S}'}\n    unique_key: ${body.a[}", "r.yaml:4:17: "),
            ("verfy: none", "r.yaml:3:5: unknown key 'verfy' in a provider; did you mean 'verify'?"),
            ("verify: none\n    path: /a", "r.yaml:4:5: unknown key 'path' in a provider; routes set it"),
            ("verify: {alg: hmac-sha256, signature_from: '${header.S}', signed: '${account.x}${body}'}", "r.yaml:3:"),
            (
                "verify: {alg: hmac-sha256, signature_from: '${header.S}'}\n    samples: {a: {headers: {'a b': c}}}",
                "r.yaml:4:29: 'a b' is not"
            ),
        ])
    func broken(keys: String, expected: String) throws {
        let route = "- {path: /PATH, provider: acme, secrets: [{env: SECRET}], jobs: [{type: t}]}\n"
        let routes = route.replacing("PATH", with: "a") + route.replacing("PATH", with: "b")
        let problems = compile([("r.yaml", "providers:\n  acme:\n    \(keys)\nroutes:\n\(routes)")]).problems
        #expect(problems.count == 1)
        #expect(try #require(problems.first).description.hasPrefix(expected))
    }

    @Test("a name is declared once, and not that of a built-in preset; routes of other files may use it")
    func names() {
        let first = "providers: { acme: { verify: { alg: hmac-sha256, signature_from: \"${header.S}\" } } }\n"
        #expect(
            compile([("a.yaml", first), ("b.yaml", first)]).problems.map(\.description) == [
                "b.yaml:1:14: the provider 'acme' is already declared at a.yaml:1:20"
            ])
        #expect(
            compile([("a.yaml", first.replacing("acme", with: "github"))]).problems.map(\.description) == [
                "a.yaml:1:14: 'github' is a built-in provider; choose another name, such as 'my-github'"
            ])
        let route = "routes:\n- {path: /a, provider: acme, secrets: [{env: SECRET}], jobs: [{type: t}]}\n"
        #expect(compile([("a.yaml", route), ("b.yaml", first)]).problems == [])
    }
}
