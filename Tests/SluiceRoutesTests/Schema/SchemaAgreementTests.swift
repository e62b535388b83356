import Foundation
import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import SluiceYAML
import Testing

/// The schema is never stricter than the compiler, and reads references as it does.
@Suite(.serialized) struct SchemaAgreementTests {
    @Test("a good file that compiles with something in it changed is one that the schema takes", arguments: 0..<4)
    func changes(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let roots = try CorpusFile.good.map {
            try #require(YAMLDocument.parse(Array($0.text.utf8), file: $0.name).root)
        }
        let pool =
            roots.flatMap(\.nodes)
            + Self.odd.map { YAMLNode(position: YAMLPosition(line: 1, column: 1), content: .scalar($0)) }
        var compiling: [CorpusFile] = []
        for round in 0..<400 {
            var root = try #require(roots.randomElement(using: &random))
            var target = Int.random(in: 1..<root.nodes.count, using: &random)
            let other = try #require(pool.randomElement(using: &random))
            root = root.changed(at: &target, Bool.random(using: &random) ? other : nil)
            let file = CorpusFile(name: "seed \(seed), round \(round)", text: root.json)
            if file.compile().problems.isEmpty { compiling.append(file) }
        }
        #expect(compiling.count >= 40)
        let answer = try CorpusFile.check(compiling)
        for file in compiling { #expect(answer.verdicts[file.name]?.mistakes.map(\.description) == [], "\(file.text)") }
    }

    /// Scalars that are at the edge of something.
    private static let odd: [YAMLScalar] =
        ["", "0", "1", "-1", "65535", "4294967295", "1.5", "1e-7", "true", "null", "1764057600000"].map {
            YAMLScalar(text: $0, style: .plain)
        }
        + [
            "", " ", "0", "1s", "00d", "1024", "1KiB", "a", "/", "/a//", "/...", "$", "$${", "$$${", "a,b", "ü",
            "1764057600000", "::",
        ].map {
            YAMLScalar(text: $0, style: .doubleQuoted)
        }

    @Test("a text is one that the schema takes just if its references can be read", arguments: 0..<4)
    func references(seed: Int) throws {
        let expression = try NSRegularExpression(pattern: try Self.textPattern())
        var random = SeededRandom(seed: UInt64(seed))
        var fine = 0
        for _ in 0..<1000 {
            var text = Bool.random(using: &random) ? "" : "${"
            for _ in 0..<Int.random(in: 1...7, using: &random) {
                text += Self.pieces.randomElement(using: &random) ?? ""
            }
            if Bool.random(using: &random) { text += "}" }
            let compiles = Self.compiles(text)
            let whole = NSRange(text.startIndex..., in: text)
            #expect((expression.firstMatch(in: text, range: whole) != nil) == compiles, "\(text)")
            if compiles, text.contains("${") { fine += 1 }
        }
        #expect(fine >= 100)
    }

    private static let pieces = [
        "${", "}", "$", "$${", "{", "body", "item", "header.X-A", "headers", "query", "param", ".p", ".a", ".", "[0]",
        "[01]", "[", "]",
        ".a[\"a.b\"]", "[\"p\"]", "sha256.", "sha256.body", "delivery", ".id", ".received_ms", "[\"id\"]", "event",
        "index", "route",
        "method",
        "url", " ", " ?? ", "??", "\"t}\"", "5", "-0.5e+3", "null", "true", "x", "${body.a}", "${header.A ?? \"b\"}",
    ]

    /// In a route in which every reference means something.
    private static func compiles(_ text: String) -> Bool {
        let scalar = YAMLScalar(text: text, style: .doubleQuoted)
        let quoted = YAMLNode(position: YAMLPosition(line: 1, column: 1), content: .scalar(scalar)).json
        let file = """
            routes:
              - path: /a/{p}/{a}/{id}/{received_ms}
                verify: none
                public_url: https://hooks.example.com
                event: ${method}
                each: lines
                jobs:
                  - type: t
                    payload: \(quoted)
            """
        return compile([("r.yaml", file)]).problems.isEmpty
    }

    private static func textPattern() throws -> String {
        let root = try JSONSerialization.jsonObject(with: Data(RouteSchema.document.utf8)) as? [String: Any]
        let text = (root?["$defs"] as? [String: Any])?["text"] as? [String: Any]
        return try #require(text?["pattern"] as? String)
    }
}

extension YAMLNode {
    /// The value and all that it holds, in the order of the file.
    fileprivate var nodes: [YAMLNode] {
        switch content {
        case .scalar: [self]
        case .sequence(let elements): [self] + elements.flatMap(\.nodes)
        case .mapping(let entries): [self] + entries.flatMap(\.value.nodes)
        }
    }

    /// The value with one of its `nodes` replaced by another, or taken out with its key.
    ///
    /// - Parameter target: which one, counted from 0; below 0 once it has been passed.
    fileprivate func changed(at target: inout Int, _ other: YAMLNode?) -> YAMLNode {
        target -= 1
        let content: Content
        switch self.content {
        case .scalar: return self
        case .sequence(let elements):
            content = .sequence(elements.compactMap { $0.kept(at: &target, other) })
        case .mapping(let entries):
            content = .mapping(
                entries.compactMap { entry in
                    entry.value.kept(at: &target, other).map {
                        YAMLEntry(key: entry.key, position: entry.position, value: $0)
                    }
                })
        }
        return YAMLNode(position: position, content: content)
    }

    private func kept(at target: inout Int, _ other: YAMLNode?) -> YAMLNode? {
        guard target != 0 else {
            target = -1
            return other
        }
        return target < 0 ? self : changed(at: &target, other)
    }
}
