import SluiceBase
import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// The examples of a route are sent one after another, as far as their unique keys go.
@Suite(.serialized) struct ExampleKeyTests {
    private func differences(_ policy: String, _ examples: String...) throws -> [[String]] {
        let route = ExampleRoute(lines: "unique_key: ${body.id}\non_changed_body: \(policy)")
        return try route.results(examples).map { $0.differences.map { "\($0.what): \($0.expected), \($0.found)" } }
    }

    @Test("the same key is a duplicate, with any body")
    func duplicate() throws {
        let examples = [
            "body: { id: 1 }\nexpect: { duplicate: false, jobs: [{}] }",
            "body: { id: 1 }\nexpect: { duplicate: true, jobs: [] }",
            "body: { id: 1, a: 2 }\nexpect: { duplicate: true, jobs: [] }",
            "body: { id: 2 }\nexpect: { duplicate: true }",
            "body: { id: 2 }\nexpect: { duplicate: false }",
        ]
        let results = try ExampleRoute(lines: "unique_key: ${body.id}").results(examples)
        #expect(results.map(\.isAsExpected) == [true, true, true, false, false])
        #expect(results[4].outcome == "a duplicate of 'example 4'")
    }

    @Test("an example without an expectation about duplicates is tested independently")
    func unsaid() throws {
        #expect(
            try differences(
                "duplicate", "body: { id: 1 }\nexpect: { jobs: [{}] }", "body: { id: 1 }\nexpect: { jobs: [{}] }",
                "body: { id: 1 }\nexpect: { duplicate: true }") == [[], [], []])
    }

    @Test("with 'accept' another body is a job with another key, and one that came before is a duplicate")
    func accept() throws {
        #expect(
            try differences(
                "accept", "body: { id: 1 }\nexpect: { duplicate: false, jobs: [ { unique_key: 'r:1' } ] }",
                "body: { id: 1, a: 2 }\nexpect: { duplicate: false, jobs: [ { unique_key: 'r:1~1' } ] }",
                "body: { id: 1, a: 3 }\nexpect: { duplicate: false, jobs: [ { unique_key: 'r:1~2' } ] }",
                "body: { id: 1 }\nexpect: { duplicate: true }") == [[], [], [], []])
    }

    @Test("with 'dead_letter' another body leaves dead letters")
    func deadLetter() throws {
        #expect(
            try differences(
                "dead_letter", "body: { id: 1 }\nexpect: { duplicate: false, dead_letters: 0 }",
                "body: { id: 1, a: 2 }\nexpect: { duplicate: false, jobs: [], dead_letters: [changed_body] }") == [
                    [], [],
                ])
    }

    @Test("of a delivery that is new in part the new elements are stored, and two elements with one key are one job")
    func elements() throws {
        let route = ExampleRoute(
            lines: "each: ${body.a}\nunique_key: ${item}", rules: "- type: t\n  payload: '${item}'")
        #expect(
            try route.differences(
                "body: { a: [x, y, x] }\nexpect: { duplicate: false, jobs: [ { payload: x }, { payload: y } ] }",
                "body: { a: [z, y] }\nexpect: { duplicate: false, jobs: [ { payload: z } ], reply: { body: { jobs: "
                    + "1, duplicates: 1 } } }",
                "body: { a: [z, y] }\nexpect: { duplicate: true, jobs: [] }",
                "body: { a: [z, z] }\nexpect: { jobs: [ { payload: z } ] }")
                == [[], [], [], []])
    }
}
