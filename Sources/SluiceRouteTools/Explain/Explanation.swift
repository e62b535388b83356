package import SluiceBase
internal import SluiceJSON
package import SluiceRoutes

/// How a route table handles one request, step by step in the order of the gateway. A step that refuses the request is
/// the last one.
package struct Explanation: Sendable {
    /// The state of a delivery that the gateway has stored.
    package struct DeliveryState: Sendable, Hashable {
        /// The name of its route.
        package let route: String
        /// One line per job and dead letter, safe to print.
        package let lines: [String]

        package init(route: String, lines: [String]) {
            self.route = route
            self.lines = lines
        }
    }

    package internal(set) var steps: [TraceStep] = []
    /// The gateway's result if no key of the delivery was seen before.
    package internal(set) var outcome = RouteOutcome.refused(.noSuchRoute, reason: ErrorCode.noSuchRoute.title)
    /// Whether the signature could not be verified because there is no secret.
    package internal(set) var isSignatureUnknown = false
    /// The value of `${delivery.id}`.
    let deliveryID: String
    /// The location of `reply`; `nil` for a route without one.
    var replyLocation: String?

    init(deliveryID: String) { self.deliveryID = deliveryID }

    /// The code of the refusal; `nil` if the request is accepted.
    package var refusal: ErrorCode? { outcome.refusal?.code }

    /// The first step with this name.
    package func step(_ name: String) -> TraceStep? { steps.first { $0.name == name } }

    /// The parts that would be stored: the first of elements with the same key.
    var stored: DryRunKeys.Stored {
        guard case .store(let delivery, _) = outcome else { return DryRunKeys.Stored() }
        var keys = DryRunKeys()
        return keys.store(delivery, of: DryRunKeys.Sender(name: "", deliveryID: deliveryID))
    }

    /// The answer to an accepted request; `nil` for a refusal.
    var answer: (headers: [RouteReply.Header], body: [UInt8])? {
        guard let reply = outcome.reply else { return nil }
        if let body = reply.body { return (reply.headers, body) }
        let type = RouteReply.Header(name: "content-type", value: DeliveryDocument.contentType)
        return (reply.headers + [type], stored.document(id: deliveryID))
    }

    /// A short form of the result: `2 jobs and 1 dead letter`.
    package var summary: String {
        switch outcome {
        case .refused, .rateLimited, .tooLargeForThread, .needsKey: return refusal?.title ?? ""
        case .acknowledged(_, let reason): return "nothing is stored, because \(reason.words)"
        case .learns: return "a handshake with a secret, which is learnt if the route is armed"
        case .call(let url, _): return "a handshake that calls \(url.shown), nothing is stored"
        case .handshake: return refusal?.title ?? "a handshake, nothing is stored"
        case .store:
            let stored = stored
            let letters = TraceWords.count(stored.deadLetters.count, "dead letter")
            let repeated =
                stored.duplicates == 0
                ? "" : ", \(TraceWords.count(stored.duplicates, "element")) with the key of an earlier one"
            if stored.jobs.isEmpty { return "\(letters), no job\(repeated)" }
            return TraceWords.count(stored.jobs.count, "job")
                + (stored.deadLetters.isEmpty ? "" : " and \(letters)") + repeated
        }
    }

    /// The maximum number of printed dead letters of one delivery.
    private static let maximumDeadLetters = 20

    /// Adds the steps after the route: dead letters, answer and result.
    mutating func conclude(_ deliveryState: DeliveryState?) {
        if let refusal = outcome.refusal {
            let words = "\(outcome.status) \(refusal.code.rawValue): \(PrintableText.escape(refusal.reason))"
            steps.append(TraceStep("result", holds: false, "refused: \(words)"))
        } else {
            let letters = stored.deadLetters
            steps += letters.prefix(Self.maximumDeadLetters).map { TraceStep("dead letter", holds: false, $0.words) }
            if letters.count > Self.maximumDeadLetters {
                steps.append(
                    TraceStep("and", "\(letters.count - Self.maximumDeadLetters) more dead letters, not shown"))
            }
            addAnswer()
            // The last line alone must not claim that a signature was valid if it could not be verified.
            let end = isSignatureUnknown ? ", if its signature is valid" : ""
            steps.append(TraceStep("result", holds: isSignatureUnknown ? nil : true, "accepted\(end): \(summary)"))
        }
        guard let deliveryState else { return }
        let lines = deliveryState.lines.isEmpty ? ["the outbox has no job or dead letter of it"] : deliveryState.lines
        let details = lines.map { TraceStep("", PrintableText.escape($0)) }
        steps.append(TraceStep("then", "what happened to the delivery when it arrived:", details: details))
    }

    private mutating func addAnswer() {
        guard let answer else { return }
        let isType: (RouteReply.Header) -> Bool = { $0.name.lowercased() == "content-type" }
        let type = answer.headers.first(where: isType).map { " \(PrintableText.escape($0.value))" } ?? ""
        let body = answer.body.isEmpty ? "" : ": \(TraceWords.text(answer.body))"
        let details = answer.headers.filter { !isType($0) }.map {
            TraceStep("", "\(PrintableText.escape($0.name)): \(PrintableText.escape($0.value))")
        }
        steps.append(
            TraceStep("answer", holds: true, "\(outcome.status)\(type)\(body)", at: replyLocation, details: details))
    }
}

