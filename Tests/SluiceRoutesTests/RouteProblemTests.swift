import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Every message that a mistake in a route file leads to, with its place.
@Suite(.serialized) struct RouteProblemTests {
    @Test(
        "a mistake in a kind has a message and a location",
        arguments: [
            ("kinds: 1\n", ["1:8: 'kinds' must be a mapping from names to kinds, not a number"]),
            ("kinds: { k: 1 }\n", ["1:13: a kind must be a mapping, not a number"]),
            ("kinds: { k: { quue: a } }\n", ["1:15: unknown key 'quue' in a kind; did you mean 'queue'?"]),
            ("kinds: { 'a,b': {} }\n", ["1:10: the kind 'a,b' must not contain ','"]),
            ("kinds: { '': {} }\n", ["1:10: the kind '' must not be empty"]),
            ("kinds: { k: { queue: 'a*' } }\n", ["1:22: 'queue' must not contain '*'"]),
            ("kinds: { k: { queue: 7 } }\n", ["1:22: 'queue' must be a text, not a number; put it in quotes"]),
            ("kinds: { k: { priority: 65536 } }\n", ["1:25: 'priority' must be a whole number from 0 to 65535"]),
            ("kinds: { k: { priority: '${body.p}' } }\n", ["1:25: 'priority' must be a whole number from 0 to 65535"]),
            (
                "kinds: { k: { retry_limit: -1 } }\n",
                ["1:28: 'retry_limit' must be a whole number from 0 to 4294967295"]
            ),
            (
                "kinds: { k: { retry_limit: 1.5 } }\n",
                ["1:28: 'retry_limit' must be a whole number from 0 to 4294967295"]
            ),
            (
                "kinds: { k: { backoff: { base: 1s } } }\n",
                ["1:24: 'backoff' needs 'exponent'", "1:24: 'backoff' needs 'jitter'"]
            ),
            (
                "kinds: { k: { backoff: { base: 1x, exponent: -1, jitter: 100d } } }\n",
                [
                    "1:32: 'base' must be a duration from 0 to 4294967295ms, such as 500ms, 30s, 5m, 2h or 7d",
                    "1:46: 'exponent' must be a number from 0 to 100",
                    "1:58: 'jitter' must be a duration from 0 to 4294967295ms, such as 500ms, 30s, 5m, 2h or 7d",
                ]
            ),
            (
                "kinds: { k: { retention: { dead: soon } } }\n",
                ["1:34: 'dead' must be a duration from 0 to 36500d, such as 500ms, 30s, 5m, 2h or 7d"]
            ),
            (
                "kinds: { k: { unique_while: exist } }\n",
                ["1:29: 'unique_while' must be 'queued', 'active' or 'exists', not 'exist'; did you mean 'exists'?"]
            ),
        ])
    func kinds(text: String, expected: [String]) {
        #expect(problems(text) == expected)
    }

