internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    static let example = LanguageMapping("example", noun: "an example", ExampleKeys(), rules: ExampleKeys.rules)
    /// A request of a preset, with the keys of an example that make up a request.
    static let sample = LanguageMapping(
        "sample", noun: "a sample", ExampleKeys(), only: ["method", "query", "headers", "body", "body_text"])
    static let expectation = LanguageMapping(
        "expectation", noun: "'expect'", ExpectationKeys(), adding: ["minProperties": 1])
    static let expectedJob = LanguageMapping(
        "expected_job", noun: "a job of 'expect'", ExpectedJobKeys(),
        hints: [
            "kind": "the kind's name is the 'type' of the job",
            "delay": "use 'ready_at', relative to the example's 'clock'",
        ])
    static let expectedReply = LanguageMapping("expected_reply", noun: "'reply' of 'expect'", ExpectedReplyKeys())
}

/// The keys of an example. `ExampleReader` reads those that make up the request.
struct ExampleKeys {
    private static let scalars: JSONTree = ["type": ["string", "number", "boolean"]]
    fileprivate static var headersSchema: JSONTree {
        [
            "type": "object", "propertyNames": ["pattern": .text(SchemaPattern.headerName)],
            "additionalProperties": scalars,
        ]
    }

    let name = LanguageKey(
        "name", .filledText, absent: "its number", meaning: "What the example shows; printed with the results")
    let method = LanguageKey(
        "method", .method, default: "POST",
        meaning: "The method of the request; if the route does not accept `POST`, the default is its first method")
    let path = LanguageKey(
        "path", .text("a path without a query", matching: "^/[^?#]*$"),
        absent: "the route's path; required if that has parameters",
        meaning: "The path of the request. It must lead to this route. Spaces and non-ASCII letters are percent-encoded"
    )
    let query = LanguageKey(
        "query",
        .node(
            "a text or a mapping",
            .rule(if: ["type": "object"], then: ["additionalProperties": Self.scalars], else: .plainText)),
        absent: "none",
        meaning: "A text as after the `?`, or a mapping from names to values, which are percent-encoded")
    let headers = LanguageKey(
        "headers", .node("a mapping from names to texts or numbers", Self.headersSchema), absent: "none",
        meaning: "The headers of the request")
    let body = LanguageKey(
        "body", .node("any value", true), absent: "empty",
        meaning: "The body, sent as JSON with the `Content-Type` `application/json` unless `headers` sets another; "
            + "numbers keep their digits, and `${` is not a reference")
    let bodyText = LanguageKey("body_text", .text, meaning: "The body as a text, byte for byte")
    let bodyFile = LanguageKey(
        "body_file", .filledText, examples: ["examples/push.json"],
        meaning: "The body from a file, with a path inside the routes folder. A name that ends in `.json` is sent as "
            + "`application/json` unless `headers` says otherwise")
    let signed = LanguageKey(
        "signed", .boolean,
        meaning: "Whether the request is signed with the route's scheme and a generated secret, so that no real secret "
            + "is needed; a signed timestamp or id is added if the request lacks it. A request that already has the "
            + "signature header is sent as it is, and so is any other with `false`"
    ).defaulting(to: true)
    let secret = LanguageKey(
        "secret", .filledText, absent: "a generated secret",
        meaning:
            "The only secret with which this request is verified, or the token of a handshake is checked and its "
            + "HMAC computed. A request without a signature is signed with it. Use only secrets that are no longer in "
            + "use, such as those of published examples")
    let clock = LanguageKey(
        "clock", .time, absent: "now",
        meaning: "Time of receipt, used for timestamps, `delay` and `${delivery.received_at}`")
    let remoteAddress = LanguageKey(
        "remote_address", .address, absent: "an address in the first block of `allow_from`, or 192.0.2.1",
        meaning: "The sender's address")
    let expect = LanguageKey(
        "expect", .mapping(RouteLanguage.expectation, "a [mapping](#expected-results)"), isRequired: true,
        meaning: "The expected result; anything left out is not checked")

    fileprivate static var rules: [JSONTree] {
        [
            .rule(if: .requiring("body"), then: .keys(["body_text": false, "body_file": false])),
            .rule(if: .requiring("body_text"), then: .keys(["body_file": false])),
        ]
    }
}

extension KeyFormat where Value == PeerAddress {
    fileprivate static var address: KeyFormat {
        parsed("an address", matching: SchemaPattern.address) { text in
            PeerAddress.address(parsing: text).map { PeerAddress(address: $0, port: 0) }
        } complaint: { subject, _ in
            "\(subject) must be an address such as 192.0.2.1 or 2001:db8::1"
        }
    }
}

/// The keys of `expect`.
struct ExpectationKeys {
    static let deadLetterCounts = 0...10_000

    let status = LanguageKey("status", .integer(in: 200...599), meaning: "The status of the answer")
    let duplicate = LanguageKey(
        "duplicate", .boolean,
        meaning:
            "Whether the delivery is a duplicate of an earlier example of this route. Examples are sent in order. An "
            + "example without `duplicate` is processed on its own, as if it were the first")
    let handshake = LanguageKey(
        "handshake", .boolean, meaning: "Whether the request is a [handshake](#handshakes) that is answered")
    let jobs = LanguageKey(
        "jobs", .list(of: .mapping(RouteLanguage.expectedJob, "[mappings](#expected-job)"), named: "a job"),
        meaning: "The jobs, in order and complete; for each the expected fields")
    let deadLetters = LanguageKey(
        "dead_letters",
        .node(
            "a number or a list",
            .rule(
                if: ["type": "array"], then: ["items": .words(DeadLetterReason.allCases.map(\.rawValue))],
                else: .integer(in: Self.deadLetterCounts))),
        meaning: "The number of dead letters, or the list of their [reasons](errors.md) in order. Without it, a dead "
            + "letter is a warning")
    let reply = LanguageKey(
        "reply", .mapping(RouteLanguage.expectedReply), meaning: "The answer, unless it is a refusal")
    let refused = LanguageKey<ErrorCode>(
        "refused", .word("a [code](errors.md)"),
        meaning: "The code of the refusal. A refusal is always a failure unless `refused` or `status` expects it")
}

/// The keys of an expected job.
struct ExpectedJobKeys: HasJobOptions {
    let type = LanguageKey("type", .node("a name", .to(.name)), meaning: "The job's type")
    let payload = LanguageKey(
        "payload", .node("any value", true),
        meaning:
            "What the payload must have. A mapping must contain these keys and may contain others; a list must have "
            + "exactly these elements; numbers are compared by value, and `null` also matches an absent value")
    let readyAt = LanguageKey("ready_at", .time, meaning: "When the job may run")
    let uniqueKey = LanguageKey("unique_key", .text, meaning: "The key that Zizq gets")
    let options = JobOptionKeys(in: .expectedJob)
}

/// The keys of `reply` of `expect`.
struct ExpectedReplyKeys {
    let headers = LanguageKey(
        "headers", .node("a mapping from names to texts or numbers", ExampleKeys.headersSchema),
        meaning: "Headers of the answer, each with its value")
    let body = LanguageKey(
        "body", .node("any value", true), meaning: "The body of the answer: a text, or a JSON value")
}
