import SluiceRoutes
import Testing

/// What the signature does not cover is said by `check`, as a note: it is no mistake of the file.
struct CoverageNoteTests {
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
                "3:3: note: the signature does not cover the header x-github-event (rules 1, 3), the header x-a (rule 3), the query "
                    + "parameter q (rule 3), the header x-github-delivery (unique key): a captured request could be sent again with another "
                    + "value there"
            ])
    }

    @Test("what is signed is not named, and a route that verifies nothing has no notes")
    func covered() {
        let verify = "verify: { alg: hmac-sha256, signature_from: '${header.X-S}', signed: '${header.X-Event}|${body}' }\n  body: json"
        let rest = "\n  event: ${header.X-Event}\n  jobs: [ { when: { event: a, body.b: c }, type: t } ]\n  otherwise: ignore\n"
        #expect(notes("routes:\n- path: /hook\n  \(verify)\n  secrets: [ { env: SECRET } ]\(rest)") == [])
        #expect(notes("routes:\n- path: /hook\n  verify: none\(rest)") == [])
    }

    @Test("how a body is read is said where the route does not")
    func bodies() {
        let start =
            "routes:\n- path: /hook\n  verify: { alg: hmac-sha256, signature_from: '${header.X-S}' }\n  secrets: [ { env: SECRET } ]\n"
        let text = start + "  jobs: [ { type: t } ]\n"
        #expect(
            notes(text) == [
                "3:3: note: the body is read as JSON whatever Content-Type says, because the signature does not cover that header; set 'body' to "
                    + "form, text or bytes for other bodies"
            ])
        #expect(notes(text + "  body: form\n") == [])
        #expect(notes(text + "  each: lines\n") == [])
        let types = compile([("r.yaml", text + "  content_types: [ application/json, text/plain ]\n")])
        #expect(
            types.warnings.map(\.message) == [
                "'content_types' takes text/plain, and the body is read as JSON whatever Content-Type says, because the signature does not cover "
                    + "that header; set 'body' to form, text or bytes for other bodies"
            ])
        #expect(types.notes == [])
    }
}