    @Test(
        "a mistake in a route has a message and a location",
        arguments: [
            ("- 1\n", ["1:1: a route file must be a mapping, not a list"]),
            ("route: []\n", ["1:1: unknown key 'route' in a route file; did you mean 'routes'?"]),
            ("routes: {}\n", ["1:9: 'routes' must be a list, not a mapping"]),
            ("routes: [x]\n", ["1:10: a route must be a mapping, not a text"]),
            ("routes:\n- verify: none\n  jobs: [{type: t}]\n", ["2:3: a route needs 'path'"]),
            ("routes:\n- {path: /a, verify: none}\n", ["2:3: a route needs 'jobs'"]),
            ("routes:\n- {path: /a, verify: none, jobs: []}\n", ["2:34: 'jobs' needs at least one rule"]),
            ("routes:\n- {path: /a, verify: none, jobs: {}}\n", ["2:34: 'jobs' must be a list, not a mapping"]),
            (
                "routes:\n- {path: /a, jobs: [{type: t}]}\n",
                [
                    "2:3: a route needs 'provider' or 'verify'; 'verify: none' accepts every request",
                    "2:3: a route that verifies requests needs 'secrets', such as [ { env: NAME } ]",
                ]
            ),
            (
                "routes:\n- {path: /a, provider: gihub, secrets: [{env: SECRET}], jobs: [{type: t}]}\n",
                ["2:24: unknown provider 'gihub'; did you mean 'github'?"]
            ),
            (
                "routes:\n- {path: /a, provider: github, secrets: [{env: SECRET}], jobs: [{type: t}], uniqe_key: x}\n",
                ["2:77: unknown key 'uniqe_key' in a route; did you mean 'unique_key'?"]
            ),
            ("routes:\n- {path: a, verify: none, jobs: [{type: t}]}\n", ["2:10: 'path' must begin with '/'"]),
            (
                "routes:\n- {path: /a b, verify: none, jobs: [{type: t}]}\n",
                ["2:10: 'path' must not contain spaces or control characters"]
            ),
            (
                "routes:\n- {path: /a%20b, verify: none, jobs: [{type: t}]}\n",
                ["2:10: 'path' must not contain '%': it is the path alone, not percent-encoded"]
            ),
            (
                "routes:\n- {path: '/a?b', verify: none, jobs: [{type: t}]}\n",
                ["2:10: 'path' must not contain '?': it is the path alone, not percent-encoded"]
            ),
            (
                "routes:\n- {path: /a/../b, verify: none, jobs: [{type: t}]}\n",
                ["2:10: 'path' must not contain '//' or the segments '.' and '..': requests for such paths are refused"]
            ),
            (
                "routes:\n- {path: //b, verify: none, jobs: [{type: t}]}\n",
                ["2:10: 'path' must not contain '//' or the segments '.' and '..': requests for such paths are refused"]
            ),
            (
                "routes:\n- {path: /a, verify: none, methods: [post], jobs: [{type: t}]}\n",
                ["2:38: a method must be in upper case, such as POST"]
            ),
            (
                "routes:\n- {path: /a, verify: none, methods: [], jobs: [{type: t}]}\n",
                ["2:37: 'methods' needs at least one method"]
            ),
            (
                "routes:\n- {path: /a, name: '', verify: none, jobs: [{type: t}]}\n",
                ["2:20: the name of a route must have 1 to 100 bytes and no control characters; set 'name'"]
            ),
            (
                "routes:\n- {path: /a, verify: none, body_limit: 1GiB, dedupe_window: 1s, unique_key: '${body.a}', "
                    + "jobs: [{type: t}]}\n",
                [
                    "2:40: 'body_limit' must be a size from 1KiB to 100MiB, such as 64KiB or 10MiB",
                    "2:61: 'dedupe_window' must be a duration from 1m to 90d, such as 500ms, 30s, 5m, 2h or 7d",
                ]
            ),
            (
                "routes:\n- {path: /a, verify: none, unique_key_missing: reject, on_changed_body: accept, jobs: "
                    + "[{type: t}]}\n",
                [
                    "2:28: 'unique_key_missing' has no effect without 'unique_key'",
                    "2:56: 'on_changed_body' has no effect without 'unique_key'",
                ]
            ),
            (
                "routes:\n- {path: /a, verify: none, unique_key: x, jobs: [{type: t}]}\n",
                ["2:40: 'unique_key' contains no reference, so every delivery would have the same key"]
            ),
            (
                "routes:\n- {path: /a, verify: none, unique_key: '${body.a}', compare: ['${header.A}', '${body.b ?? 1}', "
                    + "a, '${body.c}'], jobs: [{type: t}]}\n",
                ["2:63", "2:78", "2:96"].map {
                    "\($0): 'compare' must be a reference to a value of the body without a default, such as "
                        + "${body.data}, or a list of them"
                }
            ),
            (
                "routes:\n- {path: /a, verify: none, each: '${body}', unique_key: '${body.a}', compare: '${item.b}', "
                    + "jobs: [{type: t}]}\n",
                ["2:79: 'compare' cannot contain 'item': 'unique_key' is not of one element"]
            ),
            (
                "routes:\n- {path: /a, verify: none, on_unreadable: drop, body: jsn, jobs: [{type: t}]}\n",
                [
                    "2:43: 'on_unreadable' must be 'dead_letter' or 'reject', not 'drop'",
                    "2:55: 'body' must be 'auto', 'json', 'form', 'text', 'bytes' or 'jwt', not 'jsn'; did you mean 'json'?",
                ]
            ),
            (
                "routes:\n- {path: /a, verify: none, event: '${event}', jobs: [{type: t}]}\n",
                ["2:35: 'event' has no value here: the route has neither a provider nor 'event'"]
            ),
        ])
    func routes(text: String, expected: [String]) {
        #expect(problems(text) == expected)
    }

