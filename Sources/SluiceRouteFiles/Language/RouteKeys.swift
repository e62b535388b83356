package import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    static let route = LanguageMapping("route", noun: "a route", RouteKeys(), rules: RouteKeys.rules)
    static let rate = LanguageMapping("rate", noun: "'rate'", RateKeys())
    static let quarantine = LanguageMapping("quarantine", noun: "'quarantine'", QuarantineKeys())
    /// The range of `body_limit`.
    package static let bodyLimits: ClosedRange<ByteCount> = .kibibytes(1) ... .mebibytes(100)

    static let reply = LanguageMapping("reply", noun: "'reply'", ReplyKeys(), rules: ReplyKeys.rules)
}

/// The keys of a route. `RouteReader` reads those that depend on each other.
struct RouteKeys {
    static let longestName = 100

    let name = LanguageKey(
        "name",
        .text(
            "1 to \(Self.longestName) bytes, unique",
            .text(matching: SchemaPattern.routeName).adding(["maxLength": .number(Self.longestName)])),
        absent: "the path as written",
        meaning: "Used in logs and metrics, and as the scope of unique keys. Set a name and keep it when you move a "
            + "path; otherwise the unique keys seen so far no longer apply")
    let path = LanguageKey(
        "path",
        .text(
            "a path",
            .text(matching: SchemaPattern.path).adding([
                "not": ["pattern": .text(SchemaPattern.ambiguousPath)], "maxLength": .number(RoutePath.longest),
            ])),
        isRequired: true, examples: ["/github", "/github/{tenant}"],
        meaning: "The [path](#paths) of the requests, such as `/github`. A segment in braces is a parameter: "
            + "`/github/{tenant}`")
    let methods = LanguageKey(
        "methods",
        .list(
            of: .method, "a list of methods", named: "a method", ifEmpty: "needs at least one method"),
        meaning: "The accepted methods; others are answered 405"
    ).defaulting(to: ["POST"])
    let allowFrom = LanguageKey(
        "allow_from",
        .list(
            of: .addressBlock, named: "a block of 'allow_from'",
            ifEmpty: "needs at least one block; omit it to accept all addresses"),
        absent: "any", examples: [["192.0.2.0/24", "2001:db8::/32"]],
        meaning: "The addresses and blocks that may send, such as `[192.0.2.0/24, \"2001:db8::/32\"]`; others are "
            + "answered 403. Behind `trusted_proxies`, the address that the proxy reports is checked")
    let provider = LanguageKey(
        "provider", .provider, examples: ["github", "stripe"],
        meaning: "A [preset](#providers), built in or declared by a route file: it supplies keys, which the route can "
            + "override")
    let account = LanguageKey(
        "account",
        .node(
            "a mapping from names to texts",
            [
                "type": "object", "propertyNames": .text(matching: SchemaPattern.accountName),
                "additionalProperties": ["type": ["string", "number"]],
            ]),
        absent: "none",
        meaning: "What the provider's preset requires in addition to secrets, such as the id of the webhook")
    let verify = LanguageKey(
        "verify",
        .node(
            "a [mapping](#verifying), a list of mappings, or `none`",
            .rule(
                if: ["type": ["object", "array"]],
                then: .oneOrList(of: .reference(to: RouteLanguage.verify.name)), else: .constant("none"))),
        absent: "the provider's",
        meaning: "How requests are verified: a mapping, whose keys override the preset's; a list of mappings, one of "
            + "which must match; or the word `none`")
    let credentialHeaders = LanguageKey(
        "credential_headers",
        .list(of: .headerName, "a list of header names", named: "a header of 'credential_headers'"),
        absent: "none", examples: [["X-Api-Key"]],
        meaning: "More headers that are never stored and never part of `${headers}`, in addition to the signature's")
    let secrets = LanguageKey(
        "secrets", .node("a list of [mappings](#secrets)", .filledList(of: .reference(to: RouteLanguage.secret.name))),
        meaning: "The secrets for signatures. Any of them may match, so you can replace a secret without a "
            + "gap")
    let handshake = LanguageKey(
        "handshake",
        .node("a list of [rules](#handshakes)", .filledList(of: .reference(to: RouteLanguage.handshake.name))),
        meaning: "How to answer the requests that a provider sends to verify the URL. A handshake makes no job")
    let handshakeSecrets = LanguageKey(
        "handshake_secrets",
        .node("a list of [mappings](#secrets)", .filledList(of: .reference(to: RouteLanguage.secret.name))),
        meaning: "The secrets for `token` and `hmac` of handshakes. Any of them may equal a token; the first one is "
            + "the key of `hmac`")
    let publicURL = LanguageKey(
        "public_url", .publicURL, absent: "the setting `public_url`", examples: ["https://hooks.example.com"],
        meaning: "The URL of this route as the provider knows it: `https://hooks.example.com`, to which the path and "
            + "query of the request are appended, or a URL with a path if a proxy changes the path. For the path `/` "
            + "the signature may cover the URL with or without the slash")
    let rate = LanguageKey(
        "rate", .mapping(RouteLanguage.rate) { RateLimit($0) }, absent: "no limit",
        meaning: "How many verified requests are accepted per period: a token bucket. A request that finds it empty is "
            + "answered 429 with `Retry-After`. A reload keeps the bucket if the numbers do not change")
    let outboxShare = LanguageKey<Int>(
        "outbox_share", .integer(in: 1...100), absent: "no separate limit", examples: ["25"],
        meaning:
            "Percent of `outbox.max_bytes` that undelivered jobs of this route may use; above it, its requests get "
            + "503 `outbox_share_full`. When `outbox.max_keys` is reached and the route has more than this percentage "
            + "of it, its own oldest keys are dropped and not those of other routes. Both are estimated from a "
            + "sample, to within a few percent")
    let body = LanguageKey<BodyKind>(
        "body", .word,
        meaning: "How the [body](#bodies) is parsed; `auto` is JSON, or follows the `Content-Type` if the signature "
            + "covers that header or nothing is verified"
    ).defaulting(to: .auto)
    let jsonField = LanguageKey(
        "json_field", .filledText, absent: "none", examples: ["payload"],
        meaning: "The field of a form that contains the JSON document. With `body: form` the body must be such a form; "
            + "with `auto` it may be one, if it has no other field. With `body: jwt` it is a claim")
    let bodyLimit = LanguageKey(
        "body_limit", .size(in: RouteLanguage.bodyLimits),
        absent: "the provider's, otherwise the setting `limits.body`", examples: ["1MiB"],
        meaning: "The largest body. A larger one is answered 413, even if it exceeds the limit only after "
            + "decompression")
    let gzip = LanguageKey("gzip", .boolean, meaning: "Whether bodies with `Content-Encoding: gzip` are accepted")
        .defaulting(to: false)
    let contentTypes = LanguageKey(
        "content_types",
        KeyFormat(
            "a list of media types", .filledList(of: .text(matching: SchemaPattern.mediaType)),
            read: { ContentTypes.read($1, $2, in: $0) }),
        absent: "any", examples: [["application/json", "text/*"]],
        meaning: "The accepted types, such as `[application/json, \"application/*+json\", \"text/*\"]`: "
            + "a request with another `Content-Type`, or without one, is answered 415 before its body is read. "
            + "Case and parameters are ignored"
    )
    let onUnreadable = LanguageKey<UnreadablePolicy>(
        "on_unreadable", .word,
        meaning: "If the body cannot be parsed: `dead_letter` stores a dead letter, `reject` answers 422"
    ).defaulting(to: .deadLetter)
    let event = LanguageKey(
        "event",
        .node("a text with references", ["allOf": [.to(.text), ["pattern": .text(ReferencePattern.isHeld)]]]),
        absent: "the provider's", examples: ["${body.type}"],
        meaning: "The event of the delivery, for `when: { event: … }`")
    let each = LanguageKey(
        "each",
        KeyFormat(
            "a reference to an array, or `lines`", .text(matching: ReferencePattern.elements),
            read: { Elements.read($1, $2, in: $0) }),
        absent: "the body is one delivery", examples: ["${body.items}", "lines"],
        meaning: "An array whose [elements](#elements) become separate jobs, or the word `lines` for a body of JSON "
            + "Lines")
    let uniqueKey = LanguageKey(
        "unique_key", .node("a text with references, or a list of them", .to(.uniqueKey)),
        absent: "the provider's; without either, nothing is a duplicate", examples: ["${body.id}"],
        meaning: "What distinguishes one delivery from the next, see [Unique keys](#unique-keys). A delivery whose key "
            + "was seen before makes no job")
    let uniqueKeyMissing = LanguageKey<MissingKeyPolicy>(
        "unique_key_missing", .word,
        meaning: "If the key is missing: `accept` stores the delivery without a key, and counts it; `reject` answers "
            + "422; `body_hash` uses the digest of the body, or of the element, as the key; `dead_letter` stores a "
            + "dead letter"
    ).defaulting(to: .accept)
    let onChangedBody = LanguageKey<ChangedBodyPolicy>(
        "on_changed_body", .word,
        meaning: "If the same key arrives with another body: `duplicate` logs and counts it, `accept` makes its jobs, "
            + "`dead_letter` stores a dead letter"
    ).defaulting(to: .duplicate)
    let compare = LanguageKey(
        "compare",
        .node(
            "a reference to a value of the body, or a list of them",
            .rule(
                if: ["type": "array"],
                then: ["items": .text(matching: ReferencePattern.bodyValue), "minItems": 1],
                else: .text(matching: ReferencePattern.bodyValue))),
        absent: "the body, or the element", examples: ["${body.data}"],
        meaning: "What `on_changed_body` compares, for a provider that counts its attempts in the body: "
            + "`${body.data}`, or a list such as `[ \"${body.order}\", \"${body.state}\" ]`. Two absent values "
            + "are equal. If all values are absent, the whole body is compared")
    let dedupeWindow = LanguageKey(
        "dedupe_window", .duration(in: .seconds(60) ... .seconds(90 * 86_400)),
        absent: "the setting `outbox.dedupe_window`", examples: ["7d"],
        meaning: "How long a key is remembered after receipt. A key is kept longer only while a job of its delivery is "
            + "pending, parked or dead, and up to 15 minutes after a start that follows an idle hour")
    let jobs = LanguageKey(
        "jobs", .node("a list of [rules](#job-rules)", .filledList(of: .reference(to: RouteLanguage.rule.name))),
        isRequired: true, meaning: "The rules that determine the jobs of a delivery, tried in order")
    let match = LanguageKey<MatchPolicy>(
        "match", .word,
        meaning: "`first`: the first rule that matches makes the job. `all`: each rule that matches makes one"
    ).defaulting(to: .first)
    let otherwise = LanguageKey<OtherwisePolicy>(
        "otherwise", .word, absent: "required, unless the last rule has no `when` and `match` is `first`",
        meaning: "If no rule matches. With `each` it applies to each element")
    let onMismatch = LanguageKey<MismatchPolicy>(
        "on_mismatch", .word,
        meaning: "If a payload does not match the [type that its kind declares](#types-of-payloads): `dead_letter` "
            + "stores a dead letter, `reject` answers 422"
    ).defaulting(to: .deadLetter)
    let reply = LanguageKey(
        "reply", .mapping(RouteLanguage.reply, "a [mapping](#replies)"), absent: "the gateway's document",
        meaning: "The answer to a success")
    let keepRequest = LanguageKey(
        "keep_request", .boolean,
        meaning: "Whether the request, without its credentials, is kept as long as its jobs are in the outbox, "
            + "including delivered ones (`outbox.keep_delivered`). "
            + "[`sluice explain --delivery`](cli.md#explaining-a-request) can then show how the routes process it"
    ).defaulting(to: false)
    let quarantine = LanguageKey(
        "quarantine",
        .node(
            "`true`, `false` or a [mapping](#quarantine)",
            .rule(
                if: ["type": "object"], then: .reference(to: RouteLanguage.quarantine.name),
                else: ["type": "boolean"])),
        absent: "`false`", examples: ["true"],
        meaning: "Whether requests are kept whose signature no secret matches. They are answered 401 anyway, and "
            + "`sluice quarantine verify` verifies them again after you have added the right secret")
    let examples = LanguageKey(
        "examples", .node("a list of [mappings](#examples)", .list(of: .reference(to: RouteLanguage.example.name))),
        meaning: "Example requests with expected results, which `sluice check` runs")
}