extension DeadLetter {
    fileprivate var words: String {
        let position = [share.element.map { "element \($0 + 1)" }, share.rule.map { "rule \($0 + 1)" }].compactMap {
            $0
        }
        return (position.isEmpty ? "" : position.joined(separator: ", ") + ": ")
            + "\(reason.rawValue): \(PrintableText.escape(detail))"
    }

    fileprivate var tree: JSONTree {
        .object([
            "reason": .text(reason.rawValue), "detail": .text(detail), "element": share.element.map { .number($0 + 1) },
            "rule": share.rule.map { .number($0 + 1) },
        ])
    }
}

/// Text for people, one line per step with its details below.
extension Explanation {
    /// - Parameter hasColours: whether marks are coloured (ECMA-48 SGR).
    package func lines(hasColours: Bool) -> [String] { steps.flatMap { $0.lines(hasColours: hasColours) } }
}

extension TraceStep {
    /// In characters: the length of the longest names.
    private static let nameWidth = 14

    fileprivate func lines(hasColours: Bool) -> [String] {
        let gap = String(repeating: " ", count: max(1, Self.nameWidth - name.count))
        return ["\(name)\(gap)\(mark(hasColours)) \(text)\(end(hasColours))"]
            + details.flatMap { $0.detailLines(depth: 0, hasColours) }
    }

    /// Recurses as deep as conditions are nested.
    private func detailLines(depth: Int, _ hasColours: Bool) -> [String] {
        let indent = String(repeating: " ", count: Self.nameWidth + 2 + 2 * depth)
        let mark = holds == nil ? "" : mark(hasColours) + " "
        return ["\(indent)\(mark)\(text)\(end(hasColours))"]
            + details.flatMap { $0.detailLines(depth: depth + 1, hasColours) }
    }

    private func mark(_ hasColours: Bool) -> String {
        switch holds {
        case true?: hasColours ? "\u{1B}[32m✓\u{1B}[0m" : "✓"
        case false?: hasColours ? "\u{1B}[31m✗\u{1B}[0m" : "✗"
        case nil: "·"
        }
    }

    private func end(_ hasColours: Bool) -> String {
        guard let location else { return "" }
        let text = "  \(PrintableText.escape(location))"
        return hasColours ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }
}

/// One JSON document; docs/reference/cli.md describes it.
extension Explanation {
    package var json: String {
        JSONTree.object(["steps": .array(steps.map(\.tree)), "result": result]).prettyText()
    }

    private var result: JSONTree {
        if let refusal = outcome.refusal {
            return .object([
                "accepted": .boolean(false), "status": .number(outcome.status), "code": .text(refusal.code.rawValue),
                "reason": .text(refusal.reason),
            ])
        }
        let stored = stored
        return .object([
            "accepted": isSignatureUnknown ? .null : .boolean(true), "status": .number(outcome.status),
            "summary": .text(summary), "jobs": .array(stored.jobs.compactMap(\.tree)),
            "dead_letters": .array(stored.deadLetters.map(\.tree)), "duplicates": .number(stored.duplicates),
            "answer": answer.map { answer in
                let headers = answer.headers.map { JSONTree.Member(key: $0.name, value: .text($0.value)) }
                let body = String(decoding: answer.body, as: UTF8.self)
                return .object(["headers": .object(headers), "body": .text(body)])
            },
        ])
    }
}

extension TraceStep {
    /// Recurses as deep as conditions are nested.
    fileprivate var tree: JSONTree {
        .object([
            "name": name.isEmpty ? nil : .text(name), "holds": holds.map { .boolean($0) }, "text": .text(text),
            "location": location.map { .text($0) },
            "details": details.isEmpty ? nil : .array(details.map(\.tree)),
        ])
    }
}
