internal import SluiceBase
internal import SluiceRoutes
internal import SluiceYAML

/// The values of the keys of `verify`, as a provider's preset or a route writes them.
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

    private static let tolerances: ClosedRange<Duration> = .zero ... .seconds(86_400)

    /// Takes over what a mapping says, key by key.
    mutating func take(_ reader: MappingReader) {
        algorithm = reader.word("alg", later: SignatureAlgorithm.later) ?? algorithm
        signatureFrom = reader.text("signature_from") ?? signatureFrom
        signaturePrefix = reader.text("signature_prefix") ?? signaturePrefix
        signatureSplit = reader.text("signature_split") ?? signatureSplit
        signatureEncoding = reader.word("signature_encoding") ?? signatureEncoding
        keyForm.encoding = reader.word("key_encoding") ?? keyForm.encoding
        keyForm.prefix = reader.text("key_strip_prefix") ?? keyForm.prefix
        timestampFrom = reader.text("timestamp_from") ?? timestampFrom
        timestampPrefix = reader.text("timestamp_prefix") ?? timestampPrefix
        timestampFormat = reader.word("timestamp_format") ?? timestampFormat
        tolerance = reader.value("tolerance") { $0.duration($1, $2, in: Self.tolerances) } ?? tolerance
        idFrom = reader.text("id_from") ?? idFrom
        idPattern = reader.value("id_pattern", Self.idPattern) ?? idPattern
        signed = reader.text("signed") ?? signed
    }

    private static func idPattern(_ context: FileContext, _ node: YAMLNode, _ subject: String) -> IDPattern? {
        guard let text = context.text(node, subject) else { return nil }
        if let pattern = IDPattern(parsing: text) { return pattern }
        context.error(
            node.position,
            "\(subject) must be a set of characters and a length of at most 256, such as \(IDPattern.standardText) or "
                + "[0-9a-f-]{36}"
        )
        return nil
    }
}
