internal import SluiceBase
internal import SluiceRouteFiles
internal import SluiceRoutes

/// The closed sets of words of the language.
enum SchemaWords {
    static let bodies = words(BodyKind.self)
    static let onUnreadable = words(UnreadablePolicy.self)
    static let onMismatch = words(MismatchPolicy.self)
    static let missingKey = words(MissingKeyPolicy.self)
    static let changedBody = words(ChangedBodyPolicy.self)
    static let match = words(MatchPolicy.self)
    static let otherwise = words(OtherwisePolicy.self)
    static let uniqueWhile = words(UniqueWhile.self)
    static let budgetStrategy = words(BudgetReader.Strategy.self)
    static let signatureEncoding = words(SignatureEncoding.self)
    static let keyEncoding = words(KeyEncoding.self)
    static let algorithms = words(SignatureAlgorithm.self)
    static let timestampFormats = words(TimestampFormat.self)
    /// Each with `?` behind it for what may be absent.
    static let payloadTypes = ["string", "integer", "number", "boolean", "object", "array", "any"].flatMap {
        [$0, "\($0)?"]
    }
    static let errorCodes = words(ErrorCode.self)
    static let deadLetterReasons = words(DeadLetterReason.self)

    private static func words<Word: RawRepresentable<String> & CaseIterable>(_ type: Word.Type) -> [String] {
        Word.allCases.map(\.rawValue)
    }
}