extension KeyFormat where Value == AddressBlock {
    fileprivate static var addressBlock: KeyFormat {
        parsed("addresses and blocks", matching: SchemaPattern.addressBlock, by: { AddressBlock(parsing: $0) }) {
            "'\(PrintableText.escape($1))' is not a block of addresses such as 10.0.0.0/8, 2001:db8::/32 or "
                + "192.0.2.1, with no bits set after the prefix"
        }
    }
}

extension KeyFormat where Value == HeaderName {
    fileprivate static var headerName: KeyFormat {
        parsed(
            "header names", matching: SchemaPattern.headerName,
            by: { HeaderSyntax.isName($0) ? HeaderName($0) : nil },
            complaint: { "'\(PrintableText.escape($1))' is not the name of a header" })
    }
}

extension KeyFormat where Value == String {
    /// The name of a preset. The available names depend on the other files, too.
    fileprivate static var provider: KeyFormat {
        text("a name, see `sluice providers`", .any(of: [.words(RouteLanguage.providers), .filledText]))
    }
}

extension KeyFormat where Value == PublicURL {
    fileprivate static var publicURL: KeyFormat {
        parsed("a URL without a query", matching: SchemaPattern.publicURL, by: { PublicURL(parsing: $0) }) {
            subject, _ in
            "\(subject) must be a URL such as https://hooks.example.com, with a path if a proxy changes it, "
                + "without a query"
        }
    }
}

