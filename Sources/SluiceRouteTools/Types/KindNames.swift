internal import SluiceRouteFiles
internal import SluiceRoutes

/// Names of types, in UpperCamelCase.
enum TypeName {
    /// Names that generated files use or cannot declare in some language, and names that programs use often, which a
    /// type of the same name would hide.
    static let ofLanguages: Set = [
        "Any", "Array", "Bool", "Box", "Character", "ClassVar", "Codable", "CodingKey", "CodingKeys", "Collection",
        "Comparable",
        "Data", "Date", "Decimal", "Decoder", "Deserialize", "Dict", "Double", "Duration", "Encoder", "Equatable",
        "Err", "Error",
        "Exception", "False", "Float", "Function", "Hashable", "Identifiable", "Int", "Int64", "Iterator", "JSONValue",
        "KINDS",
        "Kinds", "List", "Map", "Never", "None", "Number", "Object", "Ok", "Option", "Optional", "Promise", "Protocol",
        "Range",
        "Record", "Result", "Self", "Sendable", "Sequence", "Serialize", "Set", "Some", "String", "Swift", "Symbol",
        "Task", "True",
        "Type", "UInt16", "UInt32", "URL", "UUID", "Value", "Vec", "Void",
    ]

    /// What the Swift client declares: a worker uses it with the generated types.
    private static let ofClient: Set = [
        "AnyEnqueueable", "Backoff", "Batch", "BudgetBinding", "BudgetPolicy", "BulkEnqueue", "ChunkLimits",
        "ChunkedEnqueue",
        "ChunkedEnqueueError", "Enqueue", "Enqueueable", "EnqueuedChunk", "EnqueuedJob", "FilterBounds",
        "ImmediateJobs", "Job",
        "JobFilter", "JobKind", "JobList", "JobOrder", "JobPages", "JobStatus", "JobStream", "JobWriter",
        "LicensedFeature", "RawJob",
        "Retention", "RetryPolicy", "Timestamp", "TypedJob", "TypedJobStream", "UniqueKey", "UniqueScope", "Zizq",
        "ZizqClient",
        "ZizqConfiguration", "ZizqError",
    ]

    /// `order_paid` is `OrderPaid`, `2fast` is `Job2fast`, and `string` is `StringJob`, because `String` is taken.
    static func ofKind(_ name: String) -> String {
        let camel = camelCase(name)
        if camel.isEmpty { return "UnnamedJob" }
        guard camel.unicodeScalars.first?.properties.isXIDStart == true else { return "Job" + camel }
        return isTaken(camel) ? camel + "Job" : camel
    }

    /// What a field holds, where that is an object: `Pusher` of `pusher`.
    ///
    /// - Parameter known: names that are taken, which it avoids with a number.
    static func ofField(_ name: String, besides known: Set<String>) -> String {
        var camel = camelCase(name)
        if camel.unicodeScalars.first?.properties.isXIDStart != true { camel = "Field" + camel }
        if isTaken(camel) { camel += "Fields" }
        return unique(camel, besides: known)
    }

    /// The name itself, or the first of `name2`, `name3` and so on that is not known yet.
    static func unique(_ name: String, besides known: Set<String>, separator: String = "") -> String {
        guard known.contains(name) else { return name }
        var number = 2
        while known.contains("\(name)\(separator)\(number)") { number += 1 }
        return "\(name)\(separator)\(number)"
    }

    private static func isTaken(_ name: String) -> Bool { ofLanguages.contains(name) || ofClient.contains(name) }

    private static func camelCase(_ name: String) -> String {
        IdentifierText.words(name).map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

/// What of a text can be in an identifier (Unicode TR 31; Swift and TypeScript take more).
enum IdentifierText {
    /// The runs of letters and digits.
    static func words(_ text: String) -> [String] {
        text.unicodeScalars.split { !$0.properties.isXIDContinue || $0 == "_" }.map { String($0) }
    }

    static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first.properties.isXIDStart || first == "_" else { return false }
        return text.unicodeScalars.allSatisfy(\.properties.isXIDContinue)
    }
}
