import Foundation
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// What `sluice kinds` prints, compared as a whole. After a change of a generator look at what
/// `WRITE_GOLDEN=1 swift test --filter GeneratedKindsTests` makes of these files.
@Suite(.serialized) struct GeneratedKindsTests {
    private static let root = #filePath.split(separator: "/").dropLast(4).map { "/\($0)" }.joined()

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(Self.root)/\(path)", encoding: .utf8)
    }

    private func kinds(_ files: (name: String, text: String)...) -> DeclaredKinds {
        DeclaredKinds(files.map { RouteFile(name: $0.name, bytes: Array($0.text.utf8)) })
    }

    @Test(
        "a file with all types, and with names that some language reserves, is printed as before",
        arguments: [
            (KindLanguage.swift, "Tests/ZizqTests/GeneratedKinds.swift"), (.typescript, "Tests/Golden/Kinds/kinds.ts"),
            (.jsonSchema, "Tests/Golden/Kinds/kinds.json"),
        ])
    func golden(language: KindLanguage, path: String) throws {
        let kinds = kinds(("kinds.yaml", try text("Tests/Golden/Kinds/kinds.yaml")))
        #expect(kinds.problems.map(\.description) == [])
        let source = try kinds.source(in: language)
        if ProcessInfo.processInfo.environment["WRITE_GOLDEN"] == "1" {
            try source.write(toFile: "\(Self.root)/\(path)", atomically: true, encoding: .utf8)
        }
        let golden = try text(path)
        let (lines, expected) = (source.components(separatedBy: "\n"), golden.components(separatedBy: "\n"))
        for (line, (one, other)) in zip(lines, expected).enumerated() where one != other {
            Issue.record("\(path):\(line + 1): '\(other)' is now '\(one)'")
            break
        }
        #expect(lines.count == expected.count)
    }

    @Test(
        "the kinds of all files are sorted by name, for any order of files and kinds", arguments: KindLanguage.allCases)
    func order(language: KindLanguage) throws {
        let (a, b, c) = (
            "  a: { payload: { x: string } }\n", "  b: { payload: { y: integer } }\n", "  c: { queue: q }\n"
        )
        let one = try kinds(("1.yaml", "kinds:\n\(a)\(b)"), ("2.yaml", "kinds:\n\(c)")).source(in: language)
        let other = try kinds(("2.yaml", "kinds:\n\(b)"), ("1.yaml", "kinds:\n\(c)\(a)")).source(in: language)
        #expect(one == other)
        #expect(one.contains("`sluice kinds --language \(language.rawValue)`"))
    }

    @Test("problems of routes, or of their secrets, do not affect the kinds")
    func routes() throws {
        let kinds = kinds(
            (
                "r.yaml",
                "kinds: { k: { payload: string } }\nroutes:\n- {pth: /a, secrets: [{env: NONE}], jobs: [{kind: l}]}\n"
            ))
        #expect(kinds.problems == [])
        #expect(kinds.count == 1)
        #expect(try kinds.source(in: .typescript).contains("export type K = string;"))
    }

    @Test("problems of kinds, and of a file's syntax, have their location")
    func problems() {
        let kinds = kinds(
            ("b.yaml", "kinds: { k: { payload: strng } }\n"), ("a.yaml", "kinds: { k: { quue: q } }\nkind: 1\n"),
            ("c.yaml", "kinds: [\n"))
        #expect(
            kinds.problems.map(\.description) == [
                "a.yaml:1:15: unknown key 'quue' in a kind; did you mean 'queue'?",
                "a.yaml:2:1: unknown key 'kind' in a route file; did you mean 'kinds'?",
                "b.yaml:1:10: the kind 'k' is already declared at a.yaml:1:10",
                "b.yaml:1:24: unknown type 'strng'; did you mean 'string'?",
                "c.yaml:2:1: invalid YAML: did not find expected node content while parsing a flow node",
            ])
    }

    @Test("two kinds whose names come out as one type are refused", arguments: KindLanguage.allCases)
    func clash(language: KindLanguage) {
        let kinds = kinds(
            ("r.yaml", "kinds:\n  order_paid: {}\n  order-paid: {}\n  other: {}\n  string: {}\n  StringJob: {}\n"))
        #expect(kinds.problems == [])
        do throws(KindNameError) {
            _ = try kinds.source(in: language)
            Issue.record("there is a source")
        } catch {
            #expect(
                error.problems.map(\.description) == [
                    "r.yaml:2:3: the kinds 'order-paid' and 'order_paid' would both be the type OrderPaid; rename "
                        + "one of them",
                    "r.yaml:5:3: the kinds 'StringJob' and 'string' would both be the type StringJob; rename one of "
                        + "them",
                ])
        }
    }

    @Test("unused declarations are not printed")
    func unused() throws {
        let kinds = kinds(("r.yaml", "kinds: { k: { payload: { a: string } } }\n"))
        #expect(try !kinds.source(in: .swift).contains("JSONValue"))
        #expect(try !kinds.source(in: .typescript).contains("JSONValue"))
    }

    @Test("a nested type is distinguished from a kind of the same name")
    func innerNames() throws {
        let kinds = kinds(
            (
                "r.yaml",
                "kinds:\n  deploy: { payload: { branch: { a: string } } }\n  deploy_branch: { payload: { b: string } "
                    + "}\n"
            ))
        #expect(try kinds.source(in: .swift).contains("    struct Branch: Codable"))
    }
}