/// The schema's rules for a route as a whole.
extension RouteKeys {
    fileprivate static var rules: [JSONTree] {
        verificationRules + [keyRule, otherwiseRule, linesRule] + handshakeRules
    }

    /// A token is compared with a secret.
    private static var handshakeRules: [JSONTree] {
        let hasToken = JSONTree.keys(["handshake": ["contains": .requiring("token")]]).adding([
            "required": ["handshake"]
        ])
        return [
            .rule(
                if: .requiring("handshake_secrets"), then: .any(of: [hasProvider, .requiring("handshake")])),
            .rule(if: hasToken, then: .requiring("handshake_secrets")),
        ]
    }

    private static let hasProvider = JSONTree.requiring("provider")

    /// A route has a verification, with secrets unless it accepts everything; without a provider it is complete.
    private static var verificationRules: [JSONTree] {
        let verifies = JSONTree.any(of: [hasProvider, .requiring("verify")])
        return [
            verifies,
            .rule(
                if: .having("verify", "none"), then: .keys(["secrets": false, "quarantine": false]),
                else: .rule(if: verifies, then: .any(of: [.requiring("secrets"), fetchesKeys, learnsSecrets]))),
            .rule(if: .not(hasProvider), then: .keys(["verify": VerifyKeys.wholeScheme])),
        ]
    }

