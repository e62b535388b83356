internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    static let handshake = LanguageMapping(
        "handshake", noun: "a handshake rule", HandshakeKeys(), rules: HandshakeKeys.rules)
    static let handshakeHMAC = LanguageMapping("handshake_hmac", noun: "'hmac'", HandshakeHMACKeys())
}

/// The keys of a rule of `handshake`. `HandshakeReader` reads those that depend on each other.
struct HandshakeKeys {
    let when = LanguageKey(
        "when", .node("a mapping of [conditions](#conditions)", .reference(to: RouteLanguage.conditions.name)),
        isRequired: true,
        meaning: "The conditions that make a request this handshake, as in a job rule. A request that lacks a value of "
            + "the reply does not match either")
    let signed = LanguageKey(
        "signed", .boolean, absent: "`true` if the rule reads the body, otherwise `false`",
        meaning: "Whether the request must have a valid signature. With `false`, a rule that reads the body also "
            + "answers requests without one, with a body of up to 8 KiB")
    let token = LanguageKey(
        "token", .signaturePart, examples: ["${query[\"hub.verify_token\"]}"],
        meaning: "A value of the request that must be equal to one of `handshake_secrets`; otherwise the request is "
            + "refused as `handshake_refused`")
    let otherwiseStatus = LanguageKey(
        "otherwise_status", .integer(in: 400...499),
        meaning:
            "The status of a refusal: of a wrong token, a value that is not a token for `hmac`, or a value that is "
            + "too long to be echoed. With another status than the default, the answer is empty"
    ).defaulting(to: HandshakeRule.standardRefusal)
    let hmac = LanguageKey(
        "hmac", .mapping(RouteLanguage.handshakeHMAC, "a [mapping](#hmac)"),
        meaning: "Makes an authentication code of a value of the request, for `${hmac}` in the reply")
    let learn = LanguageKey(
        "learn", .signaturePart, examples: ["${header.X-Hook-Secret}", "${body.verification_token}"],
        meaning: "A value of the request that becomes a [secret of the route](#learnt-secrets), once after "
            + "`sluice providers arm ROUTE`. The answer is sent when the secret is stored")
    let call = LanguageKey(
        "call", .signaturePart, examples: ["${body.SubscribeURL}"],
        meaning: "The part of a signed request with a URL that the gateway [calls](#handshakes-that-call-back) with "
            + "`GET`. The request is answered when the call has succeeded")
    let callURLs = LanguageKey(
        "call_urls",
        .node("a list of URLs with `*`", .filledList(of: .text(matching: ReferencePattern.keyURL))),
        absent: "required with `call`",
        examples: [["https://sns.*.amazonaws.com/?Action=ConfirmSubscription&TopicArn=*&Token=*"]],
        meaning: "The URLs that may be called. A `*` is one label of the host, any part of the path, or any part of "
            + "one parameter of the query")
    let reply = LanguageKey(
        "reply", .mapping(RouteLanguage.reply, "a [mapping](#replies)"), absent: "200 without a body",
        meaning: "The answer. Without `body` it is empty. Echoed values have at most 1 KiB. It has "
            + "`X-Content-Type-Options: nosniff`, and `headers` cannot set `Content-Type`")

    /// The keys of a refusal have no effect if nothing is refused.
    fileprivate static var rules: [JSONTree] {
        [
            .rule(
                if: .requiring("otherwise_status"),
                then: .any(of: [.requiring("token"), .requiring("hmac"), .requiring("call")])),
            .rule(if: .requiring("call"), then: .requiring("call_urls")),
            .rule(if: .requiring("call_urls"), then: .requiring("call")),
        ]
    }
}

/// The keys of `hmac` of a handshake.
struct HandshakeHMACKeys {
    let of = LanguageKey(
        "of", .signaturePart, isRequired: true, examples: ["${query.crc_token}"],
        meaning: "The value, which must be a token of \(OpaqueToken.words)")
    let alg = LanguageKey<HandshakeAlgorithm>("alg", .word, meaning: "The algorithm").defaulting(to: .hmacSHA256)
    let encoding = LanguageKey<SignatureEncoding>("encoding", .word, meaning: "How `${hmac}` is written")
        .defaulting(to: .hex)
    let keyEncoding = LanguageKey<KeyEncoding>(
        "key_encoding", .word, absent: "`utf8`; without `handshake_secrets` as in `verify`",
        meaning: "Encoding of the secret, as in `verify`")
    let keyTransform = LanguageKey<[KeyTransform]>(
        "key_transform", .list(of: .word, named: "a step of 'key_transform'"),
        absent: "none; without `handshake_secrets` as in `verify`", examples: [["sha1"]],
        meaning: "Transformations of the decoded secret, as in `verify`")
    let pattern = LanguageKey(
        "pattern", .idPattern, absent: "any token", examples: ["[0-9a-f]{20,32}"],
        meaning: "Additional format of tokens: a set of ASCII characters and a length, such as `[0-9a-f]{20,32}`")
}
