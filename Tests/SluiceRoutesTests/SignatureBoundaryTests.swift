import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import TestSupport
import Testing

/// A signature covers bytes, and not where one value ends and the next begins: of all requests with one signed text at
/// most one passes.
@Suite(.serialized) struct SignatureBoundaryTests {
    private static let secret = "a secret of tests"

    private func text(_ verify: String, methods: String = "[POST]") -> String {
        "routes:\n- path: /hook\n  public_url: https://example.com\n  methods: \(methods)\n"
            + "  verify: { alg: hmac-sha256, signature_from: '${header.X-Signature}', \(verify) }\n"
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
    }

    @Test(
        "adjacent parts are refused unless all but one are self-delimiting",
        arguments: [
            ("${id}${body}", "the id and the body"), ("${body}${id}", "the body and the id"),
            ("${id}${timestamp}${header.X-More}", "the id and the timestamp"),
            ("${header.X-More}${body}", "the header x-more and the body"),
            ("${query.q}${header.X-More}", "the query parameter q and the header x-more"),
            ("${path}${body}", "the path and the body"),
            ("${body}${header.X-More}", "the body and the header x-more"), ("${body}.${body}", "the body and the body"),
            ("${id}.${body}.${header.X-More}${query.q}", "the body and the header x-more"),
            ("${body.a}${body.b}", "the field a of the body and the field b of the body"),
            ("${url}${header.X-More}", "the URL and the header x-more"),
        ])
    func ambiguous(signed: String, nouns: String) {
        let verify = "signed: '\(signed)'" + CutScheme.Alternative.lines(for: signed, format: "unix", idPattern: nil)
        let found = compile([("r.yaml", text(verify))]).problems.map(\.message)
        #expect(
            found.count == 1 && found[0].hasPrefix("'signed' joins \(nouns) without a clear boundary"), "\(found)")
    }

    @Test(
        "self-delimiting parts may be adjacent",
        arguments: [
            ("${timestamp}${body}", "unix", nil), ("${timestamp}${body}", "unix_ms", nil),
            ("${timestamp}${body}", "rfc3339", nil), ("${body}${timestamp}", "http_date", nil),
            ("${id}${timestamp}${body}", "rfc3339", nil), ("${id}${timestamp}${body}", "unix", "[0-9a-f-]{36}"),
            ("${url}${body}", "unix", nil), ("${body}${url}", "unix", nil),
            ("${method}${url}${body}${timestamp}", "unix_ms", nil),
            ("${sha256.body}${header.X-More}", "unix", nil), ("${timestamp}${body.token}", "unix", nil),
            ("${body}.${timestamp}", "unix", nil),
        ] as [(String, String, String?)])
    func selfDelimiting(signed: String, format: String, idPattern: String?) {
        let verify =
            "signed: '\(signed)'" + CutScheme.Alternative.lines(for: signed, format: format, idPattern: idPattern)
        #expect(compile([("r.yaml", text(verify))]).problems.map(\.message) == [])
    }

    @Test(
        "a text with a time is not that of an alternative without one, whose body begins with the time",
        arguments: [
            ("${timestamp}:${body}", "1700000000:", #"{"a":1}"#, ""), ("${body}|${timestamp}", "", "a", "|1700000000"),
            ("v1,${header.X-Kind},${body}", "v1,x,", "a=1", ""),
        ])
    func alternatives(signed: String, before: String, body: String, behind: String) throws {
        let common = "alg: hmac-sha256, signature_from: '${header.X-Signature}'"
        let times = CutScheme.Alternative.lines(for: signed, format: "unix", idPattern: nil)
        let file =
            "routes:\n- path: /hook\n  body: text\n  verify:\n  - { \(common) }\n"
            + "  - { \(common), signed: '\(signed)'\(times) }\n"
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        let compilation = compile([("r.yaml", file)])
        #expect(compilation.warnings.map(\.message).contains { $0.contains("only accepts bodies that look like JSON") })
        let route = try #require(compilation.table?.routes.first)
        func passes(_ text: String) -> Bool {
            let digest = signature(Array(text.utf8), Self.secret)
            return TestRequest(text, headers: [("X-Signature", digest)]).passes(route)
        }
        #expect(!passes(before + body + behind))
        for json in [#"{"a":1}"#, "[1]"] { #expect(passes(json)) }
    }

    private func alternatives(_ verify: [String]) -> String {
        "routes:\n- path: /hook\n  public_url: https://example.com\n  verify:\n"
            + verify.map { signed in
                let lines = CutScheme.Alternative.lines(for: signed, format: "unix", idPattern: nil)
                return
                    "  - { alg: hmac-sha256, signature_from: '${header.X-Signature}', signed: '\(signed)'\(lines) }\n"
            }.joined() + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
    }

    @Test(
        "alternatives are refused if the text of one can be that of another request by the other",
        arguments: [
            // An expired time would be an id.
            ["${timestamp}.${body}", "${id}.${body}"],
            ["${header.X-More}|${body}", "${timestamp}|${body}"], ["${header.X-More}", "${body}|${header.X-Other}"],
            // Where the first value ends is not the same in both.
            ["${header.X-More}.${body}", "${header.X-Other}:${body}"],
            ["${timestamp}.${body.a}", "${timestamp}.${body.b}"], ["${sha256.body}.${id}", "${id}.${header.X-More}"],
        ])
    func ambiguousAlternatives(verify: [String]) {
        let found = problems(alternatives(verify))
        #expect(
            found.count == 1
                && found[0].hasSuffix(
                    "the signed texts of the alternatives 1 and 2 of 'verify' can be equal for different "
                        + "requests, without a clear boundary: an attacker could send a captured request for one as a "
                        + "request for the other, with another id, timestamp or body; use a route for each of them"),
            "\(found)")
    }

    @Test(
        "alternatives are also compared with their own formats, with empty values, and if they sign in other headers",
        arguments: [
            // An id of four characters may be the start of one of six.
            ["${id}${body}", "[0-9a-f]{4}", "${id}${body}", "[0-9a-f]{6}"],
            ["${id}.${body}", "[0-9:]{1,20}", ":${body}", nil],
            ["${body}|${timestamp}", "rfc3339", "${body}Z", nil],
            ["${body}|${timestamp}", "http_date", "${body}T", nil],
            ["${base64.body}.${timestamp}", nil, ".${header.X-More}", nil],
            ["${header.X-More}.${body}", nil, "${header.X-More}:${body}", nil],
            ["${timestamp}.${body}", nil, "${id}.${body}", nil],
        ])
    func ambiguousFormats(texts: [String?]) throws {
        let verify = try stride(from: 0, to: 4, by: 2).map { index in
            let (signed, format) = (try #require(texts[index]), texts[index + 1])
            let isTime = signed.contains("${timestamp}")
            let lines = CutScheme.Alternative.lines(
                for: signed, format: isTime ? format ?? "unix" : "", idPattern: isTime ? nil : format)
            return
                "  - { alg: hmac-sha256, signature_from: '${header.X-Signed-\(index)}', signed: '\(signed)'\(lines) }\n"
        }
        let found = problems(
            "routes:\n- path: /hook\n  verify:\n" + verify.joined()
                + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n")
        #expect(found.count == 1 && found[0].contains("of 'verify' can be equal for different requests"), "\(found)")
    }

    @Test("so are two texts of one list, and the place is that of the list")
    func ambiguousList() {
        let file = alternatives(["${timestamp}.${body}"]).replacing(
            "signed: '${timestamp}.${body}'",
            with: "signed: ['${timestamp}.${body}', '${id}.${body}'], id_from: '${header.X-Id}'")
        let found = problems(file)
        #expect(found.count == 1 && found[0].hasPrefix("5:"), "\(found)")
        #expect(found[0].contains("two texts of 'signed' can be equal for different requests"), "\(found)")
    }

    @Test(
        "alternatives are accepted if no request has the text of another one",
        arguments: [
            ["${timestamp}.${body}", "${timestamp}:${body}"], ["v1:${id}:${body}", "v2:${timestamp}:${body}"],
            ["${timestamp}.${body}", "${timestamp}.${body}"], ["${timestamp}.${body}", "${body}"],
            ["${id}.${timestamp}.${body}", "${timestamp}.${body}"], ["${method}${url}${body}", "${body}"],
            ["${header.X-More}.${body}", "${header.X-Other}.${body}"], ["${base64.body}", "${body}"],
            ["${url}.${body}", "${url.with_port}.${body}"], ["${body}|${timestamp}", "${body}|${header.X-More}|v"],
            ["${sha256.body}", "${body}", "${timestamp}.${body}"], ["${url}${body}", "${url}${body}${timestamp}"],
            // No id, no time and no body.
            ["${header.X-More}.${query.q}", "${query.q}"], ["${url}", "${url.with_port}"],
            ["id:${id};ts:${timestamp};", "id:${id};request-id:${header.X-More};ts:${timestamp};"],
        ])
    func distinctAlternatives(verify: [String]) {
        #expect(problems(alternatives(verify)) == [])
    }

    @Test("a list of texts, each of which is compared with each other, has a limit", arguments: [16, 17])
    func manyTexts(count: Int) {
        let texts = (0..<count).map { "'\($0)|${body}'" }.joined(separator: ", ")
        let found = problems(alternatives(["${body}"]).replacing("signed: '${body}'", with: "signed: [\(texts)]"))
        #expect(found.contains { $0.hasSuffix("'signed' can have at most 16 texts") } == (count > 16), "\(found)")
    }

    @Test("texts that differ only in the literals around one value are warned of")
    func differentLiterals() {
        let compilation = compile([("r.yaml", alternatives(["${body.a}", "${body.a}-"]))])
        #expect(compilation.problems == [])
        let found = compilation.warnings.map(\.message).filter {
            $0.contains("the alternatives 1 and 2 of 'verify' differ")
        }
        #expect(found.count == 1, "\(compilation.warnings)")
    }

    @Test("an expired request is not one without a time, whose id is the time")
    func expired() throws {
        let route = try route(alternatives(["${id}.${timestamp}.${body}", "${timestamp}.${body}"]))
        func judged(_ text: String, _ headers: [(String, String)], _ body: String) -> String {
            let digest = signature(Array(text.utf8), Self.secret)
            return TestRequest(body, headers: [("X-Signature", digest)] + headers).judged(by: route)
        }
        let (old, now) = ("1600000000", "1700000000")
        // The id of an expired request is the fresh time of another one.
        let text = "\(now).\(old).{}"
        #expect(judged(text, [("X-Id", now), ("X-Time", old)], "{}").hasPrefix("refused signature_expired"))
        #expect(judged(text, [("X-Time", now)], "\(old).{}").contains("the body does not begin with { or ["))
        #expect(judged("\(now).{}", [("X-Time", now)], "{}") == "valid")
    }

    @Test("a body has to meet the conditions of its own text and those of the other alternatives")
    func bothConditions() throws {
        let route = try route(alternatives(["${body}${timestamp}", "${timestamp}:${body}"]))
        func judged(_ text: String, time: String, _ body: String) -> String {
            let digest = signature(Array(text.utf8), Self.secret)
            return TestRequest(body, headers: [("X-Signature", digest), ("X-Time", time)]).judged(by: route)
        }
        let (old, now) = ("1600000000", "1700000000")
        #expect(judged("{}\(now)", time: now, "{}") == "valid")
        // A body of the second text may end like a time.
        let text = "\(old):{}\(now)"
        #expect(judged(text, time: old, "{}\(now)").hasPrefix("refused signature_expired"))
        #expect(judged(text, time: now, "\(old):{}").contains("the body does not begin with { or ["))
        #expect(judged("{1\(now)", time: now, "{1").contains("the body does not end with } or ]"))
    }

    @Test(
        "a text with the names and values of a form is warned of, but not in a preset, whose notes say so",
        arguments: [
            (
                "${url}${sorted.form}", ", nor the URL from them",
                "or else use a URL without a query, make 'unique_key' of fields"
            ),
            ("${sorted.query}.${body}", "", "or else make 'unique_key' of fields"),
        ])
    func pairs(signed: String, what: String, remedy: String) throws {
        let compilation = compile([("r.yaml", text("signed: '\(signed)'"))])
        let found = compilation.warnings.map(\.description).filter { $0.contains("does not separate") }
        #expect(
            found.count == 1
                && found[0].hasPrefix(
                    "r.yaml:5:80: warning: the signed text does not separate the names and values of the form or query"
                        + "\(what): an attacker with a captured request could move bytes from one to the other")
                && found[0].contains(remedy), "\(compilation.warnings)")
        for preset in ["twilio", "plivo"] {
            let file =
                "routes:\n- path: /hook\n  public_url: https://example.com\n  provider: \(preset)\n"
                + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
            let warnings = compile([("r.yaml", file)]).warnings.map(\.description)
            #expect(!warnings.contains { $0.contains("does not separate") }, "\(warnings)")
            let notes = ProviderCatalog.text(of: preset).map { "\($0)" } ?? ""
            #expect(notes.contains("The signed text does not separate the names"), "\(preset)")
        }
    }

    @Test("the fields of a captured form are not the URL of another form", arguments: ["/hook/{tenant}", "/hook"])
    func formAsURL(path: String) throws {
        let file =
            "routes:\n- path: \(path)\n  public_url: https://example.com\n  provider: twilio\n"
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        let route = try #require(compile([("r.yaml", file)]).table?.routes.first)
        let forged = "Body=EVIL&From=1"
        let digest = Hash.digest(.sha256, Array(forged.utf8).span).hex
        // A text message of an attacker, as the provider signs it.
        let prefix = path == "/hook" ? "/hook?q=1" : "/hook/acme"
        let fields = "\(path == "/hook" ? "&" : "?")bodySHA256=\(digest)&z="
        let text = "https://example.com\(prefix)Body\(fields)From2"
        let key = HMACKey(.sha1, key: Array(Self.secret.utf8).span)
        let code = Base64.encode(key.authenticate(Array(text.utf8).span).span.array)
        func passes(_ target: String, _ body: String) -> Bool {
            let headers = [("X-Twilio-Signature", code), ("Content-Type", "application/x-www-form-urlencoded")]
            return TestRequest(body, target: target, headers: headers).passes(route)
        }
        let encoded = fields.utf8.map { "%" + Hex.encode([$0]) }.joined()
        #expect(passes(prefix, "Body=\(encoded)&From=2"))
        #expect(!passes("\(prefix)Body\(fields)From2", forged))
    }

    @Test("a text with the CRC-32 of the body only is warned of, but not in a preset, whose notes say so")
    func checksum() {
        func warnings(_ signed: String) -> [String] {
            compile([("r.yaml", text("signed: '\(signed)'"))]).warnings.map(\.message).filter { $0.contains("CRC-32") }
        }
        #expect(warnings("${crc32.body}|${method}").count == 1)
        #expect(warnings("${crc32.body}|${body}") == [])
        #expect(
            ProviderCatalog.text(of: "paypal").map { "\($0)".contains("another body with the same CRC-32") } == true)
    }

    @Test(
        "a plain digest is not that of a longer text, unless the secret is at its end",
        arguments: [
            ("${key}${body}", "{}", true), ("${key}${body}", "{}\u{0}", false), ("${key}${query.q}", "a", true),
            ("${key}${query.q}", "\u{0}", false), ("${body}${key}", "{}\u{0}", true),
        ])
    func extensions(signed: String, value: String, isValid: Bool) throws {
        let file = text("signed: '\(signed)'").replacing("hmac-sha256", with: "sha256").replacing(
            "  secrets:", with: "  body: bytes\n  secrets:")
        let route = try #require(compile([("r.yaml", file)]).table?.routes.first)
        let signedText = SignedCut(signed).text([
            "key": Array(Self.secret.utf8), "body": Array(value.utf8), "query.q": Array(value.utf8),
        ])
        let digest = [("X-Signature", Hash.digest(.sha256, signedText.span).hex)]
        let query = value.utf8.map { "%" + Hex.encode([$0]) }.joined()
        let request = TestRequest(
            signed.contains("body") ? value : "", target: signed.contains("query") ? "/hook?q=\(query)" : "/hook",
            headers: digest)
        #expect((request.judged(by: route) == "valid") == isValid)
    }

    @Test("references of Adyen may contain a colon or a backslash", arguments: ["a:b", "a\\\\b", "a", ""])
    func adyen(reference: String) throws {
        let route = try route(
            "routes:\n- path: /hook\n  provider: adyen\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n",
            environment: ["SECRET": Hex.encode(Array(Self.secret.utf8))])
        let plain = reference.replacing("\\\\", with: "\\")
        let signed = Array("9313::Shop:\(plain):1130:EUR:AUTHORISATION:true".utf8)
        let digest = Hex.decode(Array(signature(signed, Self.secret).utf8).span) ?? []
        func body(_ reference: String) -> String {
            """
            {"live":"false","notificationItems":[{"NotificationRequestItem":{"pspReference":"9313",
            "merchantAccountCode":"Shop","merchantReference":"\(reference)","amount":{"value":1130,"currency":"EUR"},
            "eventCode":"AUTHORISATION","success":"true",
            "additionalData":{"hmacSignature":"\(Base64.encode(digest))"}}}]}
            """
        }
        #expect(TestRequest(body(reference)).judged(by: route) == "valid")
        #expect(TestRequest(body(reference + "x")).judged(by: route).hasPrefix("refused signature_invalid"))
    }

    @Test("the part of a URL that never changes may contain what separates it")
    func constantURL() throws {
        let route = try route(text("signed: '${url}.${body}'"))
        for (target, isValid) in [("/hook", true), ("/hook?a", true), ("/hook?a.b", false)] {
            var request = TestRequest("{}", target: target)
            let signed = Array("https://example.com\(target).{}".utf8)
            request.headers = [("X-Signature", signature(signed, Self.secret))]
            #expect((request.judged(by: route) == "valid") == isValid, "\(target)")
        }
    }

    @Test("methods of which one begins with another do not end by themselves")
    func methods() {
        let verify = "signed: '${method}${body}'"
        #expect(compile([("r.yaml", text(verify, methods: "[POST, PUT]"))]).problems == [])
        #expect(compile([("r.yaml", text(verify, methods: "[POST, POSTS]"))]).problems.count == 1)
        let behind = "signed: '${body}${method}'"
        #expect(compile([("r.yaml", text(behind, methods: "[POST, PUT]"))]).problems == [])
        #expect(compile([("r.yaml", text(behind, methods: "[PUT, XPUT]"))]).problems.count == 1)
    }

    @Test(
        "a value that contains its separator is refused, and the piece is named",
        arguments: [
            (
                "${id}.${timestamp}.${body}", ["id": "m.1"],
                "the header x-id, which contains the id, does not match 'id_pattern'"
            ),
            (
                "${header.X-More}.${body}", ["header.X-More": "a.b"],
                "the header x-more contains the character that separates it"
            ),
            (
                "${header.X-More}.${body}", ["header.X-More": ".a"],
                "the header x-more contains the character that separates it"
            ),
            (
                "${body}|${header.X-More}", ["header.X-More": "a|b"],
                "the header x-more contains the character that separates it"
            ),
            ("${timestamp}${body}", ["timestamp": "170000000"], "the timestamp does not have 10 bytes"),
            ("${timestamp}${body}", ["timestamp": "17000000000"], "the timestamp does not have 10 bytes"),
            ("${body}${timestamp}", ["body": "a"], "the body does not end with } or ]"),
        ] as [(String, [String: String], String)])
    func separators(signed: String, values: [String: String], expected: String) throws {
        let verify =
            "tolerance: 0, signed: '\(signed)'"
            + CutScheme.Alternative.lines(for: signed, format: "unix", idPattern: nil)
        let route = try route(
            text(verify.contains("timestamp_from") ? verify : String(verify.dropFirst("tolerance: 0, ".count))))
        let cut = SignedCut(signed)
        let all = ["id": "m1", "timestamp": "1700000000", "body": "{}", "header.X-More": "more"].merging(values) { $1 }
        let used = all.filter { cut.parts.contains(.value($0.key)) }
        let bytes = used.mapValues { Array($0.utf8) }
        let request = TestRequest(
            try #require(
                CutRequest(bytes, signature: ("X-Signature", signature(cut.text(bytes), Self.secret)))))
        #expect(
            request.judged(by: route).hasPrefix("refused signature_invalid: \(expected)"),
            "\(request.judged(by: route))")
    }

    @Test("a URL next to a body ends where the body starts")
    func url() throws {
        let route = try route(text("signed: '${url}${body}'"))
        func outcome(_ target: String, _ body: String) -> String {
            let digest = signature(Array("https://example.com\(target)\(body)".utf8), Self.secret)
            return TestRequest(body, target: target, headers: [("X-Signature", digest)]).judged(by: route)
        }
        #expect(outcome("/hook", #"{"a":1}"#) == "valid")
        #expect(outcome("/hook?x=1", "[1]") == "valid")
        #expect(outcome("/hook?x=1", "") == "valid")
        #expect(outcome("/hook?x=", "1[1]").contains("the body does not begin with { or ["))
        #expect(outcome("/hook?x={", "[1]").contains("the URL contains a brace or a bracket"))
    }

    @Test("a body between a URL and a number begins and ends as JSON does")
    func bothSides() throws {
        let signed =
            "signed: '${method}${url}${body}${timestamp}', timestamp_from: '${header.X-Time}', timestamp_format: "
            + "unix_ms"
        let route = try route(text(signed))
        let now = "\(TestRequest.now)"
        func outcome(_ target: String, _ body: String) -> String {
            let digest = signature(Array("POSThttps://example.com\(target)\(body)\(now)".utf8), Self.secret)
            return TestRequest(body, target: target, headers: [("X-Signature", digest), ("X-Time", now)]).judged(
                by: route)
        }
        #expect(outcome("/hook?x=1", #"{"a":1}"#) == "valid")
        #expect(outcome("/hook?x=1", "") == "valid")
        #expect(outcome("/hook", #"?x=1{"a":1}"#).contains("the body does not begin with { or ["))
        #expect(outcome("/hook", #"{"a":1}1"#).contains("the body does not end with } or ]"))
    }

    @Test("an empty body between a URL and a number needs a number of one length")
    func emptyBetween() throws {
        func outcome(_ format: String, _ now: String) throws -> String {
            let signed = "signed: '${url}${body}${timestamp}', timestamp_from: '${header.X-Time}', tolerance: 0, "
            let route = try route(text(signed + "timestamp_format: \(format)"))
            let digest = signature(Array("https://example.com/hook?x=1\(now)".utf8), Self.secret)
            return TestRequest("", target: "/hook?x=1", headers: [("X-Signature", digest), ("X-Time", now)]).judged(
                by: route)
        }
        #expect(try outcome("unix_ms", "1700000000000") == "valid")
        #expect(try outcome("unix_ms", "170000000000").hasPrefix("refused "))
        #expect(try outcome("unix_or_ms", "1700000000").contains("the body is empty"))
    }

    @Test("at the path / a URL counts with its slash and without")
    func slash() throws {
        func outcome(_ path: String, signed url: String) throws -> String {
            let file = text("signed: '${url}${body}'").replacing("path: /hook", with: "path: \(path)")
            let digest = signature(Array("\(url)[1]".utf8), Self.secret)
            return TestRequest("[1]", target: path, headers: [("X-Signature", digest)]).judged(by: try route(file))
        }
        #expect(try outcome("/", signed: "https://example.com/") == "valid")
        #expect(try outcome("/", signed: "https://example.com") == "valid")
        #expect(try outcome("/hook", signed: "https://example.com").hasPrefix("refused "))
    }

    @Test(
        "ids are of the pattern that the route says",
        arguments: [
            ("[0-9a-f]{4}", "00ff", true), ("[0-9a-f]{4}", "00FF", false),
            ("[0-9a-f]{4}", "00ff0", false), ("[0-9a-f]{5}", "00ffg", false), ("[a.=-]{1,3}", "a.=", true),
            ("[a.=-]{1,3}", "a.=-", false),
        ])
    func idPatterns(pattern: String, id: String, matches: Bool) throws {
        let route = try route(text("signed: '${id}|${body}', id_from: '${header.X-Id}', id_pattern: '\(pattern)'"))
        let digest = signature(Array("\(id)|{}".utf8), Self.secret)
        let outcome = TestRequest("{}", headers: [("X-Id", id), ("X-Signature", digest)]).judged(by: route)
        #expect((outcome == "valid") == matches)
    }

    @Test(
        "an invalid pattern is an error with its location",
        arguments: ["x", "[a-z]", "[a-z]{0}", "[a-z]{3,2}", "[a-z]{257}", "[]{1}", "[z-a]{1}"])
    func brokenPatterns(pattern: String) {
        let found = problems(text("signed: '${id}|${body}', id_from: '${header.X-Id}', id_pattern: '\(pattern)'"))
        #expect(
            found.count == 1 && found[0].contains("'id_pattern' must be a set of characters and a length"), "\(found)")
    }
}
