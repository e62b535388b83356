import Testing

/// The checks of this target stand on these two; what they cannot see, nobody is told of.
@Suite(.serialized) struct ScannerTests {
    @Test(
        "comments and strings are blanked, code is kept, and no line is lost",
        arguments: [
            ("let a = 1 // note {", "let a = 1"), ("/* { /* } */ { */ b", "b"),
            (#"f("{ \" } // no")"#, "f(            )"),
            (##"f(#"{ " \"#)"##, "f(          )"), (#"f("\(g("}")) {") + h"#, "f(            ) + h"),
            ("f(\"\"\"\n{\n\"\"\") + h", "f(   \n \n   ) + h"),
            (#"x = "" + y"#, "x =    + y"),
        ])
    func masking(text: String, code: String) {
        let masked = SwiftMask.mask(text)
        #expect(
            masked.split(separator: "\n").map(trimmed) == code.split(separator: "\n").map(trimmed)
                || masked.filter { $0 != " " } == code.filter { $0 != " " })
        #expect(masked.count { $0 == "\n" } == text.count { $0 == "\n" })
        #expect(masked.utf8.count == text.utf8.count)
    }

    private func trimmed(_ line: Substring) -> String { String(line.drop { $0 == " " }) }

    @Test("functions, initialisers and accessors are found with the lines that they take")
    func functions() {
        let code = """
            protocol P {
                func required() -> Int
                init(_ x: Int)
            }
            struct S {
                let stored = 1
                func one() { 1 }
                package init(
                    a: Int = { 3 }()
                ) throws
                where A: B
                {
                    if x { y }
                }
                var computed: Int {
                    get { 1 }
                }
                deinit {
                }
                subscript(i: Int) -> Int { i }
            }
            """.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(
            FunctionFinder.functions(in: code) == [
                FoundFunction(name: "one", lines: 7...7), FoundFunction(name: "init", lines: 8...14),
                FoundFunction(name: "computed", lines: 15...17), FoundFunction(name: "deinit", lines: 18...19),
                FoundFunction(name: "subscript", lines: 20...20),
            ])
    }

    @Test("the project's sources are found")
    func sources() {
        #expect(SourceTree.sources.contains { $0.path == "Sources/SluiceBase/Hex.swift" && $0.module == "SluiceBase" })
        #expect(SourceTree.tests.contains { $0.path == "Tests/TidyTests/ScannerTests.swift" })
        #expect(SourceTree.documents.contains { $0.path == "docs/ARCHITECTURE.md" })
        #expect(SourceTree.documents.contains { $0.path == "CHANGELOG.md" })
    }
}
