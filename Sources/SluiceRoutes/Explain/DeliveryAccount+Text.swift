internal import SluiceBase

extension DeliveryAccount {
    func add(_ lines: inout ExplanationLines) {
        addBody(&lines)
        if let event {
            lines.add("event", .none, "\(event.found), \(PrintableText.escape(event.written))", at: event.place)
        }
        if let each {
            let count = ExplanationWords.count(each.count, "element")
            lines.add("each", .none, "\(count) in \(PrintableText.escape(each.written))", at: each.place)
        }
        // A key of the whole delivery stands before the rules, though it is asked for once one matches.
        key?.add(&lines)
        for element in elements { element.add(&lines) }
        if elementCount > elements.count {
            lines.add("and", .none, "\(elementCount - elements.count) more elements, not shown")
        }
    }

    private func addBody(_ lines: inout ExplanationLines) {
        // A request that is refused for its head has none.
        guard body.form != nil || body.problem != nil else { return }
        let size = body.inflatedBytes.map { ", \(ExplanationWords.bytes($0)) out of gzip" } ?? ""
        let type = body.contentType.map { "content type \(PrintableText.quote($0))" } ?? "no content type"
        if let problem = body.problem {
            lines.add(
                "body", .no, "unreadable: \(PrintableText.escape(problem))\(size); \(body.declaration), \(type)",
                at: body.place)
        } else {
            lines.add("body", .yes, "\(body.form ?? "")\(size); \(body.declaration), \(type)", at: body.place)
        }
    }
}

extension DeliveryAccount.Body {
    fileprivate var declaration: String { declared == "lines" ? "each: lines" : "body: \(declared)" }
}

extension DeliveryAccount.Rendered {
    /// The value in quotes.
    var found: String { value.map { PrintableText.quote($0) } ?? "absent" }
}

extension DeliveryAccount.Key {
    fileprivate func add(_ lines: inout ExplanationLines) {
        if isWhole {
            lines.add("unique key", .yes, PrintableText.escape(text ?? ""), at: place)
        } else {
            lines.add("unique key", .no, "missing: \(consequence)", at: policyPlace)
        }
        for part in parts {
            lines.detail("\(PrintableText.escape(part.written)) = \(part.found)", part.value == nil ? .no : nil)
        }
    }

    private var consequence: String {
        switch ifMissing {
        case .accept: "stored without one ('unique_key_missing: accept')"
        case .bodyHash: "the digest of the content stands in, \(PrintableText.escape(text ?? ""))"
        case .reject: "refused ('unique_key_missing: reject')"
        case .deadLetter: "a dead letter ('unique_key_missing: dead_letter')"
        }
    }
}

extension DeliveryAccount.Element {
    fileprivate func add(_ lines: inout ExplanationLines) {
        if let number { lines.add("element \(number)", .none, words) }
        for rule in rules { rule.add(&lines) }
        if let otherwise {
            let word = otherwise.policy.rawValue
            lines.add(
                "otherwise", otherwise.policy == .ignore ? .yes : .no, "no rule matches: \(word)", at: otherwise.place)
        }
        key?.add(&lines)
        for made in made { made.add(&lines) }
    }
}

extension DeliveryAccount.Element {
    /// What became of it, in short.
    private var words: String {
        if let otherwise { return otherwise.policy == .ignore ? "no rule matches; ignored" : "no rule matches" }
        let jobs = made.count { if case .job = $0.result { true } else { false } }
        if jobs > 0 { return ExplanationWords.count(jobs, "job") }
        return rules.contains { $0.isReached && $0.holds && $0.makes != "ignore" } ? "no job" : "ignored"
    }
}

extension DeliveryAccount.Rule {
    fileprivate func add(_ lines: inout ExplanationLines) {
        guard isReached else {
            return lines.add(
                "rule \(number)", .none, "\(PrintableText.escape(makes)): skipped, an earlier rule matched", at: place
            )
        }
        let end = conditions.isEmpty ? ": matches everything" : ""
        lines.add("rule \(number)", holds ? .yes : .no, PrintableText.escape(makes) + end, at: place)
        for condition in conditions { condition.add(&lines, 0) }
    }
}

extension ConditionExplanation {
    /// Recurses as deep as the route file is nested.
    fileprivate func add(_ lines: inout ExplanationLines, _ depth: Int) {
        let mark: ExplanationLines.Mark = holds ? .yes : .no
        switch content {
        case .value(let reference, let expected, let found):
            lines.detail("\(PrintableText.escape(reference)) \(expected): \(found)", mark, depth: depth, at: place)
        case .any(let alternatives):
            lines.detail("any of", mark, depth: depth, at: place)
            for (index, alternative) in alternatives.enumerated() {
                lines.detail("\(index + 1):", depth: depth + 1)
                for condition in alternative { condition.add(&lines, depth + 2) }
            }
        case .not(let conditions):
            lines.detail("not all of", mark, depth: depth, at: place)
            for condition in conditions { condition.add(&lines, depth + 1) }
        }
    }
}

extension DeliveryAccount.Made {
    fileprivate func add(_ lines: inout ExplanationLines) {
        switch result {
        case .problem(let reason, let detail):
            let place = reason == .payloadMismatch ? kindPlace : nil
            lines.add("no job", .no, "by rule \(rule), \(reason.rawValue): \(PrintableText.escape(detail))", at: place)
            if reason == .payloadMismatch { lines.detail("on_mismatch: \(onMismatch.rawValue)", at: policyPlace) }
        case .job(let job):
            lines.add(
                "job", .yes,
                "by rule \(rule): type \(PrintableText.escape(job.type)), queue \(PrintableText.escape(job.queue))")
            if let kindPlace { lines.detail("its payload fits the kind", at: kindPlace) }
            if !job.options.isEmpty { lines.detail("options \(ExplanationWords.text(job.options.members))") }
            if let key = job.uniqueKey {
                lines.detail("unique key \(PrintableText.escape(key)), while \((job.uniqueWhile ?? .exists).rawValue)")
            }
            lines.detail("payload, \(ExplanationWords.bytes(job.payload.count)): \(ExplanationWords.text(job.payload))")
        }
    }
}
