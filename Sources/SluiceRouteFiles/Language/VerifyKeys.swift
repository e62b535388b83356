internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    static let verify = LanguageMapping("verify", noun: "'verify'", VerifyKeys(), rules: VerifyKeys.rules)
    static let secret = LanguageMapping(
        "secret", noun: "a secret", SecretKeys(), adding: ["minProperties": 1, "maxProperties": 1])
}

/// The keys of `verify`.
struct VerifyKeys {
    let alg = LanguageKey<SignatureAlgorithm>(
        "alg", .word, absent: "required",
        meaning: "The [algorithm](#algorithms) of the signature")
    let signatureFrom = LanguageKey(
        "signature_from", .signaturePart, absent: "required; for `basic` it is `${header.Authorization}`",
        examples: ["${header.X-Signature}"],
        meaning:
            "Location of the signature: a header, a query parameter, a path parameter or a field of the body, such "
            + "as `${header.X-Signature}`. `${header.NAME-*}`, for senders that send one header per key, means "
            + "`NAME-1` to `NAME-20`; with `jwt`, `${body}` means that the body is the token")
    let signaturePrefix = LanguageKey(
        "signature_prefix", .text, absent: "none", examples: ["sha256="],
        meaning:
            "Text before the signature. Entries of a list without it are skipped")
    let looseNames = LanguageKey(
        "loose_names", .boolean,
        meaning:
            "Whether the case of `signature_prefix` and `timestamp_prefix` does not count, nor blanks around the `=` "
            + "at their end"
    ).defaulting(to: false)
    let signatureEncoding = LanguageKey<SignatureEncoding>(
        "signature_encoding", .word,
        meaning: "How the signature is encoded: `hex` in upper or lower case, padded `base64`, or `base64url` with or "
            + "without padding"
    ).defaulting(to: SignatureEncoding.hex)
    let keyEncoding = LanguageKey<KeyEncoding>(
        "key_encoding", .word, absent: "`utf8`, or `pem` for public keys",
        meaning: "Encoding of the secrets: `utf8` is the text itself, `base64` may be padded or not, `pem` is a public "
            + "key or a certificate. Public keys in `base64` and `hex` are SubjectPublicKeyInfo in DER, or the 32 "
            + "bytes of an Ed25519 key")
    let signatureSplit = LanguageKey(
        "signature_split", .text("one ASCII character", matching: "^[ -~]$"), absent: "the value is one signature",
        examples: [","],
        meaning:
            "Character between several signatures, such as `\",\"`, `\";\"` or `\" \"`. Blanks around entries are "
            + "removed, and with `\" \"` also a comma at their end. Repeated header lines then also count as several "
            + "values")
    let keyFrom = LanguageKey(
        "key_from",
        .node("an https URL, or one reference", .text(matching: ReferencePattern.keyLocation)), absent: "`secrets`",
        examples: ["https://example.com/jwks.json"],
        meaning: "Where the public key is [fetched](#fetched-keys) from, in place of `secrets`: a fixed URL, or a part "
            + "of the request that contains the URL. It leads to a certificate in PEM, with `alg: jwt` to a JSON Web "
            + "Key Set")
    let keyURLs = LanguageKey(
        "key_urls",
        .node("a list of URLs with `*`", .filledList(of: .text(matching: ReferencePattern.keyURL))),
        absent: "required if `key_from` is a reference", examples: [["https://keys.example.com/*.pem"]],
        meaning: "The URLs that a request may name. A `*` is one label of the host, or any part of the path")
    let keyRequest = LanguageKey(
        "key_request",
        .node(
            "a mapping from names to texts",
            [
                "type": "object", "minProperties": 1,
                "additionalProperties": ["type": "string", "pattern": .text(ReferencePattern.signedText)],
            ]),
        absent: "the key is read without it", examples: [["token": "${key}", "key": "${key.id}"]],
        meaning:
            "For `jwt` and a fixed `key_from`: what is [posted](#fetched-keys) to the URL, as a JSON object. `${key}` "
            + "is the secret of the route, and `${key.id}` the id of the key that the token names")
    let keyStripPrefix = LanguageKey(
        "key_strip_prefix", .text, absent: "none", examples: ["whsec_"],
        meaning: "Prefix that is removed from the secrets before decoding, if present, such as `whsec_`")
    let keyAppend = LanguageKey(
        "key_append", .filledText, absent: "none", examples: ["&"],
        meaning: "Text that is added to the end of the secrets before decoding")
    let keyTransform = LanguageKey<[KeyTransform]>(
        "key_transform", .list(of: .word, "a list of `nfkd`, `sha1`, `sha256`", named: "an entry of 'key_transform'"),
        absent: "none", examples: [["sha256"]],
        meaning: "Transformations of the decoded secrets, in order: a Unicode normalization, or a "
            + "digest")
    let timestampFrom = LanguageKey(
        "timestamp_from", .signaturePart, absent: "no timestamp", examples: ["${header.X-Timestamp}"],
        meaning: "Location of the request's timestamp, as for `signature_from`")
    let timestampPrefix = LanguageKey(
        "timestamp_prefix", .filledText, absent: "none", examples: ["t="],
        meaning: "The timestamp is the entry with this prefix, such as `\"t=\"`; the value is split like signatures. "
            + "Without it, a timestamp in the signature's header is the first entry")
    let timestampFormat = LanguageKey<TimestampFormat>(
        "timestamp_format", .word,
        meaning: "Format of the timestamp: whole seconds or milliseconds since 1970, either of them by the number of "
            + "digits, RFC 3339, or an HTTP date such as `Tue, 14 Nov 2023 22:13:20 GMT`"
    ).defaulting(to: TimestampFormat.unix)
    let tolerance = LanguageKey(
        "tolerance", .duration(in: .zero ... .seconds(86_400)),
        meaning:
            "Maximum difference between the timestamp and the gateway's clock, in both directions; 0 means no limit"
    ).defaulting(to: Duration.seconds(300))
    let idFrom = LanguageKey(
        "id_from", .signaturePart, absent: "no id", examples: ["${header.X-Id}"],
        meaning: "Location of the id that `${id}` refers to, as for `signature_from`")
    let idPattern = LanguageKey(
        "id_pattern", .idPattern, default: .text(IDPattern.standardText),
        meaning: "Valid ids: a set of ASCII characters and a length, such as `[0-9a-f-]{36}`")
    let signed = LanguageKey(
        "signed", .signedTexts, default: .text("${body}"), examples: ["${timestamp}.${body}"],
        meaning: "The text that is [signed](#what-is-signed), or a list of at most 16 texts, one of which "
            + "must be")
    let signedOpen = LanguageKey(
        "signed_open", .text("one reference", .text(matching: ReferencePattern.signedPart)), absent: "none",
        examples: ["${body.Message}"],
        meaning: "The one value of `signed` that may contain the separator that follows it")
    let each = LanguageKey(
        "each", .node("one reference", .text(matching: ReferencePattern.signedElements)), absent: "none",
        examples: ["${body.items[]}"],
        meaning: "The array of the body whose elements are each signed. `${item}` then is the element, in "
            + "`signature_from`, `timestamp_from`, `id_from` and `signed`. There must be at least one, and all must be "
            + "valid")
    let require = LanguageKey(
        "require",
        .node(
            "a mapping from references to texts or null",
            [
                "type": "object", "minProperties": 1, "propertyNames": .text(matching: ReferencePattern.bareSigned),
                "additionalProperties": [
                    "type": ["string", "null"], "pattern": .text(ReferencePattern.signedText),
                ],
            ]),
        absent: "none", examples: [["header.X-Client": "my-client"]],
        meaning:
            "Values that requests must have in addition to the signature, compared as they are, and with null those "
            + "that they must not have")
    let token = LanguageKey(
        "jwt", .mapping(RouteLanguage.token), absent: "required with `alg: jwt`",
        meaning: "Conditions on a JSON Web Token")

