import Testing

/// The arrows between modules, as docs/ARCHITECTURE.md draws them: who may import whom. A module that is not listed may
/// not be imported at all.
@Suite(.serialized) struct ImportTests {
    /// The system's own modules, which all may use.
    private static let everywhere: Set<String> = ["Glibc", "Synchronization"]

    private static let allowed: [String: Set<String>] = [
        "EmbedPresets": ["Foundation", "PackagePlugin"],
        "SluiceBase": [],
        "SluiceCrypto": ["SluiceBase", "CSluiceOpenSSL"],
        "SluiceInflate": [],
        "SluiceJSON": ["SluiceBase"],
        "SluiceYAML": ["SluiceBase", "CSluiceYAML"],
        "SluiceNet": ["SluiceBase", "CSluiceOpenSSL", "CSluiceLinux", "Logging"],
        "SluiceHTTP": ["SluiceBase", "SluiceNet", "Logging"],
        "Zizq": [
            "SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceNet", "SluiceHTTP", "Logging", "FoundationEssentials",
        ],
        "DevQueue": ["SluiceBase", "SluiceJSON", "SluiceNet", "SluiceHTTP", "Logging"],
        "SluiceOutbox": ["SluiceBase", "SluiceJSON", "CSluiceSQLite", "Logging"],
        "SluiceRelay": ["SluiceBase", "SluiceJSON", "SluiceOutbox", "Zizq", "Logging"],
        "SluiceRoutes": ["SluiceBase", "SluiceCrypto", "SluiceInflate", "SluiceJSON"],
        "SluiceRouteFiles": ["SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceYAML", "SluiceRoutes"],
        "SluiceRouteTools": ["SluiceBase", "SluiceJSON", "SluiceYAML", "SluiceRoutes", "SluiceRouteFiles"],
        "SluiceGateway": [
            "SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceYAML", "SluiceNet", "SluiceHTTP", "SluiceRoutes",
            "SluiceRouteFiles", "SluiceOutbox", "SluiceRelay",
            "Zizq", "Logging", "ServiceLifecycle", "UnixSignals", "FoundationEssentials",
        ],
        "sluice": [
            "SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceRoutes", "SluiceRouteFiles", "SluiceRouteTools",
            "SluiceOutbox", "SluiceHTTP", "SluiceNet", "SluiceGateway", "DevQueue",
            "ArgumentParser", "Logging", "UnixSignals",
        ],
    ]

    private struct Import {
        let place: String
        let module: String
        /// `internal`, `package`, …; empty where none is written.
        let access: String
    }

    private static func imports(of file: SwiftFile) -> [Import] {
        file.code.enumerated().compactMap { index, line in
            guard line.hasWord(of: ["import"]) else { return nil }
            let pattern =
                /^\s*(?:@[a-zA-Z_]+\s+)*(?:(public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|func|protocol|var|let|typealias)\s+)?([A-Za-z_]+)/
            guard let match = line.firstMatch(of: pattern) else { return nil }
            return Import(
                place: "\(file.path):\(index + 1)", module: String(match.2), access: match.1.map(String.init) ?? "")
        }
    }

    @Test("every module has its row in the table of arrows")
    func everyModule() {
        #expect(Set(SourceTree.sources.map(\.module)) == Set(Self.allowed.keys))
    }

    @Test("a module imports only what the table of arrows allows", arguments: SourceTree.sources)
    func arrows(file: SwiftFile) {
        let allowed = Self.allowed[file.module, default: []].union(Self.everywhere)
        for line in Self.imports(of: file) {
            #expect(allowed.contains(line.module), "\(line.place): \(file.module) may not import \(line.module)")
        }
    }

    @Test(
        "each import has an access level, and only Zizq exposes any",
        arguments: SourceTree.sources)
    func accessLevels(file: SwiftFile) {
        for line in Self.imports(of: file) {
            #expect(!line.access.isEmpty, "\(line.place): write an access level before 'import \(line.module)'")
            #expect(
                line.access != "public" || file.module == "Zizq", "\(line.place): 'public import' is for Zizq alone")
        }
    }

    @Test("public declarations are Zizq's alone", arguments: SourceTree.sources.filter { $0.module != "Zizq" })
    func publicDeclarations(file: SwiftFile) {
        for (index, line) in file.code.enumerated() {
            guard line.hasWord(of: ["public", "open"]) else { continue }
            #expect(
                line.firstMatch(
                    of:
                        /(^|\s)(public|open)\s+(\w+\s+)*(func|var|let|struct|class|enum|protocol|init|extension|actor|typealias|subscript|import)\b/
                ) == nil, "\(file.path):\(index + 1): use 'package' across modules")
        }
    }

    @Test("the table's imports are found in all their forms")
    func pattern() {
        let file = SwiftFile(
            TextFile(
                path: "Sources/X/Y.swift",
                text:
                    "internal import A\nimport B\n@preconcurrency package import C\npublic import struct D.E\n// "
                    + "import F"
            ))
        #expect(Self.imports(of: file).map(\.module) == ["A", "B", "C", "D"])
        #expect(Self.imports(of: file).map(\.access) == ["internal", "", "package", "public"])
    }
}
