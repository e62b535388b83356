internal import SluiceBase

/// Receives the steps of a request through its route, in order.
///
/// `Route.handle` is generic over it: with `NoTrace`, for serving requests, steps are not created.
package protocol RouteTrace {
    static var isRecording: Bool { get }
    /// The route as written, for the locations of steps.
    var source: RouteSource { get }

    mutating func add(_ step: TraceStep)
    /// The following steps are about the next element of `each`.
    mutating func beginElement()
}

/// The trace for serving requests: none.
package struct NoTrace: RouteTrace {
    package static var isRecording: Bool { false }
    package var source: RouteSource { RouteSource() }

    package func add(_ step: TraceStep) {}
    package func beginElement() {}
}

/// Stores the steps for people, of many elements only the first ones.
package struct RecordedTrace: RouteTrace {
    package static var isRecording: Bool { true }
    package let source: RouteSource
    package private(set) var steps: [TraceStep] = []
    private let elementLimit: Int
    private var elements = 0

    /// - Parameter elementLimit: the maximum number of elements with steps.
    package init(_ source: RouteSource, elementLimit: Int = 20) {
        self.source = source
        self.elementLimit = elementLimit
    }

    /// Appends a step. A later result for the same check replaces the previous step.
    package mutating func add(_ step: TraceStep) {
        guard elements <= elementLimit else { return }
        if step.name == "body", steps.last?.name == "body" { steps.removeLast() }
        steps.append(step)
    }

    package mutating func beginElement() { elements += 1 }

    /// The number of elements without steps.
    package var skippedElements: Int { max(0, elements - elementLimit) }

    /// Adds a detail to the step of this name, if there is one.
    package mutating func add(_ detail: TraceStep, toStep name: String) {
        guard let index = steps.lastIndex(where: { $0.name == name }) else { return }
        steps[index].details.insert(detail, at: 0)
    }
}

/// A step of a request through its route, or a detail of one: the check, the result, and the location in the file.
package struct TraceStep: Sendable, Hashable {
    /// The route's key for the check, such as `methods`, or `signature`, `rule 1`, `job`; empty for a detail.
    package var name: String
    /// `nil` for a step without a yes or no.
    package var holds: Bool?
    /// A phrase, safe to print.
    package var text: String
    /// File, line and column.
    package var location: String?
    package var details: [TraceStep]

    package init(
        _ name: String, holds: Bool? = nil, _ text: String, at location: String? = nil, details: [TraceStep] = []
    ) {
        self.name = name
        self.holds = holds
        self.text = text
        self.location = location
        self.details = details
    }
}

/// A route as written in its file, for explanations. Serving does not use it.
package struct RouteSource: Sendable {
    /// Of the route itself; `nil` for a route without a file.
    package var location: SourceLocation?
    /// `event` as written in the route or its provider.
    package var event: String?
    /// The parts of `unique_key` as written in the route or its provider.
    package var uniqueKey: [String] = []
    /// The results of the rules, in order: kinds, types as written, and `ignore`.
    package var makes: [String] = []
    /// The keys that the route has.
    package var keys: [(name: String, location: SourceLocation)] = []

    package init() {}

    /// Keys that come from the provider if the route does not have them.
    private static let ofProvider: Set<String> = ["verify", "secrets", "unique_key", "event", "body", "body_limit"]

    /// File, line and column of the first of these keys in the route; otherwise of the provider's name, or of the
    /// route.
    package func location(of keys: String...) -> String? {
        let isOfProvider = keys.contains(where: Self.ofProvider.contains)
        let found = (isOfProvider ? keys + ["provider"] : keys).lazy.compactMap { self.location(ofKey: $0) }.first
        return (found ?? location)?.description
    }

    /// The location of a key in the route; `nil` if it does not have it.
    package func location(ofKey name: String) -> SourceLocation? { keys.first { $0.name == name }?.location }
}
