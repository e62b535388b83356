internal import SluiceBase
internal import SluiceJSON
package import SluiceRouteFiles
internal import SluiceRoutes
internal import SluiceYAML

/// The result of a request, for comparison with an example's expectation.
struct ExampleJudgement {
    private let outcome: RouteOutcome
    private let deliveryID: String
    private let stored: DryRunKeys.Stored
    private let reply: RouteReply?

    /// - Parameter store: returns the stored parts of a delivery; called at most once.
    init(_ outcome: RouteOutcome, deliveryID: String, store: (Delivery) -> DryRunKeys.Stored) {
        self.outcome = outcome
        self.deliveryID = deliveryID
        guard case .store(let delivery, _) = outcome else {
            (stored, reply) = (DryRunKeys.Stored(), outcome.reply)
            return
        }
        let stored = store(delivery)
        self.stored = stored
        let own = outcome.reply ?? .standard
        reply = stored.duplicateOf.map { own.naming($0.deliveryID, insteadOf: deliveryID) } ?? own
    }

    /// The outcome, for people.
    var words: String {
        switch outcome {
        case .refused, .rateLimited, .tooLargeForThread, .needsKey:
            guard let (code, reason) = outcome.refusal else { return "" }
            return "refused as \(code.rawValue) (\(code.httpStatus)): \(reason)"
        case .acknowledged(_, let reason): return "ignored, because \(reason.words)"
        case .handshake(let reply, let refusal):
            return refusal.map { "a handshake refused with \(reply.status): \($0)" }
                ?? "a handshake, answered with \(reply.status)"
        case .learns(_, let reply): return "a handshake with a secret, answered with \(reply.status)"
        case .call(let url, let reply):
            return "a handshake, answered with \(reply.status) after a call to \(url.shown)"
        case .store(let delivery, _):
            if let first = stored.duplicateOf { return "a duplicate of '\(PrintableText.escape(first.name))'" }
            let jobs = TraceWords.count(stored.jobs.count, "job")
            guard !stored.deadLetters.isEmpty else { return "stored as \(jobs)" }
            let letters = Self.deadLetters(stored.deadLetters.map(\.reason.rawValue))
            let detail = delivery.deadLetters.first.map { ": \(PrintableText.escape($0.detail))" } ?? ""
            return "stored as \(stored.jobs.isEmpty ? "" : "\(jobs) and ")\(letters)\(detail)"
        }
    }

    private static func deadLetters(_ reasons: [String]) -> String {
        let shown = reasons.prefix(3).joined(separator: ", ") + (reasons.count > 3 ? ", …" : "")
        return "\(TraceWords.count(reasons.count, "dead letter")) (\(shown))"
    }

    /// Dead letters are also answered 2xx, which may be unexpected for someone who expects 200.
    func unexpectedResult(besides expectation: Expectation) -> String? {
        guard expectation.deadLetters == nil, !stored.deadLetters.isEmpty else { return nil }
        return "is \(words); if this is intended, add 'dead_letters' to its 'expect'"
    }
}

extension ExampleJudgement {
    /// The differences from the expectation, in the order of the keys.
    func differences(from expectation: Expectation) -> [ExampleDifference] {
        var differences: [ExampleDifference] = []
        differences.compare("status", expectation.status, with: outcome.status)
        differences.compare("duplicate", expectation.duplicate, with: stored.duplicateOf != nil)
        differences.compare("handshake", expectation.handshake, with: isHandshake)
        compareRefusal(expectation, &differences)
        guard refusal == nil else { return differences }
        if let jobs = expectation.jobs { compare(jobs, &differences) }
        if let letters = expectation.deadLetters { compare(letters, &differences) }
        compareReply(expectation, &differences)
        return differences
    }

    private var isHandshake: Bool {
        switch outcome {
        case .handshake(_, nil), .learns, .call: true
        default: false
        }
    }

    private var refusal: ErrorCode? { outcome.refusal?.code }

    /// An unexpected refusal, by code or by status, is always a difference: all other expectations do not apply.
    private func compareRefusal(_ expectation: Expectation, _ differences: inout [ExampleDifference]) {
        if let refused = expectation.refused {
            guard refused.value != refusal else { return }
            differences.add("refused", refused.location, expected: refused.value.rawValue, found: refusal?.rawValue)
        } else if let refusal, (expectation.status?.value ?? 0) < 300 {
            differences.add("refused", expectation.location, expected: nil, found: refusal.rawValue)
        } else if refusal != nil, let location = expectation.locationOfContent {
            differences.add("the delivery", location, expected: "(accepted)", found: "(refused)")
        }
    }

