import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import TestSupport
import Testing

/// A header that the signature does not cover never decides how signed bytes are read.
@Suite(.serialized) struct UnsignedContentTypeTests {
    private static let secret = "a secret of tests"

    static let contentTypes = [
        nil, "application/json", "application/json; charset=utf-16", "application/json; charset=latin1", "text/plain",
        "text/plain; charset=utf-16le", "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=latin1",
        "multipart/form-data; boundary=b", "multipart/form-data; boundary=evil", "multipart/form-data",
        "application/octet-stream",
        "image/png", "x",
    ]

    static let multipart =
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--evil\r\nContent-Disposition: form-data; "
        + "name=\"payload\"\r\n\r\n{\"forged\":true}\r\n--evil--\r\n--b--\r\n"

    static let bodies = [
        #"{"comment":"&payload=%7B%22forged%22%3Atrue%7D&","ref":"refs/heads/main"}"#, "  [1,2]",
        "\u{FEFF}{\"a\":\"\u{E9}\"}", #""text""#,
        "12", "null",
        "", " ", "plain text", "a=1&b=2", "payload=%7B%22a%22%3A1%7D", "payload=%7B%22a%22%3A1%7D&x=1",
        "payload=1&payload=2",
        "payload={\"a\":1}", "x=%7B%7D", multipart, "--b\r\n", "{\"a\":\"\r\n--evil\r\n\r\n\"}",
    ]

    private func outcome(_ route: Route, _ body: [UInt8], _ header: String, headers: [(name: String, value: String)])
        -> String
    {
        var request = TestRequest(
            "", target: route.path, headers: headers + [(header, "sha256=" + signature(body, Self.secret))])
        request.body = body
        switch request.processed(by: route) {
        case .store(let delivery, _):
            let jobs = delivery.jobs.map { "\($0.type) \(String(decoding: $0.payload, as: UTF8.self))" }
            return "\(jobs) \(delivery.deadLetters.map(\.reason.rawValue))"
        case .refused(let code, _): return code.rawValue
        case .acknowledged: return "acknowledged"
        case .handshake, .learns, .call: return "handshake"
        case .rateLimited, .tooLargeForThread, .needsKey: return "not judged"
        }
    }

    @Test(
        "a signed body has the same result for any content type",
        arguments: [
            "body: auto", "body: json", "body: form", "body: text", "body: bytes", "each: lines", "provider: github",
        ])
    func sameOutcome(line: String) throws {
        let isGitHub = line.hasPrefix("provider")
        let verify =
            isGitHub
            ? ""
            : "verify: { alg: hmac-sha256, signature_from: '${header.X-Hub-Signature-256}', signature_prefix: 'sha256=' }\n  "
        let route = try route(
            "routes:\n- path: /hook\n  \(verify)\(line)\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t, "
                + "payload: '${body}' } ]\n"
                .replacing("'${body}'", with: line == "each: lines" ? "'${item}'" : "'${body}'"))
        for body in Self.bodies {
            let outcomes = Set(
                Self.contentTypes.map { type in
                    outcome(
                        route, Array(body.utf8), "X-Hub-Signature-256",
                        headers: type.map { [("Content-Type", $0)] } ?? [])
                })
            #expect(outcomes.count == 1, "\(line) \(body): \(outcomes)")
        }
    }

