internal import SluiceRouteFiles
internal import SluiceRoutes

/// Names of types, in UpperCamelCase.
enum TypeName {
    /// Names that generated files use or that some language reserves, and frequent names of programs, which a type of
    /// the same name would hide.
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

    /// Declarations of the Swift client, which a worker uses together with the generated types.
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

    /// `order_paid` becomes `OrderPaid`, `2fast` `Job2fast`, and `string` `StringJob`, because `String` is taken.
    static func ofKind(_ name: String) -> String {
        let camel = camelCase(name)
        if camel.isEmpty { return "UnnamedJob" }
        guard camel.unicodeScalars.first?.properties.isXIDStart == true else { return "Job" + camel }
        return isTaken(camel) ? camel + "Job" : camel
    }

    /// The type name for a field with an object: `Pusher` for `pusher`.
    ///
    /// - Parameter known: names that are taken, which are avoided with a number.
    static func ofField(_ name: String, besides known: Set<String>) -> String {
        var camel = camelCase(name)
        if camel.unicodeScalars.first?.properties.isXIDStart != true { camel = "Field" + camel }
        if isTaken(camel) { camel += "Fields" }
        return unique(camel, besides: known)
    }

    /// The name itself, or the first unused one of `name2`, `name3` and so on.
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

/// The parts of a text that can be in an identifier (Unicode TR 31; Swift and TypeScript allow more).
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
