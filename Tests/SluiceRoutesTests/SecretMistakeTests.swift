import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Secrets that are too short, or that have something at their ends which the sender's most likely has not.
@Suite(.serialized) struct SecretMistakeTests {
    private func found(_ secret: String, verify: String = "") -> (problems: [String], warnings: [String]) {
        let text =
            "routes:\n- path: /hook\n  verify: { alg: hmac-sha256, signature_from: '${header.X-S}'\(verify) }\n  "
            + "body: json\n"
            + "  secrets: [ { env: SECRET } ]\n  jobs: [ { type: t } ]\n"
        let compilation = compile([("r.yaml", text)], environment: ["SECRET": secret])
        #expect(!"\(compilation.problems) \(compilation.warnings)".contains(secret), "a message holds the secret")
        return (compilation.problems.map(\.description), compilation.warnings.map(\.description))
    }

    @Test("a secret shorter than 8 bytes is an error, and one shorter than 16 a warning")
    func lengths() {
        let short = found("1234567")
        #expect(
            short.problems == [
                "r.yaml:5:14: the secret of env SECRET has 7 bytes, and could be guessed: use at least 16 bytes, "
                    + "such as the output of 'openssl rand -hex 32'"
            ])
        #expect(short.warnings == [])
        for secret in ["12345678", "123456789abcdef"] {
            let found = found(secret)
            #expect(found.problems == [])
            #expect(
                found.warnings == [
                    "r.yaml:5:14: warning: the secret of env SECRET has \(secret.count) bytes; use at least 16 bytes"
                ])
        }
        #expect(found("123456789abcdefg") == ([], []))
    }

    @Test("the length is that of the key, and not of how it is written")
    func decoded() {
        #expect(found("30313233343536", verify: ", key_encoding: hex").problems.count == 1)
        #expect(found("3031323334353637", verify: ", key_encoding: hex").warnings.count == 1)
        #expect(found("whsec_1234567", verify: ", key_strip_prefix: whsec_").problems.count == 1)
    }

    @Test(
        "characters at the ends of a secret are warned of, with the remedy",
        arguments: [
            (" a secret of tests", "begins or ends with white space; remove it, unless the sender's secret has it too"),
            (
                "a secret of tests\n",
                "begins or ends with white space; remove it, unless the sender's secret has it too"
            ),
            ("\u{FEFF}a secret of tests", "begins or ends with a byte-order mark; save the file without one"),
            ("a secret of tests\u{FEFF}", "begins or ends with a byte-order mark; save the file without one"),
            (
                "a secret of tests\u{A0}",
                "begins or ends with white space; remove it, unless the sender's secret has it too"
            ),
            (
                "\u{200B}a secret of tests",
                "begins or ends with white space; remove it, unless the sender's secret has it too"
            ),
            (
                "\u{B}a secret of tests",
                "begins or ends with white space; remove it, unless the sender's secret has it too"
            ),
            (
                "\u{201C}a secret of tests\u{201D}",
                "is in quotes; remove them, unless the sender's secret has them too"
            ),
            ("`a secret of tests`", "is in quotes; remove them, unless the sender's secret has them too"),
            ("\"a secret of tests\"", "is in quotes; remove them, unless the sender's secret has them too"),
            ("'a secret of tests'", "is in quotes; remove them, unless the sender's secret has them too"),
            ("\"a secret of tests", "begins or ends with a quote; remove it, unless the sender's secret has it too"),
            ("a secret of tests'", "begins or ends with a quote; remove it, unless the sender's secret has it too"),
            ("'a secret of tests\"", "begins or ends with a quote; remove it, unless the sender's secret has it too"),
            (
                "a secret of tests\u{201D}",
                "begins or ends with a quote; remove it, unless the sender's secret has it too"
            ),
        ])
    func ends(secret: String, remark: String) {
        let found = found(secret)
        #expect(found.problems == [])
        #expect(found.warnings == ["r.yaml:5:14: warning: the secret of env SECRET \(remark)"])
    }

    @Test(
        "a secret that is not of its encoding says what it looks like",
        arguments: [
            ("YSBzZWNyZXQ_b2YgdGVzdHM-", ": it looks like base64url; write + for -, and / for _"),
            ("whsec_YSBzZWNyZXQ-b2YgdGVzdHM=", ": it looks like base64url; write + for -, and / for _"),
            (
                "YSBzZWNyZXQgb2YgdGVzdHM=\n",
                ": it begins or ends with white space; remove it, unless the sender's secret has it too"
            ),
            (
                "\"YSBzZWNyZXQgb2YgdGVzdHM=\"",
                ": it is in quotes; remove them, unless the sender's secret has them too"
            ),
            (
                "YSBzZWNyZXQgb2YgdGVzdHM=\"",
                ": it begins or ends with a quote; remove it, unless the sender's secret has it too"
            ),
            ("a secret", ""),
        ])
    func encodings(secret: String, remark: String) {
        let found = found(secret, verify: ", key_encoding: base64, key_strip_prefix: whsec_")
        #expect(
            found.problems == ["r.yaml:5:14: the secret is not valid base64, which 'key_encoding' requires\(remark)"])
    }

    @Test("a prefix that the route does not strip is no base64url")
    func prefix() {
        let found = found("whsec_YSBzZWNyZXQgb2YgdGVzdHM=", verify: ", key_encoding: base64")
        #expect(
            found.problems == [
                "r.yaml:5:14: the secret is not valid base64, which 'key_encoding' requires: it begins with 'whsec_': "
                    + "set 'key_strip_prefix' to that, or remove it from the secret"
            ])
    }
}
