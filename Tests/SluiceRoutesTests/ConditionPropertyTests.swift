import Foundation
import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Random conditions over random deliveries.
@Suite(.serialized) struct ConditionPropertyTests {
    /// A delivery, and what references name in it.
    private struct Delivery {
        let request: TestRequest
        let value: (SlowCondition.Subject) -> SlowCondition.Found

        init(_ random: inout SeededRandom, isForm: Bool) {
            let (header, parameter) = (RandomCondition.untyped(&random), RandomCondition.untyped(&random))
            let query = parameter.map { "?q=" + Self.escaped($0) } ?? ""
            let headers = header.map { [(name: "x-a", value: $0)] } ?? []
            let (body, value) = isForm ? Self.form(&random) : Self.json(&random)
            let type = [
                (name: "Content-Type", value: isForm ? "application/x-www-form-urlencoded" : "application/json")
            ]
            request = TestRequest(body, target: "/hook" + query, headers: headers + type)
            self.value = { subject in
                switch subject {
                case .a: value(["a"])
                case .deeper: value(["b", "a"])
                case .header: header.map { .untyped($0) } ?? .absent
                case .query: parameter.map { .untyped($0) } ?? .absent
                }
            }
        }

        private static func json(_ random: inout SeededRandom) -> (
            body: String, value: ([String]) -> SlowCondition.Found
        ) {
            let body = "{\"a\":\(RandomCondition.json(&random)),\"b\":{\"a\":\(RandomCondition.json(&random))}}"
            let json = SlowJSON.parse(body)
            return (body, { path in json.value(at: path).map { .json($0) } ?? .absent })
        }

        private static func form(_ random: inout SeededRandom) -> (
            body: String, value: ([String]) -> SlowCondition.Found
        ) {
            var texts: [String] = []
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                if let text = RandomCondition.untyped(&random) { texts.append(text) }
            }
            let body = texts.map { "a=\(escaped($0))&" }.joined() + "b=1"
            let found: SlowCondition.Found =
                texts.count > 1 ? .repeated(texts) : texts.first.map { .untyped($0) } ?? .absent
            return (body, { $0 == ["a"] ? found : .absent })
        }

        private static func escaped(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
    }

    private func rule(_ conditions: [SlowCondition]) throws -> Route {
        try route(openRoute("otherwise: ignore", rule: "when: \(SlowCondition.mapping(conditions))"))
    }

    @Test(
        "a rule matches according to the page about conditions, for any conditions and delivery", arguments: 0..<60)
    func agrees(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<10 {
            let conditions = RandomCondition.list(&random, depth: 3)
            let route = try rule(conditions)
            for _ in 0..<30 {
                let delivery = Delivery(&random, isForm: Int.random(in: 0..<3, using: &random) == 0)
                let expected = conditions.allSatisfy { $0.holds(delivery.value) }
                let holds = delivery.request.processed(by: route).summary == "stored"
                #expect(
                    holds == expected,
                    "\(SlowCondition.mapping(conditions)) over \(String(decoding: delivery.request.body, as: UTF8.self))"
                )
            }
        }
    }

    @Test("a warning that a rule is never reached is true", arguments: 0..<10)
    func warnings(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed) + 1000)
        let isJSON = seed.isMultiple(of: 2)
        let deliveries = (0..<300).map { Delivery(&random, isForm: !isJSON && $0.isMultiple(of: 2)) }
        let body = isJSON ? "json" : "auto"
        let head = "routes:\n- path: /a\n  verify: none\n  body: \(body)\n  otherwise: ignore\n  jobs:\n"
        var taken = 0
        for _ in 0..<20 {
            let rules = (0..<20).map { _ in RandomCondition.list(&random, depth: 1) }
            let text = rules.map { "  - { when: \(SlowCondition.mapping($0)), type: t }\n" }.joined()
            for warning in compile([("r.yaml", "\(head)\(text)")]).warnings {
                guard warning.message.hasPrefix("this rule is never reached") else { continue }
                taken += 1
                let index = warning.line - 7
                for delivery in deliveries where takes(rules[index], delivery) {
                    #expect(rules[..<index].contains { takes($0, delivery) }, "\(warning): \(text)")
                }
            }
        }
        #expect(taken > 0)
    }

    private func takes(_ conditions: [SlowCondition], _ delivery: Delivery) -> Bool {
        conditions.allSatisfy { $0.holds(delivery.value) }
    }
}