    /// If every key is fetched, there are no secrets.
    private static var fetchesKeys: JSONTree {
        let fetches = JSONTree.requiring("key_from").adding(["not": .requiring("key_request")])
        let verify: JSONTree = [
            "required": ["verify"],
            "properties": [
                "verify": .any(of: [
                    fetches.adding(["type": "object"]), ["type": "array", "items": fetches],
                ])
            ],
        ]
        let preset = hasProvider.adding(["properties": ["provider": .words(presetsWithoutSecrets)]])
        return .any(of: [preset, verify])
    }

    private static var learnsSecrets: JSONTree {
        JSONTree.keys(["handshake": ["contains": .requiring("learn")]]).adding(["required": ["handshake"]])
    }

    /// The built-in presets without a secret, or that learn it.
    private static var presetsWithoutSecrets: [String] {
        PresetTexts.names.filter { name in
            guard let text = PresetTexts.text(of: name).map({ "\($0)" }) else { return false }
            return !text.contains("\nsecret:") || text.contains("    learn: ")
        }
    }

    /// Keys about unique keys have no effect without one.
    private static var keyRule: JSONTree {
        let rule = JSONTree.rule(if: .requiring("unique_while"), then: .requiring("unique_key"))
        return .rule(
            if: .not(.any(of: [hasProvider, .requiring("unique_key")])),
            then: .keys([
                "unique_key_missing": false, "on_changed_body": false, "compare": false, "dedupe_window": false,
                "jobs": ["items": rule],
            ]))
    }

    /// A rule without `when` is the last one, and matches everything that the others do not.
    private static var otherwiseRule: JSONTree {
        let leavesSome: JSONTree = [
            "required": ["jobs"], "properties": ["jobs": ["items": ["type": "object", "required": ["when"]]]],
        ]
        return .rule(if: .any(of: [.having("match", "all"), leavesSome]), then: .requiring("otherwise"))
    }

    /// JSON lines are read regardless of `Content-Type`.
    private static var linesRule: JSONTree {
        .rule(if: .having("each", "lines"), then: .keys(["body": .constant("auto")]))
    }
}

/// The keys of `rate`.
struct RateKeys {
    private static let counts = 1...1_000_000