    private func compare(_ jobs: Expected<[ExpectedJob]>, _ differences: inout [ExampleDifference]) {
        let found = stored.jobs.map(\.tree)
        for index in 0..<max(jobs.value.count, found.count) {
            let what = "jobs[\(index)]"
            guard index < jobs.value.count else {
                differences.add(what, jobs.location, expected: nil, found: found[index]?.json ?? "")
                continue
            }
            let job = jobs.value[index]
            guard index < found.count else {
                differences.add(what, job.location, expected: job.json, found: nil)
                continue
            }
            for field in job.fields {
                field.value.compare(found[index]?[field.name], "\(what).\(field.name)", into: &differences)
            }
        }
    }

    private func compare(_ letters: Expected<Expectation.DeadLetters>, _ differences: inout [ExampleDifference]) {
        let found = stored.deadLetters.map(\.reason.rawValue)
        let expected: String
        switch letters.value {
        case .count(let count):
            if count == found.count { return }
            expected = String(count)
        case .reasons(let reasons):
            if reasons.map(\.rawValue) == found { return }
            expected = "[\(reasons.map(\.rawValue).joined(separator: ", "))]"
        }
        differences.add(
            "dead_letters", letters.location, expected: expected, found: "[\(found.joined(separator: ", "))]")
    }

    private func compareReply(_ expectation: Expectation, _ differences: inout [ExampleDifference]) {
        guard let reply else { return }
        var headers = reply.headers.map { (name: HeaderName($0.name), value: $0.value) }
        if reply.body == nil { headers.append((name: "content-type", value: DeliveryDocument.contentType)) }
        for (name, value) in expectation.replyHeaders {
            let found = headers.first { $0.name == name }?.value
            guard found != value.value else { continue }
            differences.add(
                "reply.headers.\(name)", value.location, expected: JSONTree.text(value.value).json,
                found: found.map { JSONTree.text($0).json })
        }
        guard let body = expectation.replyBody else { return }
        let bytes = reply.body ?? document
        // A text is the whole body; anything else is compared with the body as JSON.
        let found =
            if case .text = body.tree { JSONTree.text(String(decoding: bytes, as: UTF8.self)) } else { JSONTree(bytes) }
        body.compare(found ?? .text(String(decoding: bytes, as: UTF8.self)), "reply.body", into: &differences)
    }

    /// The gateway's own answer.
    private var document: [UInt8] {
        if let first = stored.duplicateOf { return DeliveryDocument.body(id: first.deliveryID, .duplicate) }
        return stored.document(id: deliveryID)
    }
}

extension [ExampleDifference] {
    /// - Parameters:
    ///   - expected: `nil` for nothing.
    ///   - found: `nil` for nothing.
    fileprivate mutating func add(_ what: String, _ location: SourceLocation, expected: String?, found: String?) {
        let nothing = ExampleDifference.nothing
        append(
            ExampleDifference(what: what, location: location, expected: expected ?? nothing, found: found ?? nothing))
    }

    /// Adds a difference if another value was expected.
    fileprivate mutating func compare<Value: Equatable>(_ what: String, _ wanted: Expected<Value>?, with found: Value) {
        guard let wanted, wanted.value != found else { return }
        add(what, wanted.location, expected: "\(wanted.value)", found: "\(found)")
    }
}

extension ExpectedJob {
    /// The expectation as JSON.
    fileprivate var json: String {
        JSONTree.object(fields.map { JSONTree.Member(key: $0.name, value: $0.value.tree) }).json
    }
}

extension Expectation {
    /// The location of an expectation that only an accepted delivery can meet.
    fileprivate var locationOfContent: SourceLocation? {
        if let jobs, !jobs.value.isEmpty { return jobs.location }
        return replyHeaders.first?.value.location ?? replyBody?.location
    }
}

/// The result of one example.
package struct ExampleResult: Sendable {
    package let route: String
    package let name: String
    /// The location of the example.
    let location: SourceLocation
    /// The result, for people: `stored as 1 job`, `refused as signature_missing: …`.
    package internal(set) var outcome = ""
    /// Why it could not be sent, and the location.
    var obstacle: (message: String, location: SourceLocation)?
    /// Empty if the result is as expected.
    package internal(set) var differences: [ExampleDifference] = []
    /// A sentence about an additional result that the example does not mention.
    var unexpectedResult: String?

    init(_ example: RouteExample, of route: Route) {
        self.route = route.name
        name = example.name
        location = example.location
    }

    /// Whether the result is as expected.
    package var isAsExpected: Bool { obstacle == nil && differences.isEmpty }

    /// `the example 'a push' of the route 'github'`
    private var title: String {
        "the example '\(PrintableText.escape(name))' of the route '\(PrintableText.escape(route))'"
    }

    /// The problem to report; `nil` if there is none.
    package var problem: Diagnostic? {
        if let obstacle { return obstacle.location.problem(.error, "\(title) cannot be run: \(obstacle.message)") }
        if let first = differences.first {
            return first.location.problem(.error, "\(title) has an unexpected result: it is \(outcome)")
        }
        return unexpectedResult.map { location.problem(.warning, "\(title) \($0)") }
    }
}
