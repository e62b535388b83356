internal import SluiceBase
internal import SluiceJSON
package import SluiceRouteFiles
internal import SluiceRoutes

/// The kinds declared in the route files of a folder. Routes are not read, and no secret is needed.
package struct DeclaredKinds {
    /// Problems of the kinds, of a file's syntax, or of reading the folder; sorted by file, line and column.
    package let problems: [Diagnostic]
    /// By name, byte for byte.
    private let kinds: [JobKind]

    /// - Parameter readingProblems: problems of reading the files.
    package init(_ files: [RouteFile], readingProblems: [Diagnostic] = []) {
        var compiler = RouteCompiler(secretFiles: SecretFiles(folder: "."), environment: [:], options: RouteOptions())
        kinds = compiler.kinds(of: files).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        problems = (readingProblems + compiler.log.problems).sorted()
    }

    /// The number of kinds.
    package var count: Int { kinds.count }

    /// The types of the kinds' payloads as one document, deterministic.
    ///
    /// - Throws: `KindNameError` if two kinds would have the same type name, so that one of them must be renamed.
    package func source(in language: KindLanguage) throws(KindNameError) -> String {
        let named = kinds.map { NamedKind($0) }
        try refuseClashes(named)
        return switch language {
        case .swift: SwiftKinds.source(of: named)
        case .typescript: TypeScriptKinds.source(of: named)
        case .jsonSchema: JSONSchemaKinds.source(of: named)
        }
    }

    private func refuseClashes(_ named: [NamedKind]) throws(KindNameError) {
        var problems: [Diagnostic] = []
        var first: [String: JobKind] = [:]
        for (kind, type) in zip(kinds, named.map(\.typeName)) {
            guard let other = first.updateValue(first[type] ?? kind, forKey: type) else { continue }
            let names = "'\(PrintableText.escape(other.name))' and '\(PrintableText.escape(kind.name))'"
            problems.append(
                kind.location.problem(.error, "the kinds \(names) would both be the type \(type); rename one of them"))
        }
        guard problems.isEmpty else { throw KindNameError(problems: problems.sorted()) }
    }
}

/// An output format of `sluice kinds`.
package enum KindLanguage: String, CaseIterable, Sendable {
    case swift
    case typescript
    case jsonSchema = "json-schema"
}

/// The error of kinds with the same type name: `order-paid` and `order_paid`.
package struct KindNameError: Error, Sendable {
    /// One problem for the second kind of each pair.
    package let problems: [Diagnostic]
}

/// A kind with the names for all languages.
struct NamedKind {
    let name: String
    /// The name of its type, the same in each language.
    let typeName: String
    /// Any JSON if the kind has no payload type.
    let payload: PayloadType
    let queue: String
    /// An object with the options of its jobs except type, payload and unique key, with Zizq's names.
    let options: JSONTree

    init(_ kind: JobKind) {
        let options = kind.options
        let queue = options.queue?.constant ?? "default"
        name = kind.name
        typeName = TypeName.ofKind(kind.name)
        payload = kind.payload ?? PayloadType(shape: .any, isOptional: false)
        self.queue = queue
        self.options = .object([
            "queue": .text(queue), "priority": options.priority?.constant.map { .number($0) },
            "retry_limit": options.retryLimit?.tree, "backoff": options.backoff?.tree,
            "retention": options.retention?.tree,
            "batch": options.batch?.constant.flatMap { JobOption.batch($0).tree },
            "budgets": options.budgets?.tree,
            "unique_while": options.uniqueWhile.map { .text($0.rawValue) },
        ])
    }

    /// A sentence that fits on one line in each language.
    var summary: String {
        let (name, queue) = (PrintableText.escape(name), PrintableText.escape(queue))
        return "The payload of jobs of the type `\(name)`, on the queue `\(queue)`."
    }
}