    let limit = LanguageKey(
        "limit", .integer(in: Self.counts), isRequired: true,
        meaning: "How many requests are added to the bucket, evenly, in each period")
    let per = LanguageKey(
        "per", .duration(in: .milliseconds(1) ... .seconds(86_400)), isRequired: true, examples: ["1s"],
        meaning: "The period")
    let burst = LanguageKey(
        "burst", .integer(in: Self.counts), absent: "`limit`", meaning: "How many requests the bucket holds")
    let bytes = LanguageKey<ByteCount>(
        "bytes", .size(in: .kibibytes(1) ... .gibibytes(1024)), absent: "no limit", examples: ["50MiB"],
        meaning: "How many bytes of bodies are accepted in each period. A body may exceed the remaining allowance; the "
            + "next request then has to wait")
    let elements = LanguageKey<Int>(
        "elements", .integer(in: 1...1_000_000_000), absent: "no limit",
        meaning: "The same for [elements](#elements); a request without `each` counts as one")
}

extension RateLimit {
    fileprivate init?(_ reader: MappingReader<RateKeys>) {
        let (limit, per, burst) = (reader.read(\.limit), reader.read(\.per), reader.read(\.burst))
        guard let limit, let per else { return nil }
        self.init(
            limit: limit, per: per, burst: burst ?? limit, bytes: reader.read(\.bytes),
            elements: reader.read(\.elements))
    }
}

/// The keys of `quarantine`.
struct QuarantineKeys {
    private static let counts = 1...100_000
    private static let standard = QuarantineLimits()

    let maxRequests = LanguageKey(
        "max_requests", .integer(in: Self.counts), meaning: "How many requests of this route are kept"
    ).defaulting(to: Self.standard.maxRequests)
    let maxBytes = LanguageKey(
        "max_bytes", .size(in: .kibibytes(16) ... .gibibytes(16)),
        meaning: "Their total size; 512 bytes are added for each request"
    ).defaulting(to: Self.standard.maxBytes)
    let maxPerAddress = LanguageKey(
        "max_per_address", .integer(in: Self.counts),
        meaning: "How many of one address, or IPv6 /64, are kept. Behind `trusted_proxies`, the address that the proxy "
            + "reports counts"
    ).defaulting(to: Self.standard.maxPerAddress)
    let keep = LanguageKey(
        "keep", .duration(in: .seconds(60) ... .seconds(90 * 86_400)), meaning: "How long each is kept"
    ).defaulting(to: Self.standard.keep)
}

/// The keys of `reply`.
struct ReplyKeys {
    private static let statuses = 200...299
    /// Headers of the message's framing, of the connection, and those that would make a sender store or follow
    /// something.
    static let reserved: Set<String> = [
        "connection", "content-encoding", "content-length", "date", "keep-alive", "location", "proxy-authenticate",
        "proxy-connection", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    let status = LanguageKey(
        "status", .integer(in: Self.statuses), meaning: "The status of the answer. With 204 and 205 it is empty"
    ).defaulting(to: 200)
    let headers = LanguageKey(
        "headers", .node("a mapping from names to texts", Self.headersSchema),
        meaning: "Headers of the answer. Names cannot contain references, and cannot be framing headers, `Set-Cookie` "
            + "or `Location`. A header whose value contains bytes other than printable ASCII, or more than 1 KiB, is "
            + "left out")
    let body = LanguageKey(
        "body", .node("any value", .to(.value)), absent: "the gateway's document; in a handshake empty",
        meaning: "A text, sent as `text/plain; charset=utf-8`, or a mapping or list, sent as JSON; `headers` can set "
            + "another `Content-Type`. At most 16 KiB; if it is larger, the gateway's document is sent instead")

    private static var headersSchema: JSONTree {
        [
            "type": "object",
            "propertyNames": [
                "pattern": .text(SchemaPattern.headerName),
                "not": ["pattern": .text(SchemaPattern.anyCase(Self.reserved.sorted()))],
            ],
            "additionalProperties": headerText,
        ]
    }

    /// Numbers, true, false and null are used as written.
    private static var headerText: JSONTree {
        let constant: JSONTree = [
            "pattern": .text(SchemaPattern.printableASCII), "maxLength": .number(ReplyTemplate.longestValue),
        ]
        return SchemaDefinition.text(orElse: constant).adding(["type": ["string", "number", "boolean", "null"]])
    }

    /// An answer without content has no body, and the gateway's document has its own type.
    fileprivate static var rules: [JSONTree] {
        let statuses = Self.statuses.filter(ReplyTemplate.hasNoContent).map { JSONTree.number($0) }
        let isContentType: JSONTree = ["pattern": .text(SchemaPattern.anyCase(["content-type"]))]
        return [
            .rule(
                if: ["required": ["status"], "properties": ["status": ["enum": .array(statuses)]]],
                then: .keys(["body": false])),
            .rule(if: .not(.requiring("body")), then: .keys(["headers": ["propertyNames": .not(isContentType)]])),
        ]
    }
}
