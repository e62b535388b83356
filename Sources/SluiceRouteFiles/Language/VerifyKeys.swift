internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

extension RouteLanguage {
    static let verify = LanguageMapping("verify", noun: "'verify'", VerifyKeys())
    static let secret = LanguageMapping(
        "secret", noun: "a secret", SecretKeys(), adding: ["minProperties": 1, "maxProperties": 1])
}

/// The keys of `verify`. Their defaults are those of `SignatureSettings`.
struct VerifyKeys {
    private static let standard = SignatureSettings()

    let alg = LanguageKey<SignatureAlgorithm>(
        "alg", .word(later: SignatureAlgorithm.later), absent: "required",
        meaning: "The algorithm of the signature")
    let signatureFrom = LanguageKey(
        "signature_from", .signaturePart, absent: "required", examples: ["${header.X-Signature}"],
        meaning:
            "Location of the signature: a header, a query parameter, a path parameter or a field of the body, such "
            + "as `${header.X-Signature}`. `${header.NAME-*}`, for senders that send one header per key, means "
            + "`NAME-1` to `NAME-20`")
    let signaturePrefix = LanguageKey(
        "signature_prefix", .text, absent: "none", examples: ["sha256="], meaning: "Text before the signature")
    let signatureEncoding = LanguageKey<SignatureEncoding>(
        "signature_encoding", .word,
        meaning: "How the signature is encoded: `hex` in upper or lower case, or padded `base64`"
    ).defaulting(to: Self.standard.signatureEncoding)
    let keyEncoding = LanguageKey<KeyEncoding>(
        "key_encoding", .word,
        meaning: "Encoding of the secrets: `utf8` is the text itself, `base64` may be padded or not"
    ).defaulting(to: Self.standard.keyForm.encoding)
    let signatureSplit = LanguageKey(
        "signature_split", .text("one ASCII character", matching: "^[ -~]$"), absent: "the value is one signature",
        examples: [","],
        meaning:
            "Character between several signatures, such as `\",\"`, `\";\"` or `\" \"`. Repeated header lines then "
            + "also count as several values")
    let keyStripPrefix = LanguageKey(
        "key_strip_prefix", .text, absent: "none", examples: ["whsec_"],
        meaning: "Prefix that is removed from the secrets before decoding, if present, such as `whsec_`")
    let timestampFrom = LanguageKey(
        "timestamp_from", .signaturePart, absent: "no timestamp", examples: ["${header.X-Timestamp}"],
        meaning: "Location of the request's timestamp, as for `signature_from`")
    let timestampPrefix = LanguageKey(
        "timestamp_prefix", .filledText, absent: "none", examples: ["t="],
        meaning: "The timestamp is the entry with this prefix, such as `\"t=\"`; the value is split like signatures")
    let timestampFormat = LanguageKey<TimestampFormat>(
        "timestamp_format", .word,
        meaning: "Format of the timestamp: whole seconds or milliseconds since 1970, or RFC 3339"
    ).defaulting(to: Self.standard.timestampFormat)
    let tolerance = LanguageKey(
        "tolerance", .duration(in: .zero ... .seconds(86_400)),
        meaning:
            "Maximum difference between the timestamp and the gateway's clock, in both directions; 0 means no limit"
    ).defaulting(to: Self.standard.tolerance)
    let idFrom = LanguageKey(
        "id_from", .signaturePart, absent: "no id", examples: ["${header.X-Id}"],
        meaning: "Location of the id that `${id}` refers to, as for `signature_from`")
    let idPattern = LanguageKey(
        "id_pattern", .idPattern, default: .text(IDPattern.standardText),
        meaning: "Valid ids: a set of ASCII characters and a length, such as `[0-9a-f-]{36}`")
    let signed = LanguageKey(
        "signed",
        .text(
            "a text with references",
            [
                "type": "string",
                "allOf": [
                    ["pattern": .text(ReferencePattern.isHeld)], ["pattern": .text(ReferencePattern.signedText)],
                ],
            ]),
        default: .text(Self.standard.signed), examples: ["${timestamp}.${body}"],
        meaning: "The text that is [signed](#what-is-signed)")

    /// What `verify` has to say where no provider says it.
    static var wholeScheme: JSONTree {
        let hasTimestamp = JSONTree.requiring("timestamp_from")
        let lacksTimestamp = JSONTree.keys([
            "timestamp_prefix": false, "timestamp_format": false, "tolerance": false,
        ])
        return JSONTree.requiring("alg", "signature_from")
            .adding(["allOf": [.rule(if: .not(hasTimestamp), then: lacksTimestamp)]])
    }
}

extension KeyFormat where Value == String {
    static var signaturePart: KeyFormat { text("one reference", .to(.signaturePart)) }
}

extension KeyFormat where Value == IDPattern {
    static var idPattern: KeyFormat {
        KeyFormat("a set and a length", .text(matching: SchemaPattern.idPattern)) { context, node, subject in
            guard let text = context.text(node, subject) else { return nil }
            if let pattern = IDPattern(parsing: text) { return pattern }
            context.error(
                node.position,
                "\(subject) must be a set of characters and a length of at most 256, such as "
                    + "\(IDPattern.standardText) or [0-9a-f-]{36}")
            return nil
        }
    }
}

/// The values of the keys of `verify`.
struct SignatureSettings: Sendable {
    var algorithm = SignatureAlgorithm.hmacSHA256
    var signatureFrom: String?
    var signaturePrefix = ""
    var signatureSplit: String?
    var signatureEncoding = SignatureEncoding.hex
    var keyForm = KeyForm()
    var timestampFrom: String?
    var timestampPrefix: String?
    var timestampFormat = TimestampFormat.unix
    var tolerance = Duration.seconds(300)
    var idFrom: String?
    var idPattern = IDPattern.standard
    var signed = "${body}"
}

extension SignatureSettings {
    /// Takes over what a mapping says, key by key.
    mutating func take(_ reader: MappingReader<VerifyKeys>) {
        algorithm = reader.read(\.alg) ?? algorithm
        signatureFrom = reader.read(\.signatureFrom) ?? signatureFrom
        signaturePrefix = reader.read(\.signaturePrefix) ?? signaturePrefix
        signatureSplit = reader.read(\.signatureSplit) ?? signatureSplit
        signatureEncoding = reader.written(\.signatureEncoding) ?? signatureEncoding
        keyForm.encoding = reader.written(\.keyEncoding) ?? keyForm.encoding
        keyForm.prefix = reader.read(\.keyStripPrefix) ?? keyForm.prefix
        timestampFrom = reader.read(\.timestampFrom) ?? timestampFrom
        timestampPrefix = reader.read(\.timestampPrefix) ?? timestampPrefix
        timestampFormat = reader.written(\.timestampFormat) ?? timestampFormat
        tolerance = reader.written(\.tolerance) ?? tolerance
        idFrom = reader.read(\.idFrom) ?? idFrom
        idPattern = reader.read(\.idPattern) ?? idPattern
        signed = reader.read(\.signed) ?? signed
    }
}

/// The keys of a secret, of which it has one. `SecretReader` fetches what they name.
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
