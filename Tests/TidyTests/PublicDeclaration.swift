/// A public declaration, with the comment above it.
struct PublicDeclaration: Equatable {
    /// `struct`, `func`, `case` and the like.
    let kind: String
    let name: String
    /// Counted from 1.
    let line: Int
    /// Whether it lies in another type.
    let isNested: Bool
    /// The lines of its `///` comment, without the slashes.
    let comment: [String]

    var isType: Bool { Self.types.contains(kind) }
    var hasExample: Bool { comment.contains { $0.drop { $0 == " " } == "```swift" } }

    static let types: Set = ["struct", "class", "enum", "protocol", "actor"]
}

/// Finds what is `public` in a Swift file, with the cases of public enums and the requirements of public protocols,
/// which are as their type is.
enum PublicDeclarationFinder {
    /// What a brace has opened.
    private struct Scope {
        /// The type, where it is one.
        let kind: String?
        let isPublic: Bool
    }

    static func declarations(in file: SwiftFile) -> [PublicDeclaration] {
        let lines = file.file.lines
        var scopes: [Scope] = []
        var found: [PublicDeclaration] = []
        for (index, line) in file.code.enumerated() {
            let declared = declared(in: line)
            if let declared, isPublic(declared, in: scopes.last) {
                found.append(
                    PublicDeclaration(
                        kind: declared.kind, name: declared.name, line: index + 1,
                        isNested: scopes.contains { $0.kind != nil },
                        comment: comment(above: index, in: lines)))
            }
            track(line, declared, in: &scopes)
        }
        return found
    }

    private static let keywords =
        Array(PublicDeclaration.types) + [
            "func", "var", "let", "init", "case", "typealias", "associatedtype", "subscript",
        ]

    private typealias Declared = (kind: String, name: String, saysPublic: Bool)

    private static func declared(in line: String) -> Declared? {
        // For speed: the pattern is slow, and few lines declare anything.
        guard line.hasWord(of: keywords) else { return nil }
        let pattern =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+)*((?:(?:public|package|internal|private|fileprivate|static|final|mutating|consuming|convenience|indirect|nonisolated)(?:\(set\))?\s+)*)(struct|class|enum|protocol|actor|func|var|let|init|case|typealias|associatedtype|subscript)\b\s*([-+*\/<>=]+(?=\s*\()|[^\s(<:{]*)/
        guard let match = line.firstMatch(of: pattern) else { return nil }
        return (String(match.2), String(match.3), match.1.split(separator: " ").contains("public"))
    }

    private static func isPublic(_ declared: Declared, in scope: Scope?) -> Bool {
        if declared.saysPublic { return true }
        guard let scope, scope.isPublic else { return false }
        return scope.kind == "protocol" || scope.kind == "enum" && declared.kind == "case"
    }

    /// Follows the braces of a line; the first one that opens belongs to what the line declares.
    private static func track(_ line: String, _ declared: Declared?, in scopes: inout [Scope]) {
        var type = declared.flatMap {
            PublicDeclaration.types.contains($0.kind) ? Scope(kind: $0.kind, isPublic: $0.saysPublic) : nil
        }
        for character in line {
            if character == "{" {
                scopes.append(type ?? Scope(kind: nil, isPublic: false))
                type = nil
            } else if character == "}" {
                _ = scopes.popLast()
            }
        }
    }

    /// The doc comment right above, attributes of the declaration aside.
    private static func comment(above index: Int, in lines: [Substring]) -> [String] {
        let above = lines[..<index].reversed().drop { $0.drop { $0 == " " }.hasPrefix("@") }
        let comment = above.prefix { $0.drop { $0 == " " }.hasPrefix("///") }
        return comment.reversed().map { String($0.drop { $0 == " " }.dropFirst(3)) }
    }
}
