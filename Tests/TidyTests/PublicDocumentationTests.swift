import Testing

/// The public declarations of the library Zizq are documented.
///
/// - Everything public has a doc comment: types, functions, initialisers, properties, operators, cases of public enums,
///   requirements of public protocols.
/// - Every public type and every public function has an example in its comment, in a block of Swift. `ZizqPackageTests`
///   compiles them.
/// - No example of its own needs what is shown by another's: a type inside a type, and initialisers and properties, by
///   their type's; an operator, and a function that a protocol asks for (`witnesses`), by the use of that protocol.
@Suite(.serialized) struct PublicDocumentationTests {
    private static let library = SourceTree.sources.filter { $0.module == "Zizq" }

    /// Functions that are called by the language or by a protocol's other side.
    private static let witnesses: Set = ["makeAsyncIterator", "next", "hash", "write"]

    private static func needsExample(_ declaration: PublicDeclaration) -> Bool {
        if declaration.isType { return !declaration.isNested }
        guard declaration.kind == "func", let first = declaration.name.first else { return false }
        return (first.isLetter || first == "`") && !witnesses.contains(declaration.name)
    }

    @Test("everything public has a doc comment", arguments: library)
    func comments(file: SwiftFile) {
        for declaration in PublicDeclarationFinder.declarations(in: file) {
            #expect(
                !declaration.comment.isEmpty,
                "\(file.path):\(declaration.line): say what '\(declaration.name)' is, in a '///' comment")
        }
    }

    @Test("every public type and function has an example in its comment", arguments: library)
    func examples(file: SwiftFile) {
        for declaration in PublicDeclarationFinder.declarations(in: file) where Self.needsExample(declaration) {
            #expect(
                declaration.hasExample,
                "\(file.path):\(declaration.line): show how '\(declaration.name)' is used, in a block of '```swift'"
            )
        }
    }

    @Test("declarations are found in all their forms")
    func finds() {
        let text = """
            /// A type.
            ///
            /// ```swift
            /// let one = One()
            /// ```
            public struct One: Sendable {
                @available(*, deprecated)
                public private(set) var count = 0, hidden = { case 1 }
                /// Calls.
                @discardableResult
                public static func call(_ one: Int) -> Int { switch one { case 1: 2 default: 3 } }
                func hidden() {}
                public enum Inner { case first
                    /// The second.
                    case second
                }
            }
            public protocol Two {
                static var name: String { get }
            }
            enum Hidden {
                case first
            }
            extension One {
                public init?(_ text: String) { nil }
                public static func < (one: One, other: One) -> Bool { true }
            }
            """
        let found = PublicDeclarationFinder.declarations(
            in: SwiftFile(TextFile(path: "Sources/Zizq/X.swift", text: text)))
        #expect(
            found.map { "\($0.kind) \($0.name)" } == [
                "struct One", "var count", "func call", "enum Inner", "case second", "protocol Two", "var name",
                "init ?", "func <",
            ])
        #expect(found.map(\.comment.count) == [5, 0, 1, 0, 1, 0, 0, 0, 0])
        #expect(found.map(\.hasExample) == [true] + Array(repeating: false, count: 8))
        #expect(found.map(\.isNested) == [false, true, true, true, true, false, true, false, false])
        #expect(Self.library.flatMap { PublicDeclarationFinder.declarations(in: $0) }.count > 200)
    }
}