    @Test(
        "a body that starts with a brace or a bracket is JSON, and a form only if the route or its provider says so",
        arguments: [
            (
                "body: auto", #"{"comment":"&payload=%7B%22forged%22%3Atrue%7D&"}"#,
                #"["t {\"comment\":\"&payload=%7B%22forged%22%3Atrue%7D&\"}"] []"#
            ),
            ("body: auto", "a=1", #"[] ["body_unreadable"]"#), ("body: auto", "12", #"["t 12"] []"#),
            ("body: form", "a=1&b=x+y", #"["t {\"a\":\"1\",\"b\":\"x y\"}"] []"#),
            ("body: form", "a=1&b=\"", #"[] ["body_unreadable"]"#),
            ("body: form", #"{"a":"&b=1"}"#, #"[] ["body_unreadable"]"#), ("body: text", "a=1", #"["t \"a=1\""] []"#),
            ("provider: github", "payload=%7B%22a%22%3A1%7D", #"["t {\"a\":1}"] []"#),
            ("provider: github", "payload=%7B%22a%22%3A1%7D&x=1", #"[] ["body_unreadable"]"#),
            ("provider: github", "payload={\"a\":1}", #"[] ["body_unreadable"]"#),
            ("provider: github", "a=1", #"[] ["body_unreadable"]"#),
        ])
    func kinds(line: String, body: String, expected: String) throws {
        let isGitHub = line.hasPrefix("provider")
        let verify =
            isGitHub
            ? ""
            : "verify: { alg: hmac-sha256, signature_from: '${header.X-Hub-Signature-256}', signature_prefix: 'sha256=' }\n  "
        let route = try route(
            "routes:\n- path: /hook\n  \(verify)\(line)\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n")
        #expect(outcome(route, Array(body.utf8), "X-Hub-Signature-256", headers: []) == expected)
    }

    @Test("a form of several parts is read by the boundary that it begins with")
    func boundary() throws {
        let route = try route(
            "routes:\n- path: /hook\n  provider: github\n  body: form\n  secrets: [ { env: SECRET } ]\n  jobs: [ { "
                + "type: t } ]\n"
        )
        for type in Self.contentTypes {
            let found = outcome(
                route, Array(Self.multipart.utf8), "X-Hub-Signature-256",
                headers: type.map { [("Content-Type", $0)] } ?? [])
            #expect(
                found.contains("forged") && found.hasPrefix(#"["t {\"a\":"#) && !found.contains("\"payload\\\":"),
                "\(found)")
        }
    }

    @Test("gzip is decompressed if the body is gzip, and only then, for any content encoding")
    func gzip() throws {
        let route = try gzipRoute(true)
        for encoding in [nil, "gzip", "x-gzip", "identity"] {
            let headers = encoding.map { [("Content-Encoding", $0)] } ?? []
            #expect(outcome(route, GzipSample.fixed, "X-Hub-Signature-256", headers: headers).contains("t {"))
            #expect(outcome(route, Array("{}".utf8), "X-Hub-Signature-256", headers: headers) == #"["t {}"] []"#)
        }
        let plain = try gzipRoute(false)
        #expect(outcome(plain, GzipSample.fixed, "X-Hub-Signature-256", headers: []) == #"[] ["body_unreadable"]"#)
        #expect(
            outcome(plain, GzipSample.fixed, "X-Hub-Signature-256", headers: [("Content-Encoding", "gzip")])
                == "content_encoding_not_supported")
    }

    private func gzipRoute(_ gzip: Bool) throws -> Route {
        try route(
            "routes:\n- path: /hook\n  provider: github\n  gzip: \(gzip)\n  secrets: [ { env: SECRET } ]\n  jobs: [ { "
                + "type: t } ]\n"
        )
    }

    /// Gzip whose header contains a form as the name of a file would be, as received, a form with the signed field, and
    /// decompressed another one.
    @Test(
        "a body is never verified by its fields as received and then decompressed into other ones",
        arguments: [
            "signature_from: '${header.X-Signature}', signed: '${header.Content-Type}|${body.id}'",
            "signature_from: '${body.signature}', signed: '${header.X-More}'",
        ])
    func gzipWithSignedFields(verify: String) throws {
        let file =
            "routes:\n- path: /hook\n  gzip: true\n  verify:\n  - { alg: hmac-sha256, \(verify) }\n  - { alg: static, "
            + "signature_from: '${header.X-Token}' }\n  body: form\n  secrets: [ { env: SECRET } ]\n"
            + "  jobs: [ { type: t } ]\n"
        #expect(
            problems(file) == [
                "3:9: 'gzip' has no effect if 'verify' refers to fields of the body: they are read from the body as "
                    + "received, so a gzip body never has them; remove 'gzip', or verify ${body} if the sender signs it"
            ])
        #expect(problems(file.replacing("gzip: true", with: "gzip: false")).isEmpty)
    }

    /// Each case: what is signed, the headers of the sender, and those of an attacker who has captured the request.
    @Test(
        "a header that may be left out, or another one that is signed, decides nothing either",
        arguments: [
            ("${header.Content-Type ?? \"text/plain\"}|${body}", ["Content-Type": "text/plain"], [:]),
            (
                "${header.Content-Type}|${body}",
                ["Content-Type": "application/octet-stream", "Content-Encoding": "gzip"],
                ["Content-Type": "application/octet-stream"]
            ),
            (
                "${header.Content-Encoding}|${body}", ["Content-Encoding": "gzip"],
                ["Content-Encoding": "gzip", "Content-Type": "text/plain"]
            ),
        ] as [(String, [String: String], [String: String])])
    func otherHeaders(signed: String, sent: [String: String], changed: [String: String]) throws {
        let route = try route(
            "routes:\n- path: /hook\n  gzip: true\n  verify: { alg: hmac-sha256, signature_from: "
                + "'${header.X-Signature}', "
                + "signature_prefix: 'sha256=', signed: '\(signed)' }\n  secrets: [ { env: SECRET } ]\n  jobs: [ { "
                + "type: t } ]\n"
        )
        for body in [Array(#"{"a":1}"#.utf8), GzipSample.fixed] {
            let first = Array("\(sent["Content-Type"] ?? sent["Content-Encoding"] ?? "")|".utf8)
            let digest = [("X-Signature", "sha256=" + signature(first + body, Self.secret))]
            let outcomes = [sent, changed].map { headers in
                var request = TestRequest("", headers: headers.map { ($0.key, $0.value) } + digest)
                request.body = body
                let outcome = request.processed(by: route)
                return "\(outcome.summary) \(outcome.payload ?? "")"
            }
            #expect(outcomes[0] == outcomes[1] && !outcomes[0].contains("signature_"), "\(outcomes)")
        }
    }

    @Test("if the signature covers the content type, that decides how the body is read")
    func signed() throws {
        let route = try route(
            "routes:\n- path: /hook\n  verify: { alg: hmac-sha256, signature_from: '${header.X-Signature}', "
                + "signed: '${header.Content-Type}|${body}' }\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } "
                + "]\n"
        )
        func outcome(_ sent: String, _ signed: String) -> String {
            let digest = signature(Array("\(signed)|a=1".utf8), Self.secret)
            return TestRequest("a=1", headers: [("Content-Type", sent), ("X-Signature", digest)]).processed(by: route)
                .summary
        }
        let form = "application/x-www-form-urlencoded"
        #expect(outcome(form, form) == "stored")
        #expect(outcome("text/plain", form).hasPrefix("refused signature_invalid"))
        #expect(outcome("application/json", "application/json").contains("body_unreadable"))
    }
}
