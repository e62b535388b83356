internal import SluiceBase

/// Receives the steps of a request through its route, in their order.
///
/// `Route.handle` is generic over it: with `NoTrace`, which serves requests, nothing of a step is made.
package protocol RouteTrace {
    static var isRecording: Bool { get }
    /// How the route is written, for the places of steps.
    var source: RouteSource { get }

    mutating func add(_ step: TraceStep)
    /// The steps that follow are about one more element of `each`.
    mutating func beginElement()
}

/// The trace of requests that are served: none.
package struct NoTrace: RouteTrace {
    package static var isRecording: Bool { false }
    package var source: RouteSource { RouteSource() }

    package init() {}

    package func add(_ step: TraceStep) {}
    package func beginElement() {}
}

/// Keeps the steps for a person. Of many elements it keeps the first ones.
package struct RecordedTrace: RouteTrace {
    package static var isRecording: Bool { true }
    package let source: RouteSource
    package private(set) var steps: [TraceStep] = []
    private let elementLimit: Int
    private var elements = 0

    /// - Parameter elementLimit: for how many elements steps are kept.
    package init(_ source: RouteSource, elementLimit: Int = 20) {
        self.source = source
        self.elementLimit = elementLimit
    }

    /// Appends a step. What is found later about the same thing replaces the step before.
    package mutating func add(_ step: TraceStep) {
        guard elements <= elementLimit else { return }
        if step.name == "body", steps.last?.name == "body" { steps.removeLast() }
        steps.append(step)
    }

    package mutating func beginElement() { elements += 1 }

    /// How many elements have no steps here.
    package var skippedElements: Int { max(0, elements - elementLimit) }

    /// Adds a detail to the step of this name, if there is one.
    package mutating func add(_ detail: TraceStep, toStep name: String) {
        guard let index = steps.lastIndex(where: { $0.name == name }) else { return }
        steps[index].details.insert(detail, at: 0)
    }
}

/// One step of a request through its route, or a detail of one: what was asked, the result, and where the file says so.
package struct TraceStep: Sendable, Hashable {
    /// The key of the route that asks, such as `methods`, or `signature`, `rule 1`, `job`; empty for a detail.
    package var name: String
    /// `nil` for what is neither a yes nor a no.
    package var holds: Bool?
    /// A phrase, safe to print.
    package var text: String
    /// File, line and column.
    package var location: String?
    package var details: [TraceStep]

    package init(
        _ name: String = "", holds: Bool? = nil, _ text: String, at location: String? = nil, details: [TraceStep] = []
    ) {
        self.name = name
        self.holds = holds
        self.text = text
        self.location = location
        self.details = details
    }
}

/// How a route is written in its file, for people who ask why. Serving reads none of it.
package struct RouteSource: Sendable {
    /// Of the route itself; `nil` for a route without a file.
    package var location: SourceLocation?
    /// `event` as written, or as the provider has it.
    package var event: String?
    /// The parts of `unique_key` as written, or as the provider has them.
    package var uniqueKey: [String]
    /// What the rules make, in order: kinds, types as written, and `ignore`.
    package var makes: [String]
    /// The keys that the route has.
    package var keys: [String: SourceLocation]

    package init(
        location: SourceLocation? = nil, event: String? = nil, uniqueKey: [String] = [], makes: [String] = [],
        keys: [String: SourceLocation] = [:]
    ) {
        self.location = location
        self.event = event
        self.uniqueKey = uniqueKey
        self.makes = makes
        self.keys = keys
    }

    /// Keys that the provider answers for if the route does not have them.
    private static let ofProvider: Set<String> = ["verify", "secrets", "unique_key", "event", "body", "body_limit"]

    /// File, line and column of the first of these keys that the route has; else of the provider that answers for
    /// it, or of the route.
    package func location(of keys: String...) -> String? {
        let isOfProvider = keys.contains(where: Self.ofProvider.contains)
        let found = (isOfProvider ? keys + ["provider"] : keys).lazy.compactMap { self.keys[$0] }.first
        return (found ?? location)?.description
    }
}
