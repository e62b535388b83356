import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// What the signature does not cover is said by `check`, as a note: it is no mistake of the file.
@Suite(.serialized) struct CoverageNoteTests {
    private func notes(_ text: String) -> [String] {
        let compilation = compile([("r.yaml", text)])
        #expect(compilation.problems == [])
        return compilation.notes.map { String($0.description.dropFirst("r.yaml:".count)) }
    }

    @Test("rules and the preset's unique key that depend on unsigned headers are named")
    func github() {
        let text = """
            routes:
            - path: /hook
              provider: github
              secrets: [ { env: SECRET } ]
              jobs:
                - { when: { event: ping }, ignore: true }
                - { when: { body.ref: main }, type: a }
                - { when: { any: [ { header.X-A: 1 }, { event: push } ] }, type: "t-${query.q}" }
                - { type: b }
            """
        #expect(
            notes(text) == [
                "3:3: note: the signature does not cover the header x-github-event (rules 1, 3), the header x-a (rule "
                    + "3), the query "
                    + "parameter q (rule 3), the header x-github-delivery (unique key): a captured request could be "
                    + "replayed with another "
                    + "value there, but not with the key of another delivery if you set unique_key: [ "
                    + #""${header.X-GitHub-Delivery}", "${sha256.body}" ]"#
            ])
        // With that key, there is no more to add.
        let key = "  unique_key: [ '${header.X-GitHub-Delivery}', '${sha256.body}' ]\n"
        #expect(notes("\(text)\n\(key)").first?.hasSuffix("replayed with another value there") == true)
    }

    @Test(
        "a header that 'require' excludes is no header that could be changed",
        arguments: ["beehiiv", "brex", "guesty", "nash", "safebase", "sardine"])
    func excluded(provider: String) {
        let text = "routes:\n- {path: /hook, provider: \(provider), secrets: [{env: SECRET}], jobs: [{type: t}]}\n"
        let compilation = compile([("r.yaml", text)], environment: ["SECRET": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"])
        #expect(compilation.table != nil && compilation.notes.map(\.message) == [])
    }

    @Test("all that a job is made of counts, and the path parameters that a key belongs to")
    func jobs() {
        let text = """
            routes:
            - path: /hook/{team}/{stage}
              verify: { alg: hmac-sha256, signature_from: "${header.X-S}", signed: "${param.stage}|${body}" }
              secrets: [ { env: SECRET } ]
              body: json
              unique_key: ${body.id}
              jobs:
                - { when: { body.a: 1 }, type: a, payload: { shop: "${header.X-Shop}", id: "${delivery.id}" } }
                - { when: { body.a: 2 }, type: a, unique_key: "${header.X-Id}", priority: "${header.X-P}", delay: "${query.d}s" }
                - { type: b, batch: { key: "${header.X-B}", when: "true", fold: "$new" }, payload: "${body}" }
            """
        #expect(
            notes(text) == [
                "3:3: note: the signature does not cover the header x-shop (rule 1), the header x-p (rule 2), the "
                    + "query parameter d (rule 2), "
                    + "the header x-id (rule 2), the header x-b (rule 3), the path parameter team (unique key): a "
                    + "captured request could be replayed with another value there"
            ])
    }

    @Test("a token in the path is part of each key, and not verified by an alternative without it")
    func tokenInPath() {
        func text(_ verify: String) -> String {
            """
            routes:
            - path: /r/{token}
              verify: \(verify)
              secrets: [ { env: SECRET } ]
              body: json
              unique_key: ${body.id}
              jobs: [ { type: t } ]

            """
        }
        let token = "{ alg: static, signature_from: '${param.token}' }"
        let hmac = "{ alg: hmac-sha256, signature_from: '${header.X-S}' }"
        #expect(notes(text(token)).filter { $0.contains("path parameter token") } == [])
        #expect(
            notes(text("[ \(hmac), \(token) ]")).contains {
                $0.contains("the signature does not cover the path parameter token (unique key)")
            })
    }

    @Test("of several signed texts, each covers what it holds: the URL with or without its port, and a digest in it")
    func severalTexts() {
        func messages(_ lines: String) -> [String] {
            let compilation = compile(
                [
                    (
                        "r.yaml",
                        "routes:\n- path: /hook\n  public_url: https://example.com\n\(lines)  secrets: [ { env: SECRET } ]\n"
                            + "  jobs: [ { type: t } ]\n"
                    )
                ], secrets: .throwAway)
            return (compilation.problems + compilation.warnings + compilation.notes).map(\.message).filter {
                $0.hasPrefix("the signature does not cover")
            }
        }
        let key = "  unique_key: [ '${body.MessageSid}', '${body.MessageStatus}' ]\n"
        #expect(messages("  provider: twilio\n\(key)") == [])
        let texts = "signed: [ '${url}', '${url.with_port}', '${url.without_port}' ]"
        let verify = "  body: json\n  verify: { alg: hmac-sha256, signature_from: '${header.X-S}', \(texts)"
        let digest = ", require: { query.d: '${sha256.body}' } }\n"
        #expect(messages(verify + digest + "  unique_key: [ '${body.id}', '${query.id}' ]\n") == [])
        #expect(messages(verify + digest.replacing("query.d", with: "header.X-D") + key).count == 3)
    }

    @Test("routes with one secret are named, unless the signature covers the path")
    func sharedSecrets() {
        func route(_ path: String, _ signed: String, _ secret: String = "SECRET") -> String {
            "- path: \(path)\n  public_url: https://example.com\n  body: json\n  secrets: [ { env: \(secret) } ]\n"
                + "  verify: { alg: hmac-sha256, signature_from: '${header.X-S}', signed: '\(signed)' }\n  jobs: [ { "
                + "type: t } ]\n"
        }
        let note =
            "the route '/a' has the same secret (env SECRET), and the signature does not cover the path: a captured "
            + "request for one route could be replayed on the other"
        #expect(notes("routes:\n" + route("/a", "${body}") + route("/b", "${body}")) == ["11:12: note: \(note)"])
        #expect(notes("routes:\n" + route("/a", "${body}") + route("/b", "${url}${body}")) == [])
        #expect(notes("routes:\n" + route("/a", "${body}") + route("/b", "${path}|${body}")) == [])
    }

    @Test("a key that is forgotten while a captured request still passes is a warning")
    func windows() {
        func warnings(_ lines: String) -> [String] {
            compile([
                (
                    "r.yaml",
                    "routes:\n- path: /hook\n  body: json\n  secrets: [ { env: SECRET } ]\n  unique_key: "
                        + "'${body.id}'\n  verify: { alg: hmac-sha256, "
                        + "signature_from: '${header.X-S}', timestamp_from: '${header.X-T}', \(lines)\n  jobs: [ { "
                        + "type: t } ]\n"
                )
            ]).warnings.map(\.message)
        }
        let signed = "signed: '${timestamp}.${body}'"
        #expect(
            warnings("\(signed), tolerance: 1h }\n  dedupe_window: 119m") == [
                "the dedupe window (119m) is shorter than twice 'tolerance' (1h): a captured request whose timestamp is "
                    + "ahead of the clock could be replayed after its key has expired"
            ])
        #expect(warnings("signed: '${header.X-T}.${body}', tolerance: 1h }\n  dedupe_window: 119m").count == 1)
        #expect(warnings("\(signed), tolerance: 1h }\n  dedupe_window: 2h") == [])
        #expect(warnings("\(signed), tolerance: 1h }") == [])
        #expect(warnings("\(signed), tolerance: 0 }\n  dedupe_window: 1m") == [])
        // The default window is 7 days.
        #expect(warnings("\(signed), tolerance: 1d }") == [])
    }

    @Test("a job or key with the secret of the route is a warning")
    func secrets() {
        func warnings(_ verify: String, _ rest: String) -> [String] {
            compile([
                (
                    "r.yaml",
                    "routes:\n- path: /hook/{tok}\n  body: json\n  secrets: [ { env: SECRET } ]\n  verify: { \(verify) }\n"
                        + "  \(rest)\n"
                )
            ]).warnings.map(\.message)
        }
        func warning(_ places: String) -> [String] {
            ["the secret of the route is in \(places), and would be stored in the outbox and in Zizq"]
        }
        let query = "alg: static, signature_from: '${query.t}'"
        #expect(
            warnings(query, "unique_key: '${query.t}-${body.id}'\n  jobs: [ { type: t, payload: '${query.t}' } ]")
                == warning("rule 1, the unique key"))
        let path = "alg: static, signature_from: '${param.tok}'"
        let jobs = "event: '${param.tok}'\n  jobs: [ { when: { param.tok: a }, type: t }, { type: '${event}' } ]"
        #expect(warnings(path, jobs) == warning("rule 2"))
        let header = "alg: static, signature_from: '${header.X-T}'"
        #expect(warnings(header, "jobs: [ { type: t, payload: '${header.X-T}' } ]") == warning("rule 1"))
        #expect(warnings(header, "jobs: [ { type: t, payload: '${headers}' } ]") == [])
        // A signature is no secret.
        let signed = "alg: hmac-sha256, signature_from: '${query.t}'"
        #expect(warnings(signed, "jobs: [ { type: t, payload: '${query.t}' } ]") == [])
    }

    @Test("signed values are not listed, and a route that verifies nothing has no notes")
    func covered() {
        let verify =
            "verify: { alg: hmac-sha256, signature_from: '${header.X-S}', signed: '${header.X-Event}|${body}' }\n  "
            + "body: json"
        let rest =
            "\n  event: ${header.X-Event}\n  jobs: [ { when: { event: a, body.b: c }, type: t } ]\n  otherwise: "
            + "ignore\n"
        #expect(notes("routes:\n- path: /hook\n  \(verify)\n  secrets: [ { env: SECRET } ]\(rest)") == [])
        #expect(notes("routes:\n- path: /hook\n  verify: none\(rest)") == [])
    }

    @Test("how a body is read is noted if the route does not set it")
    func bodies() {
        let start =
            "routes:\n- path: /hook\n  verify: { alg: hmac-sha256, signature_from: '${header.X-S}' }\n  secrets: [ { "
            + "env: SECRET } ]\n"
        let text = start + "  jobs: [ { type: t } ]\n"
        #expect(
            notes(text) == [
                "3:3: note: the body is parsed as JSON regardless of Content-Type, because the signature does not cover "
                    + "that header; set 'body' to "
                    + "form, text or bytes for other bodies"
            ])
        #expect(notes(text + "  body: form\n") == [])
        #expect(notes(text + "  each: lines\n") == [])
        let types = compile([("r.yaml", text + "  content_types: [ application/json, text/plain ]\n")])
        #expect(
            types.warnings.map(\.message) == [
                "'content_types' accepts text/plain, but the body is parsed as JSON regardless of Content-Type, because "
                    + "the signature does not cover "
                    + "that header; set 'body' to form, text or bytes for other bodies"
            ])
        #expect(types.notes == [])
    }
}