    /// The keys that each alternative of `verify` needs without a provider.
    static var wholeScheme: JSONTree {
        let hasTimestamp = JSONTree.requiring("timestamp_from")
        let lacksTimestamp = JSONTree.keys([
            "timestamp_prefix": false, "timestamp_format": false, "tolerance": false,
        ])
        let scheme = JSONTree.requiring("alg")
            .adding([
                "allOf": [
                    .rule(if: .having("alg", "basic"), then: true, else: .requiring("signature_from")),
                    .rule(if: .having("alg", "jwt"), then: .requiring("jwt")),
                    .rule(if: .having("alg", "sha256"), then: .requiring("signed")),
                    .rule(if: .not(hasTimestamp), then: lacksTimestamp),
                    .rule(if: .requiring("key_urls"), then: .requiring("key_from")),
                    .rule(if: .requiring("key_request"), then: .requiring("key_from")),
                ]
            ])
        return scheme.adding(["items": scheme])
    }

    /// Keys that have no effect with some algorithms.
    static var rules: [JSONTree] {
        func without(_ keys: [String], if words: [String]) -> JSONTree {
            .rule(
                if: .requiring("alg").adding(["properties": ["alg": .words(words)]]),
                then: ["properties": .object(keys.map { .init(key: $0, value: false) })])
        }
        let isOther = JSONTree.requiring("alg").adding(["not": .having("alg", "jwt")])
        let isNotBody = JSONTree.keys(["signature_from": .not(["pattern": #"^\$\{[ \t]*body[ \t]*\}$"#])])
        return KeysWithoutEffect.all.map { without($0.keys, if: $0.algorithms.map(\.rawValue)) }
            + [.rule(if: isOther, then: isNotBody)]
    }
}

/// Keys of `verify` that have no effect with some algorithms, and why.
struct KeysWithoutEffect {
    let algorithms: [SignatureAlgorithm]
    let keys: [String]
    let reason: String

    static let all = [
        KeysWithoutEffect(
            algorithms: [.token, .basic],
            keys: textKeys + [
                "signature_encoding", "signature_split", "key_encoding", "key_strip_prefix", "key_append",
                "key_transform",
            ], reason: "requests carry the secret itself"),
        KeysWithoutEffect(
            algorithms: [.basic], keys: ["signature_prefix", "loose_names"],
            reason: "the value begins with 'Basic'"),
        KeysWithoutEffect(
            algorithms: [.jwt], keys: textKeys + ["each", "signature_encoding", "signature_split"],
            reason: "the token determines what is signed"),
        KeysWithoutEffect(
            algorithms: SignatureAlgorithm.allCases.filter(\.usesPublicKey), keys: ["key_append", "key_transform"],
            reason: "the secrets are public keys"),
        KeysWithoutEffect(
            algorithms: SignatureAlgorithm.allCases.filter { $0 != .jwt && !$0.usesPublicKey },
            keys: ["key_from", "key_urls"], reason: "only public keys can be fetched"),
        KeysWithoutEffect(
            algorithms: SignatureAlgorithm.allCases.filter { $0 != .jwt }, keys: ["jwt", "key_request"],
            reason: "it is for tokens; write 'alg: jwt'"),
    ]

    private static let textKeys = [
        "signed", "signed_open", "timestamp_from", "timestamp_prefix", "timestamp_format", "tolerance", "id_from",
        "id_pattern",
    ]

    static func contain(_ key: String, with algorithm: SignatureAlgorithm) -> Bool {
        all.contains { $0.algorithms.contains(algorithm) && $0.keys.contains(key) }
    }
}

/// The keys of `jwt`.
struct TokenKeys {
    let algorithms = LanguageKey<[JWTAlgorithm]>(
        "algs",
        .list(
            of: .word, "a list of " + JWTAlgorithm.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", "),
            named: "an entry of 'algs'", ifEmpty: "needs at least one algorithm"),
        isRequired: true, examples: [["RS256"]],
        meaning: "The algorithms that are accepted: those with a shared secret (`HS…`), or those with a public key")
    let claims = LanguageKey(
        "claims",
        .node(
            "a mapping from claims to texts or lists of texts",
            [
                "type": "object",
                "additionalProperties": .oneOrList(of: [
                    "type": "string", "pattern": .text(ReferencePattern.signedText),
                ]),
            ]),
        absent: "none", examples: [["iss": "Acme"]],
        meaning: "What claims must be: one of the texts. A claim that is a list must contain one of them")
    let required = LanguageKey(
        "required", .list(of: .filledText, "a list of claims", named: "an entry of 'required'"), absent: "none",
        examples: [["exp"]],
        meaning: "Claims that must be present. `exp` and `nbf` are checked if they are present")
    let maxAge = LanguageKey(
        "max_age", .duration(in: .seconds(1) ... .seconds(86_400)), absent: "no limit",
        meaning: "How old a token may be by its claim `iat`, which then must be present")
    let bodyHash = LanguageKey(
        "body_hash", .mapping(RouteLanguage.tokenDigest) { TokenDigest($0) }, absent: "none",
        meaning: "The claim with the SHA-256 of the body. It may be absent if the body is empty")
    let urlHash = LanguageKey(
        "url_hash", .mapping(RouteLanguage.tokenDigest) { TokenDigest($0) }, absent: "none",
        meaning: "The claim with the SHA-256 of the URL; needs `public_url`")
    let leeway = LanguageKey(
        "leeway", .duration(in: .zero ... .seconds(3600)),
        meaning: "How far the clocks of sender and gateway may differ"
    ).defaulting(to: .seconds(30))
}

/// The keys of `body_hash` and `url_hash`.
struct TokenDigestKeys {
    let claim = LanguageKey("claim", .filledText, isRequired: true, meaning: "The name of the claim")
    let encoding = LanguageKey<SignatureEncoding>("encoding", .word, meaning: "How the digest is encoded")
        .defaulting(to: .hex)
}

extension RouteLanguage {
    static let token = LanguageMapping("jwt", noun: "'jwt'", TokenKeys())
    static let tokenDigest = LanguageMapping("jwt_digest", noun: "the digest of a token", TokenDigestKeys())
}

extension TokenDigest {
    init?(_ reader: MappingReader<TokenDigestKeys>) {
        guard let claim = reader.read(\.claim) else { return nil }
        self.init(claim: claim, encoding: reader.read(\.encoding))
    }
}

/// The texts of `signed`, with their positions.
struct SignedTexts: Sendable {
    let texts: [(text: String, position: YAMLPosition)]
}

extension KeyFormat where Value == SignedTexts {
    fileprivate static var signedTexts: KeyFormat {
        let text: JSONTree = [
            "type": "string",
            "allOf": [["pattern": .text(ReferencePattern.isHeld)], ["pattern": .text(ReferencePattern.signedText)]],
        ]
        return KeyFormat("a text with references, or a list of such texts", .oneOrList(of: text)) {
            context, node, subject in
            guard let elements = node.sequence else {
                return context.text(node, subject).map { SignedTexts(texts: [($0, node.position)]) }
            }
            if elements.isEmpty { context.error(node.position, "\(subject) needs at least one text") }
            let texts = elements.compactMap { element in
                context.text(element, "a text of \(subject)").map { ($0, element.position) }
            }
            return texts.count == elements.count && !texts.isEmpty ? SignedTexts(texts: texts) : nil
        }
    }
}

extension KeyFormat where Value == String {
    static var signaturePart: KeyFormat { text("one reference", .to(.signaturePart)) }
}

extension KeyFormat where Value == IDPattern {
    static var idPattern: KeyFormat {
        parsed("a set and a length", matching: SchemaPattern.idPattern, by: { IDPattern(parsing: $0) }) { subject, _ in
            "\(subject) must be a set of characters and a length of at most 256, such as "
                + "\(IDPattern.standardText) or [0-9a-f-]{36}"
        }
    }
}

/// The values of the keys of `verify` that have defaults.
struct SignatureSettings: Sendable {
    var algorithm = SignatureAlgorithm.hmacSHA256
    var signatureFrom: String?
    var signaturePrefix = ""
    var hasLooseNames = false
    var signatureSplit: String?
    var signatureEncoding = SignatureEncoding.hex
    var secretFormat = SecretFormat()
    var timestampFrom: String?
    var timestampPrefix: String?
    var timestampFormat = TimestampFormat.unix
    var tolerance = Duration.seconds(300)
    var idFrom: String?
    var idPattern = IDPattern.standard

    init(_ reader: MappingReader<VerifyKeys>) {
        algorithm = reader.read(\.alg) ?? algorithm
        signatureFrom = reader.read(\.signatureFrom)
        if signatureFrom == nil, algorithm == .basic, !reader.has("signature_from") {
            signatureFrom = "${header.Authorization}"
        }
        signaturePrefix = algorithm == .basic ? "Basic " : reader.read(\.signaturePrefix) ?? signaturePrefix
        hasLooseNames = reader.read(\.looseNames)
        signatureSplit = reader.read(\.signatureSplit)
        signatureEncoding = reader.read(\.signatureEncoding)
        timestampFrom = reader.read(\.timestampFrom)
        timestampPrefix = reader.read(\.timestampPrefix)
        timestampFormat = reader.read(\.timestampFormat)
        tolerance = reader.read(\.tolerance)
        idFrom = reader.read(\.idFrom)
        idPattern = reader.read(\.idPattern) ?? idPattern
        secretFormat.encoding = reader.read(\.keyEncoding) ?? (usesPublicKey(reader) ? .pem : .utf8)
        secretFormat.prefix = reader.read(\.keyStripPrefix) ?? ""
        secretFormat.suffix = reader.read(\.keyAppend) ?? ""
        secretFormat.transforms = reader.read(\.keyTransform) ?? []
    }

    /// Whether the secrets are public keys.
    func usesPublicKey(_ reader: MappingReader<VerifyKeys>) -> Bool {
        guard algorithm == .jwt else { return algorithm.usesPublicKey }
        let elements = reader.node("jwt")?["algs"]?.sequence ?? []
        let words = elements.compactMap { $0.scalar.flatMap { JWTAlgorithm(rawValue: $0.text) } }
        return !words.isEmpty && words.allSatisfy(\.usesPublicKey)
    }
}

/// The keys of a secret, which has one of them. `SecretReader` reads the source.
struct SecretKeys {
    let env = LanguageKey(
        "env", .text("a name", .filledText),
        meaning: "An environment variable of the gateway. A change needs a restart")
    let file = LanguageKey(
        "file", .text("a path", .filledText),
        meaning:
            "A file; a relative path is relative to the routes folder. It is reloaded when it changes. One newline "
            + "at its end is dropped")
    let value = LanguageKey(
        "value", .text("a text", matching: SchemaPattern.secret),
        meaning: "The secret itself; only with `--allow-inline-secrets`")
}
