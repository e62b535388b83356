import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// What is wrong with a `verify` and what is risky in it, said at load.
@Suite(.serialized) struct SignatureProblemTests {
    private func file(_ verify: String, _ lines: String = "") -> String {
        let from = verify.contains("signature_from:") ? "" : ", signature_from: '${header.X-Signature}'"
        return
            "routes:\n- path: /a\n  verify: {\(verify), alg: hmac-sha256\(from)}\n\(lines)  secrets: [{env: "
            + "SECRET}]\n  jobs: [{type: t}]\n"
    }

    @Test(
        "a mistake in 'verify' has a message and a location",
        arguments: [
            ("signature_from: '${header.X}x'", "3:28: 'signature_from' must be one reference\(ofRequest)"),
            ("signature_from: '${body}'", "3:28: 'signature_from' must be one reference\(ofRequest)"),
            ("signature_from: '${method}'", "3:28: 'signature_from' must be one reference\(ofRequest)"),
            ("signature_from: '${header.X ?? \"\"}'", "3:28: 'signature_from' must be one reference\(ofRequest)"),
            (
                "signature_from: '${param.x}'",
                "3:28: the path has no parameter 'x'; write parameters as {name} in 'path'"
            ),
            ("signature_from: '${hedaer.X}'", "3:28: unknown reference 'hedaer'; did you mean 'header'?"),
            ("signature_from: '${timestamp}'", "3:28: 'signature_from' must be one reference\(ofRequest)"),
            ("timestamp_from: now", "3:28: 'timestamp_from' must be one reference\(ofRequest)"),
            ("id_from: '${body}', signed: '${id}'", "3:21: 'id_from' must be one reference\(ofRequest)"),
            ("signature_split: ''", "3:29: \(split)"), ("signature_split: ', '", "3:29: \(split)"),
            ("signature_split: é", "3:29: \(split)"),
            ("signature_split: a", "3:29: \(split)"),
            ("signature_encoding: base64, signature_split: '='", "3:57: \(split)"),
            (
                "signature_split: ','\n   , signature_prefix: 'v1,'",
                "4:24: 'signature_prefix' contains the character of 'signature_split', so no entry can begin with it"
            ),
            (
                "signature_split: ',', timestamp_from: '${header.T}', timestamp_prefix: 't,'",
                "3:83: 'timestamp_prefix' contains the character of 'signature_split', so no entry can begin with it"
            ),
            ("timestamp_from: '${header.T}', timestamp_prefix: ''", "3:61: 'timestamp_prefix' must not be empty"),
            ("timestamp_from: '${header.X-Signature}'", "3:28: \(besides)"),
            ("timestamp_from: '${header.X-Signature}', timestamp_prefix: 't='", "3:28: \(besides)"),
            ("timestamp_prefix: 't='", "3:12: 'timestamp_prefix' has no effect without 'timestamp_from'"),
            ("timestamp_format: unix", "3:12: 'timestamp_format' has no effect without 'timestamp_from'"),
            ("tolerance: 5m", "3:12: 'tolerance' has no effect without 'timestamp_from'"),
            (
                "timestamp_from: '${header.T}', timestamp_format: iso",
                "3:61: 'timestamp_format' must be 'unix', 'unix_ms', 'unix_or_ms', 'rfc3339' or 'http_date', not 'iso'"
            ),
            (
                "timestamp_from: '${header.T}', tolerance: 2d",
                "3:54: 'tolerance' must be a duration from 0 to 1d, such as 500ms, 30s, 5m, 2h or 7d"
            ),
            (
                "timestamp_from: '${header.T}', tolerance: 0",
                "3:12: 'timestamp_from' has no effect without ${timestamp} in 'signed' or a 'tolerance'"
            ),
            ("id_from: '${header.I}'", "3:12: 'id_from' has no effect without ${id} in 'signed'"),
            (
                "signed: '${timestamp}'",
                "3:20: 'signed' contains ${timestamp}, but there is no 'timestamp_from' with its location"
            ),
            ("signed: '${id}'", "3:20: 'signed' contains ${id}, but there is no 'id_from' with its location"),
            ("signed: text", "3:20: 'signed' contains no reference, so every request would have the same signature"),
            ("signed: '${url}'", "3:20: 'url' needs 'public_url', in the route or in the settings"),
            (
                "signed: '${body.a[]}'",
                "3:20: '[]' can only be used in 'each'; here write a position, such as [0], or use 'item'"
            ),
            (
                "signed: '${delivery.id}'",
                "3:20: 'verify' describes what the sender signed, and cannot contain the delivery's id"
            ),
            ("signed: '${headers}'", "3:20: 'verify' describes what the sender signed, and cannot contain the headers"),
            ("signed: '${event}'", "3:20: 'verify' describes what the sender signed, and cannot contain the event"),
            (
                "signed: '${route}'",
                "3:20: 'verify' describes what the sender signed, and cannot contain the route's name"
            ),
            (
                "signed: '${item.a}'",
                "3:20: 'item' cannot be used without 'each' in 'verify'"
            ),
            ("key_strip_prefix: a secret of tests", "4:13: the secret is empty after 'key_strip_prefix'"),
            ("key_strip_prefix: 7", "3:30: 'key_strip_prefix' must be a text, not a number; put it in quotes"),
        ])
    func mistakes(verify: String, expected: String) {
        #expect(problems(file(verify)) == [expected])
    }

