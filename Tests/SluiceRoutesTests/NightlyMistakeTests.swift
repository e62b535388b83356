import Foundation
import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// Mistakes that people make who are tired, or used to another program.
@Suite(.serialized) struct NightlyMistakeTests {
    @Test(
        "a path with a parameter as others write it",
        arguments: ["/a/:tenant", "/a/*", "/a/<t>", "/:t/b"])
    func paths(path: String) {
        let segment = path.split(separator: "/").first { !["a", "b"].contains($0) } ?? ""
        let text = openRoute().replacing("path: /hook", with: "path: \(path)")
        #expect(
            compile([("r.yaml", text)]).warnings.map(\.description)
                == [
                    "r.yaml:3:11: warning: the segment '\(segment)' of 'path' is literal text; write a parameter as "
                        + "{name}"
                ])
        #expect(compile([("r.yaml", openRoute().replacing("/hook", with: "/a:b/{c}/<d"))]).warnings.isEmpty)
    }

    @Test("an event without a reference")
    func event() {
        for event in ["body.type", "$body.type", "push"] {
            #expect(
                problems(openRoute("event: \(event)"))
                    == [
                        "5:12: 'event' contains no reference, so all deliveries would have the same event; write "
                            + "${body.type}"
                    ])
        }
    }

    @Test(
        "a reference that ends otherwise than it should",
        arguments: [
            ("${headers.X-A}", "the reference 'headers' means all headers; for a single one, write header.NAME"),
            ("${headers[0]}", "the reference 'headers' means all headers; for a single one, write header.NAME"),
            ("${body.a // 1}", "the reference 'body.a ' is followed by '// 1'; write a default as ?? \"text\""),
            ("${body.a | x}", "the reference 'body.a ' is followed by '| x'; write a default as ?? \"text\""),
            ("${body.a", "the reference 'body.a' is not closed with '}'"),
            ("${body.a ${body.b}", "the reference 'body.a ' is not closed with '}'"),
            (
                "${body.a[-1]}",
                "the reference 'body.a[-1' needs a position from 0 or a key in double quotes between [ and ]"
            ),
        ])
    func references(text: String, expected: String) {
        #expect(problems(openRoute(rule: "payload: '\(text)'")) == ["7:18: \(expected)"])
    }

    @Test("problems of 'each' or 'public_url' are reported once")
    func once() {
        #expect(problems(openRoute("each: body.a", rule: "payload: '${item.b} ${index}'")).count == 1)
        #expect(problems(openRoute("public_url: hooks.example.com", rule: "payload: '${url}'")).count == 1)
    }

    @Test(
        "a text of a payload that looks like a reference",
        arguments: ["body.a.b", "$body.a.b", "$(body.a.b)", "{{ body.a.b }}", "{body.a.b}"])
    func lookalikes(text: String) {
        let warnings = compile([("r.yaml", openRoute(rule: "payload: { a: '\(text)' }"))]).warnings.map(\.description)
        #expect(warnings == ["r.yaml:7:23: warning: this is literal text; write a reference as ${body.a.b}"])
    }

    @Test(
        "a plain text that is null, true or false in YAML 1.2",
        arguments: [("~", "null"), ("Null", "null"), ("NULL", "null"), ("True", "true"), ("FALSE", "false")])
    func wordsOfYAML(text: String, meaning: String) {
        let remark = "this is the text '\(text)'; write \(meaning), or put the text in quotes"
        for (rule, place) in [
            ("payload: { a: \(text) }", "7:23"), ("when: { body.a: \(text) }", "7:25"),
            ("when: { body.a: { not: [ok, \(text)] } }", "7:37"),
        ] {
            let warnings = compile([("r.yaml", openRoute(rule: rule))]).warnings.map(\.description)
            #expect(warnings == ["r.yaml:\(place): warning: \(remark)"])
            let quoted = rule.replacing(text, with: "'\(text)'")
            #expect(compile([("r.yaml", openRoute(rule: quoted))]).warnings.isEmpty)
        }
    }

    @Test(
        "an invalid text",
        arguments: [
            "body", "the body.a", "anybody.a", "$5", "${body.a}", "$${body.a}", "body.a, body.b", "{}", "$", "",
        ])
    func noLookalikes(text: String) {
        #expect(compile([("r.yaml", openRoute(rule: "payload: { a: '\(text)' }"))]).warnings.map(\.description) == [])
    }

    @Test(
        "a value of a condition that looks like a pattern or a comparison",
        arguments: [
            ("subscription.*", "this value is compared literally; write a pattern as { like: … }"),
            ("> 1000", "this value is compared literally; compare a number with { greater: 1000 }"),
            ("<=5", "this value is compared literally; compare a number with { less: 5 }"),
        ])
    func comparisons(text: String, remark: String) {
        let rule = "when: { body.a: '\(text)' }"
        let warnings = compile([("r.yaml", openRoute("otherwise: ignore", rule: rule))]).warnings.map(\.description)
        #expect(warnings == ["r.yaml:8:25: warning: \(remark)"])
        for harmless in ["a", "*", "<b>", "> x"] {
            let rule = "when: { body.a: '\(harmless)' }"
            #expect(compile([("r.yaml", openRoute("otherwise: ignore", rule: rule))]).warnings.isEmpty, "\(harmless)")
        }
    }

    @Test(
        "a value in quotes that JSON has without them",
        arguments: [
            (#""5""#, #"the text "5", which is not a number"#),
            ("'-1.50'", #"the text "-1.50", which is not a number"#),
            (#""true""#, #"the text "true", which is not true or false"#),
            (#"[a, 'null']"#, #"the text "null", which is not null"#),
            (#"{ not: "false" }"#, #"the text "false", which is not true or false"#),
        ])
    func quotedValues(value: String, remark: String) {
        func warnings(_ lines: String, _ reference: String, _ value: String) -> [String] {
            let text = openRoute("otherwise: ignore\n\(lines)", rule: "when: { \(reference): \(value) }")
            return compile([("r.yaml", text)]).warnings.map(\.message)
        }
        for (lines, reference) in [("", "body.a"), ("body: json", "body.a.b"), ("each: ${body}", "item")] {
            let found = warnings(lines, reference, value)
            #expect(found.count == 1 && found[0].contains(remark), "\(reference): \(found)")
        }
        for (lines, reference) in [
            ("body: form", "body.a"), ("body: text", "body"), ("", "header.X-A"), ("event: ${body.a}", "event"),
        ] {
            #expect(warnings(lines, reference, value) == [])
        }
        for harmless in [#"["5", 5]"#, #"{ like: "5" }"#, #"{ contains: "5" }"#, #""""#, "'007'", "'12345e6'", "5"] {
            #expect(warnings("", "body.a", harmless) == [])
        }
    }

    @Test("one mistake does not hide the others of the route", arguments: ["path: a", "path: /a\n    provider: gitub"])
    func allProblems(lines: String) {
        let text =
            "routes:\n  - name: n\n    \(lines)\n    jobs: [ { type: t } ]\n    body_limit: 1TB\n    rate: 5\n    "
            + "on_mismatch: x\n    gzip: 1\n"
        let found = problems(text)
        for key in ["'body_limit'", "'rate'", "'on_mismatch'", "'gzip'"] {
            #expect(found.contains { $0.contains(key) }, "\(found)")
        }
    }

    @Test("a number in quotes")
    func quotes() {
        #expect(
            problems(openRoute(rule: "retry_limit: '10'"))
                == ["7:22: 'retry_limit' must be a whole number from 0 to 4294967295; leave out the quotes"])
        #expect(
            problems(openRoute(rule: "retry_limit: ten")) == [
                "7:22: 'retry_limit' must be a whole number from 0 to 4294967295"
            ])
    }

    @Test("the name of a variable with a dollar sign")
    func dollar() {
        let text = "routes: [ { path: /a, provider: github, secrets: [ { env: $NAME } ], jobs: [ { type: t } ] } ]\n"
        #expect(problems(text) == ["1:59: the environment variable $NAME is not set; write its name without $"])
    }

    @Test("a list that is a text is not shown: it may be a secret")
    func secrets() {
        let text = "routes: [ { path: /a, provider: github, secrets: hunter2, jobs: [ { type: t } ] } ]\n"
        #expect(problems(text) == ["1:50: 'secrets' must be a list, not a text"])
    }

    @Test("words of a rule in what a job must have")
    func words() {
        let route = ExampleRoute()
        #expect(
            problems(route.text(["expect: { jobs: [ { kind: k } ] }"]))
                == ["13:29: unknown key 'kind' in a job of 'expect'; the kind's name is the 'type' of the job"])
        #expect(
            problems(route.text(["expect: { jobs: [ { delay: 5s } ] }"]))
                == [
                    "13:29: unknown key 'delay' in a job of 'expect'; use 'ready_at', relative to the example's 'clock'"
                ])
    }

    @Test("headers of an example that say how a request is sent, and two examples of one name")
    func examples() {
        let route = ExampleRoute()
        for name in ["Content-Length", "transfer-encoding", "Connection"] {
            #expect(
                problems(route.text(["headers: { \(name): 5 }\nexpect: { status: 200 }"]))
                    == ["13:20: an example cannot set the header \(name)"])
        }
        let twice = route.text(["name: a\nexpect: { status: 200 }", "name: a\nexpect: { status: 200 }"])
        #expect(
            compile([("r.yaml", twice)]).warnings.map(\.description) == [
                "r.yaml:15:9: warning: two examples in this route are named 'a'"
            ])
    }

    @Test("twenty thousand rules are checked in a moment, and the first of them for being reached")
    func manyRules() {
        let rules = (0..<10_000).map { "      - { when: { body.a: v\($0 == 1 ? 0 : $0) }, type: t }\n" }.joined()
        let text = "routes:\n  - path: /a\n    verify: none\n    otherwise: ignore\n    jobs:\n\(rules)"
        let start = SystemThread.processorNanoseconds()
        let warnings = compile([("r.yaml", text)]).warnings.map(\.description)
        let time = SystemThread.processorNanoseconds() - start
        #expect(
            warnings == [
                "r.yaml:7:9: warning: this rule is never reached: the rule on line 6 matches everything that it could match"
            ])
        // A second in an optimised build is a few here; without a bound it is minutes.
        #expect(time < 20_000_000_000)
    }
}