    @Test(
        "a misspelt key is one problem: it is read as the key that was meant",
        arguments: [
            ("verify: none, jobs: [{knd: k}]", "knd", "kind"),
            ("verify: none, jobs: [{typ: k}]", "typ", "type"),
            ("verify: none, jobs: [{ignor: true}]", "ignor", "ignore"),
            ("verify: none, jobs: [{whn: {body.a: 1}, type: t}, {type: t}]", "whn", "when"),
            ("provder: github, SECRETS, JOBS", "provder", "provider"),
            ("provider: github, secrts: [{env: SECRET}], JOBS", "secrts", "secrets"),
            ("provider: github, secrets: [{evn: SECRET}], JOBS", "evn", "env"),
            ("verify: none, jbs: [{type: t}]", "jbs", "jobs"),
            ("verify: none, jobs: [{when: {body.a: 1}, type: t}], otherwse: ignore", "otherwse", "otherwise"),
            (
                "verify: none, evnt: '${body.e}', jobs: [{when: {event: a}, type: t}], "
                    + "otherwise: ignore", "evnt", "event"
            ),
            ("verify: none, ech: '${body.a[]}', jobs: [{type: t, payload: '${item.x}'}]", "ech", "each"),
            (
                "verify: none, uniqe_key: '${body.a}', dedupe_window: 1d, jobs: [{type: t, "
                    + "unique_while: active}]", "uniqe_key", "unique_key"
            ),
            ("verify: {algo: hmac-sha256, signature_from: '${header.X}'}, SECRETS, JOBS", "algo", "alg"),
            (
                "verify: {alg: hmac-sha256, signature_form: '${header.X}'}, SECRETS, "
                    + "JOBS", "signature_form", "signature_from"
            ),
            (
                "verify: {alg: hmac-sha256, signature_from: '${header.X}', timestamp_form: '${header.T}', "
                    + "tolerance: 1m, signed: '${timestamp}.${body}'}, SECRETS, JOBS", "timestamp_form",
                "timestamp_from"
            ),
            ("verify: {alg: jwt, signature_from: '${header.X}', jwt: {alg: [HS256]}}, SECRETS, JOBS", "alg", "algs"),
            (
                "provider: meta, SECRETS, handshake_secret: [{env: SECRET}], "
                    + "JOBS", "handshake_secret", "handshake_secrets"
            ),
            (
                "verify: none, handshke: [{when: {method: GET}, token: '${query.a}'}], handshake_SECRETS, "
                    + "JOBS", "handshke", "handshake"
            ),
            ("verify: none, handshake: [{wen: {method: GET}}], JOBS", "wen", "when"),
            ("provider: paypal, acount: {webhook_id: x}, JOBS", "acount", "account"),
            ("verify: none, examples: [{expct: {status: 200}}], JOBS", "expct", "expect"),
            ("verify: none, rate: {limt: 5, per: 1s}, JOBS", "limt", "limit"),
            ("verify: none, mach: all, JOBS", "mach", "each"),
        ])
    func misspelt(route: String, written: String, meant: String) {
        let whole = route.replacing("SECRETS", with: "secrets: [{env: SECRET}]")
            .replacing("JOBS", with: "jobs: [{type: t}]")
        let found = problems("kinds: { k: {} }\nroutes:\n- {path: /a, \(whole)}\n")
        #expect(found.count == 1, "\(found)")
        #expect(found.first?.contains(" unknown key '\(written)' in ") == true, "\(found)")
        #expect(found.first?.hasSuffix("; did you mean '\(meant)'?") == true, "\(found)")
    }

