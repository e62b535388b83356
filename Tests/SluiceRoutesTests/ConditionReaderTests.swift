import SluiceJSON
import SluiceYAML
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// What depends on the route around the conditions: elements, and whether each rule that matches counts.
@Suite(.serialized) struct ConditionReaderTests {
    private let log = ProblemLog()
    private var context: FileContext { FileContext(file: "r.yaml", log: log) }

    private func conditions(_ when: String, body: BodyKind = .json, items: JSONPath? = nil) throws -> [Condition] {
        var scope = RouteScope(context: context)
        if let items { scope.takeEach(of: items) }
        let root = try #require(YAMLDocument.parse(Array(when.utf8), file: "r.yaml").root)
        return try #require(ConditionReader(context: context, bodyKind: body).read(root, scope: &scope))
    }

    @Test(
        "an element has a type if the values around it have one",
        arguments: [
            (BodyKind.json, ["a"], "item", ValueComparison.byType), (.auto, ["a"], "item", .asFormFieldInForms),
            (.auto, ["a"], "item.x", .byType),
            (.form, ["a"], "item", .asFormField), (.form, ["payload"], "item", .byType),
            (.auto, ["payload", "a"], "item.x", .byType),
            (.form, ["a"], "index", .asText), (.form, ["a"], "sha256.item", .asText), (.json, ["a"], "event", .asText),
        ])
    func comparison(body: BodyKind, keys: [String], reference: String, expected: ValueComparison) throws {
        var scope = RouteScope(context: context)
        scope.takeEach(of: JSONPath(keys.map { .key($0) } + [.each]))
        scope.event = scope.template("${body.kind}", at: YAMLPosition(line: 1, column: 1))
        let root = try #require(YAMLDocument.parse(Array("\(reference): x".utf8), file: "r.yaml").root)
        let conditions = ConditionReader(context: context, bodyKind: body).read(root, scope: &scope)
        guard case .value(let value)? = conditions?.first else {
            Issue.record("no condition")
            return
        }
        #expect(value.comparison == expected)
    }

    @Test(
        "with match: all no rule hides another, and one for an impossible method is still a warning"
    )
    func takesAll() throws {
        for (takesAll, problems, warnings) in [(true, 0, 1), (false, 1, 2)] {
            let log = ProblemLog()
            var reachability = RuleReachability(
                context: FileContext(file: "r.yaml", log: log), takesAll: takesAll, methods: ["POST"])
            for (line, when) in ["body.a: x", "body.a: x", "method: GET"].enumerated() {
                let position = YAMLPosition(line: line + 1, column: 1)
                reachability.refuseUnreachable(at: position)
                reachability.add(try conditions(when), at: position)
            }
            reachability.add([], at: YAMLPosition(line: 4, column: 1))
            reachability.refuseUnreachable(at: YAMLPosition(line: 5, column: 1))
            #expect(log.problems.count == problems)
            #expect(log.warnings.count == warnings)
        }
    }
}
