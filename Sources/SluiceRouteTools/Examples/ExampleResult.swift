internal import SluiceBase
package import SluiceRouteFiles
internal import SluiceRoutes
internal import SluiceYAML

/// The result of one example.
package struct ExampleResult: Sendable {
    package let route: String
    package let name: String
    /// Where the example stands.
    let place: SourceLocation
    /// The result, for a person: `stored as 1 job`, `refused as signature_missing: …`.
    package internal(set) var outcome = ""
    /// Why it could not be sent at all, and where that is said.
    var obstacle: (message: String, place: SourceLocation)?
    /// Empty where all is as expected.
    package internal(set) var differences: [ExampleDifference] = []
    /// A sentence about what came out besides, and that the example says nothing of.
    var surprise: String?

    init(_ example: RouteExample, of route: Route) {
        self.route = route.name
        name = example.name
        place = example.place
    }

    /// Whether all came out as it says.
    package var isAsExpected: Bool { obstacle == nil && differences.isEmpty }

    /// `the example 'a push' of the route 'github'`
    private var title: String {
        "the example '\(PrintableText.escape(name))' of the route '\(PrintableText.escape(route))'"
    }

    /// What to tell the author of the file; `nil` if nothing.
    package var problem: RouteProblem? {
        if let obstacle { return obstacle.place.problem(.error, "\(title) cannot be run: \(obstacle.message)") }
        if let first = differences.first {
            return first.place.problem(.error, "\(title) has an unexpected result: it is \(outcome)")
        }
        return surprise.map { place.problem(.warning, "\(title) \($0)") }
    }
}
