import Testing

@testable import SluiceRouteFiles
@testable import SluiceRouteTools
@testable import SluiceRoutes

/// A route with examples, run as `sluice check` runs them.
struct ExampleRoute {
    /// Lines of the route, two levels deep.
    var lines = ""
    var path = "/hook"
    var verify = """
        verify:
          alg: hmac-sha256
          signature_from: ${header.X-Signature}
          signature_prefix: "sha256="
        secrets: [ { env: SECRET } ]
        """
    var rules = """
        - type: t
          queue: q
        """

    /// When the examples come that have no clock: 2023-11-14T22:13:20.123Z.
    static let now = TestRequest.now

    func text(_ examples: [String]) -> String {
        var text = "routes:\n  - name: r\n    path: \(path)\n"
        for line in (verify + "\n" + lines).split(separator: "\n") { text += "    \(line)\n" }
        text += "    jobs:\n"
        for line in rules.split(separator: "\n") { text += "      \(line)\n" }
        text += "    examples:\n"
        for example in examples {
            for (index, line) in example.split(separator: "\n").enumerated() {
                text += "      \(index == 0 ? "- " : "  ")\(line)\n"
            }
        }
        return text
    }

    /// - Parameter folder: where files of bodies lie.
    func results(
        _ examples: [String], folder: String = ".", sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> [ExampleResult] {
        let compilation = compile([("r.yaml", text(examples))], secrets: .throwAway)
        #expect(compilation.problems.map(\.description) == [], sourceLocation: sourceLocation)
        return compilation.runExamples(folder: folder, atMilliseconds: Self.now)
    }

    /// What is otherwise than expected, as `what: expected, found`, and what cannot be run, as `!why`.
    func differences(_ examples: String..., folder: String = ".") throws -> [[String]] {
        try results(examples, folder: folder).map { result in
            result.differences.map { "\($0.what): \($0.expected), \($0.found)" }
                + (result.obstacle.map { ["!\($0.message)"] } ?? [])
        }
    }
}
