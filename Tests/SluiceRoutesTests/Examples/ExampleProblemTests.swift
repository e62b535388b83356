import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// What is wrong with an example is told when the files are loaded.
@Suite(.serialized) struct ExampleProblemTests {
    @Test(
        "each has its place and says what to do",
        arguments: [
            ("x: 1\nexpect: { status: 200 }", "13:9: unknown key 'x' in an example"),
            (
                "heders: {}\nexpect: { status: 200 }",
                "13:9: unknown key 'heders' in an example; did you mean 'headers'?"
            ),
            ("body: 1", "13:9: an example needs 'expect'"),
            ("expect: 5", "13:17: 'expect' must be a mapping, not a number"),
            (
                "expect: {}",
                "13:17: 'expect' needs at least one of 'status', 'duplicate', 'handshake', 'jobs', 'dead_letters', 'reply' or "
                    + "'refused'"
            ),
            ("expect: { staus: 200 }", "13:19: unknown key 'staus' in 'expect'; did you mean 'status'?"),
            ("expect: { status: 100 }", "13:27: 'status' must be a whole number from 200 to 599"),
            ("expect: { duplicate: yes }", "13:30: 'duplicate' must be true or false, not a text"),
            (
                "expect: { refused: signature_mising }",
                "13:28: 'refused' must be one of 34 words, not 'signature_mising'; did you mean 'signature_missing'?"
            ),
            (
                "expect: { refused: signature_missing, status: 200 }",
                "13:55: a request refused as 'signature_missing' is answered 401, not 200"
            ),
            (
                "expect: { refused: signature_missing, jobs: [{}] }",
                "13:53: a refused request makes no jobs: 'expect' cannot have both 'refused' and 'jobs'"
            ),
            ("expect: { jobs: {} }", "13:25: 'jobs' must be a list, not a mapping"),
            ("expect: { jobs: [ { typ: t } ] }", "13:29: unknown key 'typ' in a job of 'expect'; did you mean 'type'?"),
            ("expect: { jobs: [ { queue: 'a,b' } ] }", "13:36: 'queue' must not contain ','"),
            ("expect: { jobs: [ { priority: -1 } ] }", "13:39: 'priority' must be a whole number from 0 to 65535"),
            (
                "expect: { jobs: [ { ready_at: 5 } ] }",
                "13:39: 'ready_at' must be milliseconds since 1970; to convert seconds, append 000"
            ),
            (
                "expect: { dead_letters: x }",
                "13:33: 'dead_letters', if it is not a list of reasons, must be a whole number from 0 to 10000"
            ),
            (
                "expect: { dead_letters: [bad_feld] }",
                "13:34: a reason of 'dead_letters' must be 'body_unreadable', 'no_matching_rule', 'payload_mismatch', "
                    + "'unique_key_missing', "
                    + "'changed_body', 'bad_field', 'too_many_jobs', 'refused_by_zizq', 'too_large_for_zizq', "
                    + "'checksum_mismatch' or 'buried', not 'bad_feld'; "
                    + "did you mean 'bad_field'?"
            ),
            (
                "expect: { reply: { heder: {} } }",
                "13:28: unknown key 'heder' in 'reply' of 'expect'; did you mean 'headers'?"
            ),
            ("expect: { reply: { headers: { a: [] } } }", "13:42: the value of a header must be a text, not a list"),
            ("name: ''\nexpect: { status: 200 }", "13:15: the name of an example is empty"),
            ("method: post\nexpect: { status: 200 }", "13:17: a method must be in upper case, such as POST"),
            (
                "path: hook\nexpect: { status: 200 }",
                "13:15: 'path' must begin with / and contain no ? and no #; put the query into 'query'"
            ),
            (
                "path: /hook?a\nexpect: { status: 200 }",
                "13:15: 'path' must begin with / and contain no ? and no #; put the query into 'query'"
            ),
            ("query: 'a#b'\nexpect: { status: 200 }", "13:16: 'query' must not contain #, which ends a query"),
            ("query: { a: null }\nexpect: { status: 200 }", "13:21: a query parameter must be a text, not null"),
            ("headers: []\nexpect: { status: 200 }", "13:18: 'headers' must be a mapping, not a list"),
            ("headers: { 'a b': c }\nexpect: { status: 200 }", "13:20: 'a b' is not a valid header name"),
            (
                "headers: { a: \"b\\n\" }\nexpect: { status: 200 }",
                "13:23: the value of a header must not contain control characters"
            ),
            ("headers: { a: null }\nexpect: { status: 200 }", "13:23: the value of a header must be a text, not null"),
            (
                "body: 1\nbody_text: a\nexpect: { status: 200 }",
                "14:9: an example can have only one of 'body', 'body_text' and 'body_file'"
            ),
            (
                "body_file: ../a\nexpect: { status: 200 }",
                "13:20: 'body_file' must be a path inside the routes folder, such as examples/push.json"
            ),
            (
                "body_file: /etc/x\nexpect: { status: 200 }",
                "13:20: 'body_file' must be a path inside the routes folder, such as examples/push.json"
            ),
            ("signed: no\nexpect: { status: 200 }", "13:17: 'signed' must be true or false, not a text"),
            ("secret: ''\nexpect: { status: 200 }", "13:17: the secret is empty"),
            (
                "clock: tomorrow\nexpect: { status: 200 }",
                "13:16: 'clock' must be a time such as 2026-11-25T08:00:00Z, or a number of milliseconds since 1970"
            ),
            (
                "remote_address: localhost\nexpect: { status: 200 }",
                "13:25: 'remote_address' must be an address such as 192.0.2.1 or 2001:db8::1"
            ),
        ])
    func problem(example: String, expected: String) {
        #expect(problems(ExampleRoute().text([example])) == [expected])
    }

    @Test("an example of a route without a verifier has no secret, and one of a path with parameters has a path")
    func route() {
        let open = ExampleRoute(path: "/a/{b}", verify: "verify: none").text(["secret: s\nexpect: { status: 200 }"])
        #expect(
            problems(open) == [
                "9:9: 'secret' has no effect with 'verify: none'",
                "9:9: an example of a route with parameters in its path needs 'path'",
            ])
    }

    @Test("'examples' is a list of mappings")
    func list() {
        #expect(problems(openRoute("examples: {}")) == ["5:15: 'examples' must be a list, not a mapping"])
        #expect(problems(openRoute("examples: [ 5 ]")) == ["5:17: an example must be a mapping, not a number"])
    }
}
