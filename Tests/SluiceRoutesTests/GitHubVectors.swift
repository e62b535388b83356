import Testing

/// Published vectors for GitHub's signature, from the test suites and pages that `source` names.
struct GitHubVector: Sendable, CustomTestStringConvertible {
    let scheme: String
    let secret: String
    let header: String
    let body: String
    let isValid: Bool
    let source: String

    var testDescription: String { scheme }

    static let all: [GitHubVector] = [
        GitHubVector(
            scheme: "hmac-sha256-hex, prefix sha256=, escaped backslash in the body", secret: "development",
            header: "sha256=87316067e2011fae39998b18c46a14d83b3e7c3ffdd88fb2ee5afb7d11288e60",
            body: "{\n  \"foo\": \"\\\\u001b\"\n}\n", isValid: true,
            source: "https://github.com/octokit/webhooks-methods.js/blob/main/test/verify.test.ts"),
        GitHubVector(
            scheme: "hmac-sha256-hex, prefix sha256=", secret: "mysecret",
            header: "sha256=e3eccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f",
            body: "{\n  \"foo\": \"bar\"\n}\n", isValid: true,
            source: "https://github.com/octokit/webhooks-methods.js/blob/main/test/verify.test.ts"),
        GitHubVector(
            scheme: "hmac-sha256-hex, prefix sha256=, no prefix", secret: "mysecret",
            header: "foo",
            body: "{\n  \"foo\": \"bar\"\n}\n", isValid: false,
            source: "https://github.com/octokit/webhooks-methods.js/blob/main/test/verify.test.ts"),
        GitHubVector(
            scheme: "hmac-sha256-hex, prefix sha256=, not hex", secret: "mysecret",
            header: "sha256=xxxccac34c43c7dc1cbb905488b1b81347fcc700a7b025697a9d07862256023f",
            body: "{\n  \"foo\": \"bar\"\n}\n", isValid: false,
            source: "https://github.com/octokit/webhooks-methods.js/blob/main/test/verify.test.ts"),
    ]
}