    private static let ofRequest =
        " to a header, a query parameter, a path parameter or a field of the body, such as ${header.X-Signature}"
    private static let split = "'signature_split' must be one ASCII character that no signature contains, such as ','"
    private static let besides =
        "a timestamp in the signature header needs 'signature_split', and 'timestamp_prefix' unless it is the "
        + "first entry"

    @Test("'timestamp' and 'id' are references of 'verify' alone", arguments: ["timestamp", "id"])
    func elsewhere(word: String) {
        #expect(
            problems(openRoute(rule: "payload: ${\(word)}")) == [
                "7:18: '\(word)' is a reference only in 'verify'; elsewhere write its source, such as "
                    + "header.X-Name or body.\(word)"
            ])
    }

    private func warnings(_ verify: String, _ lines: String = "") -> [String] {
        let compilation = compile([("r.yaml", file(verify, lines))])
        #expect(compilation.problems.map(\.description) == [])
        return compilation.warnings.map { String($0.description.dropFirst("r.yaml:".count)) }.filter {
            !$0.contains(Self.uncoveredBody)
        }
    }

    private static let uncoveredBody =
        "warning: the signature does not cover the body: an attacker with a captured request"

    @Test(
        "a signature over nothing of the body is a warning, or over less than all of it",
        arguments: [
            ("signed: '${timestamp}', timestamp_from: '${header.T}'", true), ("signed: '${body.token}'", true),
            ("signed: '${header.T}'", true),
            ("signed: '${body}'", false), ("signed: '${header.T}:${sha256.body}'", false), ("", false),
        ])
    func uncoveredBody(verify: String, warns: Bool) {
        let warnings = compile([("r.yaml", file(verify, ""))]).warnings.map(\.description)
        #expect(warnings.contains { $0.contains(Self.uncoveredBody) } == warns, "\(warnings)")
    }

    @Test(
        "a timestamp that the signature does not cover is a warning",
        arguments: [
            ("timestamp_from: '${header.T}'", "the header t"),
            ("timestamp_from: '${query.t}'", "the query parameter t"),
            ("timestamp_from: '${body.t}', signed: '${body.u}'", "the field t of the body"),
            ("timestamp_from: '${header.T}', signed: '${header.U}:${body}'", "the header t"),
            ("timestamp_from: '${header.T}', signed: '${timestamp}${body}'", nil), ("timestamp_from: '${body.t}'", nil),
            ("timestamp_from: '${body.t.u}', signed: '${body.t}'", "the field t.u of the body"),
            ("timestamp_from: '${body.t}', signed: '${sha256.body}'", nil),
            ("timestamp_from: '${header.T}', signed: '${header.T}:${body}'", nil),
            ("timestamp_from: '${query.t}', signed: '${url}'", nil),
        ])
    func uncoveredTimestamp(verify: String, noun: String?) {
        let expected = noun.map {
            "3:28: warning: the signature does not cover \($0), which contains the timestamp: an "
                + "attacker with a captured request could replay it with a fresh timestamp; put ${timestamp} into 'signed' if the sender signs it"
        }
        #expect(warnings(verify, "  public_url: https://example.com\n") == [expected].compactMap { $0 })
    }

    @Test(
        "a unique key is covered by what 'signed' holds",
        arguments: [
            ("signed: '${body}'", "${header.I}", "the header i"), ("signed: '${header.I}:${body}'", "${header.I}", nil),
            ("signed: '${id}:${body}', id_from: '${header.I}'", "${header.i}", nil),
            ("signed: '${id}:${body}', id_from: '${header.I}'", "${header.J}", "the header j"),
            ("signed: '${timestamp}${body}', timestamp_from: '${header.T}'", "['${header.T}', '${body.a}']", nil),
            (
                "signed: '${timestamp}${body}', timestamp_from: '${header.T}', timestamp_prefix: 't='", "${header.T}",
                "the header t"
            ),
            ("signed: '${body}'", "${query.q}", "the query parameter q"),
            ("signed: '${query.q}:${body}'", "${query.q}", nil),
            ("signed: '${url}${body}'", "${query.q}", nil), ("signed: '${body}'", "${url}", "the URL"),
            ("signed: '${url}'", "${url}", nil), ("signed: '${body}'", "${path}/${body.a}", nil),
            ("signed: '${body}'", "${headers}", "the headers"), ("signed: '${sha256.body}'", "${body.a.b}", nil),
            ("signed: '${body.a}'", "${body.a.b}", "the field a.b of the body"),
            ("signed: '${body.a.b}'", "${body.a.b}", nil),
            ("signed: '${body.a.b}'", "${body.a}", "the field a of the body"),
            ("signed: '${body.a}'", "${body.ab}", "the field ab of the body"),
            ("signed: '${sha256.body.a}'", "${body.a}", nil), ("signed: '${body.a}'", "${body}", "the body"),
            ("signed: '${body.a}'", "${sha256.body}", "the digest of the body"),
            ("signed: '${body.a}'", "${sha256.body.a}", "the digest of the field a of the body"),
            ("signed: '${sha256.body.a}'", "${sha256.body.a.b}", nil), ("signed: '${body.a}'", "${body.a}", nil),
            ("signed: '${header.I ?? \"\"}:${body}'", "${header.I}", "the header i"),
            ("signed: '${body}'", "${delivery.remote_address}", "the sender's address"),
            ("signed: '${id}', id_from: '${body.i}'", "${body.i}", nil),
            ("signed: '${body}'", "${event}", "the event"), ("signed: '${header.E}:${body}'", "${event}", nil),
        ])
    func coveredKey(verify: String, key: String, noun: String?) {
        let isList = key.hasPrefix("[")
        let lines =
            "  public_url: https://example.com\n  event: ${header.E}${body.e}\n  unique_key: \(isList ? key : "'\(key)'")\n"
        let holdsBody = verify.contains("${body}") || verify.contains("${sha256.body}")
        let expected = noun.map {
            "6:15: warning: the signature does not cover \($0), which the unique key uses: an attacker with a captured request "
                + "could replay it "
                + "with another value; take the key from \(holdsBody ? "the body" : "a value in 'signed'") if possible"
        }
        #expect(warnings(verify, lines) == [expected].compactMap { $0 })
    }
}
