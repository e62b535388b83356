internal import SluiceBase

/// The kinds of a routes folder, read for their own sake: what the routes say is not looked at, and no secret is needed.
package struct DeclaredKinds {
    /// What is wrong with the kinds, with a file's form, or with the reading of the folder; sorted by file, line and column.
    package let problems: [RouteProblem]
    /// By name, byte for byte.
    private let kinds: [JobKind]

    /// - Parameter readingProblems: what went wrong while the files were read.
    package init(_ files: [RouteFile], readingProblems: [RouteProblem] = []) {
        var compiler = RouteCompiler(secretFiles: SecretFiles(folder: "."), environment: [:], options: RouteOptions())
        kinds = compiler.kinds(of: files).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        problems = (readingProblems + compiler.log.problems).sorted()
    }

    /// How many there are.
    package var count: Int { kinds.count }

    /// The types of the kinds' payloads as a source file, the same for the same kinds.
    ///
    /// - Throws: two kinds whose names come out as one, of which one has to be renamed.
    package func source(in language: KindLanguage) throws(KindNameClash) -> String {
        let named = try NamedKind.all(kinds)
        return switch language {
        case .swift: SwiftKinds.source(of: named)
        case .typescript: TypeScriptKinds.source(of: named)
        case .python: PythonKinds.source(of: named)
        case .rust: RustKinds.source(of: named)
        }
    }
}

/// The languages in which `sluice kinds` writes types.
package enum KindLanguage: String, CaseIterable, Sendable {
    case swift
    case typescript
    case python
    case rust
}

/// Kinds whose names differ in nothing that a type's name has: `order-paid` and `order_paid`.
package struct KindNameClash: Error, Sendable {
    /// At the second of each two kinds.
    package let problems: [RouteProblem]
}