    @Test(
        "so is a misspelt name in 'account' or in the payload of a kind",
        arguments: [
            (
                "routes:\n- {path: /a, provider: paypal, account: {webhok_id: x}, jobs: [{type: t}]}\n",
                "2:42: the preset does not use 'webhok_id'; did you mean 'webhook_id'?"
            ),
            (
                "kinds: { k: { payload: { name: string } } }\n"
                    + "routes:\n- {path: /a, verify: none, jobs: [{kind: k, payload: {nam: '${body.a}'}}]}\n",
                "3:55: the kind 'k' has no payload.nam; did you mean 'name'?"
            ),
        ])
    func misspeltNames(text: String, expected: String) { #expect(problems(text) == [expected]) }

    @Test(
        "a mistake in 'verify' or 'secrets' has a message and a location, without the secret",
        arguments: [
            ("verify: nnone", "3:11: 'verify' must be a mapping, a list of mappings or the word none, not a text"),
            ("verify: none\n  secrets: [{env: SECRET}]", "4:3: 'secrets' has no effect with 'verify: none'"),
            ("verify: {signature_from: '${header.X}'}", "3:11: 'verify' needs 'alg', such as hmac-sha256"),
            (
                "verify: {alg: hmac-sha265, signature_from: '${header.X}'}",
                "3:17: 'alg' must be 'hmac-sha1', 'hmac-sha256', 'hmac-sha512', 'sha256', 'ed25519', "
                    + "'ecdsa-p256-sha256', 'rsa-sha1', 'rsa-sha256', 'static', 'basic' or 'jwt', not 'hmac-sha265'; "
                    + "did you mean 'hmac-sha256'?"
            ),
            ("verify: {alg: hmac-sha256}", "3:11: 'verify' needs 'signature_from', such as ${header.X-Signature}"),
            (
                "verify: {alg: hmac-sha256, signature_from: X-Signature}",
                "3:46: 'signature_from' must be one reference to a header, a query parameter, a path parameter or a "
                    + "field of the body, such as "
                    + "${header.X-Signature}"
            ),
            (
                "verify: {alg: hmac-sha256, signature_from: '${header.X}', signature_encoding: hx}",
                "3:81: 'signature_encoding' must be 'hex', 'base64' or 'base64url', not 'hx'; did you mean 'hex'?"
            ),
            (
                "verify: {alg: hmac-sha256, signature_from: '${header.X}', prefix: v}",
                "3:61: unknown key 'prefix' in 'verify'"
            ),
            ("provider: github\n  secrets: []", "4:12: 'secrets' needs at least one secret"),
            ("provider: github\n  secrets: SECRET", "4:12: 'secrets' must be a list, not a text"),
            ("provider: github\n  secrets: [{env: NONE}]", "4:19: the environment variable NONE is not set"),
            ("provider: github\n  secrets: [{env: EMPTY}]", "4:19: the environment variable EMPTY is empty"),
            ("provider: github\n  secrets: [{env: BLANK}]", "4:13: the secret is empty"),
            (
                "provider: github\n  secrets: [{env: SECRET, file: x}]",
                "4:13: a secret needs exactly one of 'env', 'file' and 'value'"
            ),
            (
                "provider: github\n  secrets: [{evn: SECRET}]",
                "4:14: unknown key 'evn' in a secret; did you mean 'env'?"
            ),
            (
                "provider: github\n  secrets: [{value: x}]",
                "4:21: a secret in a route file needs --allow-inline-secrets; use 'env' or 'file'"
            ),
            (
                "provider: github\n  secrets: [{file: no/such/file}]",
                "4:20: the secret file no/such/file cannot be read: No such file or directory"
            ),
            (
                "provider: github\n  verify: {key_encoding: hex}\n  secrets: [{env: SECRET}]",
                "5:13: the secret is not valid hex, which 'key_encoding' requires"
            ),
        ])
    func verification(lines: String, expected: String) {
        let secrets = lines.contains("secrets:") || lines.hasPrefix("verify: n") ? "" : "  secrets: [{env: SECRET}]\n"
        let text = "routes:\n- path: /a\n  \(lines)\n\(secrets)  jobs: [{type: t}]\n"
        let found = problems(text, environment: ["SECRET": "a secret of tests", "EMPTY": "", "BLANK": " "])
        #expect(found.first == expected)
        #expect(found.allSatisfy { $0 == expected || $0.contains("needs 'secrets'") })
    }

    @Test(
        "a mistake in a job rule has a message and a location",
        arguments: [
            ("- t\n", ["5:5: a job rule must be a mapping, not a text"]),
            ("- {queue: q}\n", ["5:5: a job rule needs 'kind', 'type' or 'ignore: true'"]),
            ("- {type: t, quue: q}\n", ["5:15: unknown key 'quue' in a job rule; did you mean 'queue'?"]),
            ("- {type: t, kind: known}\n", ["5:15: a job rule must have either 'kind' or 'type', not both"]),
            ("- {kind: knwon}\n", ["5:12: unknown kind 'knwon'; did you mean 'known'?"]),
            ("- {type: 'a b}'}\n", ["5:12: 'type' must not contain '}'"]),
            ("- {type: t, priority: high}\n", ["5:25: 'priority' must be a whole number from 0 to 65535"]),
            ("- {type: t, payload: {a: '${bdy.x}'}}\n", ["5:28: unknown reference 'bdy'; did you mean 'body'?"]),
            (
                "- {type: t, payload: {a: '${body.x', b: ['${query}', '${}']}}\n",
                [
                    "5:28: the reference 'body.x' is not closed with '}'",
                    "5:44: the reference 'query' must be followed by the name of a query parameter",
                    "5:56: a reference is empty; write ${body.field}, or $${ for a literal ${",
                ]
            ),
            ("- {type: t, payload: {'${a}': 1}}\n", ["5:25: a key in a payload cannot contain a reference"]),
            ("- {type: t, payload: {a: 1.0e+999}}\n", ["5:28: the number is outside the range that Zizq accepts"]),
            ("- {ignore: yes}\n", ["5:14: 'ignore' must be true or false, not a text"]),
            ("- {ignore: true, type: t}\n", ["5:20: 'type' has no effect in a rule with 'ignore: true'"]),
            (
                "- {type: t, unique_while: queued}\n",
                ["5:15: 'unique_while' has no effect here: neither the route nor the rule has a 'unique_key'"]
            ),
            (
                "- {when: x, type: t}\n",
                ["5:12: 'when' must be a mapping from references to conditions, not a text"]
            ),
            ("- {when: {'${body.a}': 1}, type: t}\n", ["5:13: references in 'when' must be written without ${ and }"]),
            (
                "- {when: {body.a: '${body.b}'}, type: t}\n",
                ["5:21: a condition in 'when' cannot compare with a reference"]
            ),
            ("- {when: {body.a: []}, type: t}\n", ["5:21: an empty list in 'when' is never true"]),
            (
                "- {when: {body.a: [[1]]}, type: t}\n",
                ["5:22: a condition in 'when' must be a text, a number, true, false or null, not a list"]
            ),
            ("- {when: {body.a b: 1}, type: t}\n", ["5:13: the reference 'body.a' is followed by unexpected text"]),
            ("- {when: {evnt: 1}, type: t}\n", ["5:13: unknown reference 'evnt'; did you mean 'event'?"]),
            (
                "- {type: t}\n- {type: u}\n",
                ["6:5: this rule is never reached: the rule on line 5 has no 'when' and matches everything"]
            ),
            (
                "- {type: t, unique_key: x}\n",
                ["5:27: 'unique_key' contains no reference, so every delivery would have the same key"]
            ),
        ])
    func rules(rules: String, expected: [String]) {
        let lines = rules.split(separator: "\n").map { "  \($0)\n" }.joined()
        #expect(
            problems("kinds: {known: {}}\nroutes:\n- path: /a\n  jobs:\n\(lines)  verify: none\n  otherwise: ignore\n")
                == expected)
    }

    @Test("no message contains a secret, at any position and with any problem")
    func secrecy() {
        let secret = "hunter2*secret"
        let entries = [
            "{env: A}", "{value: '\(secret)'}", "{value: ['\(secret)']}", "{env: A, value: '\(secret)'}", "'\(secret)'",
        ]
        for entry in entries {
            for encoding in ["hex", "base64", "utf8"] {
                let text =
                    "routes:\n- path: /a\n  provider: github\n  verify: {key_encoding: \(encoding), nothing: 1}\n"
                    + "  secrets: [\(entry)]\n  jobs: [{type: t}]\n"
                for isAllowed in [true, false] {
                    let compilation = compile([("r.yaml", text)], environment: ["A": secret], inlineSecrets: isAllowed)
                    #expect(!compilation.problems.isEmpty)
                    #expect(!compilation.problems.contains { $0.description.contains("hunter2") }, "\(entry)")
                }
            }
        }
    }
}
