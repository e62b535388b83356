internal import SluiceBase
internal import SluiceJSON

extension Route {
    /// What the first rule that matches makes of a delivery whose body could be read.
    func outcome(_ context: borrowing DeliveryContext) -> RouteOutcome {
        for (index, rule) in parts.rules.enumerated() where context.fulfils(rule.conditions) {
            switch rule.action {
            case .ignore: return .acknowledged(.standard, because: .ignoredByRule(index))
            case .make(let template): return keyed(context, template)
            }
        }
        switch parts.otherwise {
        case .ignore: return .acknowledged(.standard, because: .noRuleMatched)
        case .deadLetter: return keyed(context, nil)
        }
    }

    /// - Parameter template: `nil` where no rule matched.
    private func keyed(_ context: borrowing DeliveryContext, _ template: JobTemplate?) -> RouteOutcome {
        var delivery = delivery(context)
        delivery.key = key(context)
        if delivery.key == nil, parts.uniqueKey != nil {
            switch parts.onMissingKey {
            case .accept: delivery.keyIsMissing = true
            case .bodyHash: delivery.key = bodyHashKey(context)
            case .reject: return .refused(.uniqueKeyMissing, reason: ErrorCode.uniqueKeyMissing.title)
            case .deadLetter:
                delivery.deadLetters = [deadLetter(.uniqueKeyMissing, "the request lacks the unique key of the route", context)]
                return .store(delivery)
            }
        }
        fill(&delivery, context, template)
        return parts.onMismatch.outcome(of: delivery)
    }

    private func fill(_ delivery: inout RenderedDelivery, _ context: borrowing DeliveryContext, _ template: JobTemplate?) {
        guard let template else {
            delivery.deadLetters = [deadLetter(.noMatchingRule, "no rule of the route matches", context)]
            return
        }
        switch job(template, delivery.key, context) {
        case .success(let job): delivery.jobs = [job]
        case .failure(let problem): delivery.deadLetters = [deadLetter(problem.reason, problem.detail, context)]
        }
    }

    /// Why a job cannot be made.
    private struct JobProblem: Error {
        let reason: DeadLetterReason
        let detail: String
    }

    private func job(
        _ template: JobTemplate, _ key: RenderedKey?, _ context: borrowing DeliveryContext
    ) -> Result<RenderedJob, JobProblem> {
        do throws(JobProblem) {
            let type = try name(template.type, "type", context)
            let queue = try name(template.queue, "queue", context)
            let options = try options(template, context)
            let payload = try payload(template.payload, context)
            if let why = template.payloadType?.mismatch(in: payload.span) { throw JobProblem(reason: .payloadMismatch, detail: why) }
            let uniqueKey = template.uniqueKey.map { ownKey($0, context) } ?? key?.text
            return .success(
                RenderedJob(
                    type: type, queue: queue, options: options, uniqueKey: uniqueKey, hasOwnKey: template.uniqueKey != nil,
                    uniqueWhile: uniqueKey == nil ? nil : template.uniqueWhile, payload: payload))
        } catch {
            return .failure(error)
        }
    }

    private func name(_ text: JobText, _ field: String, _ context: borrowing DeliveryContext) throws(JobProblem) -> String {
        switch text {
        case .constant(let name): return name
        case .rendered(let template):
            let name = String(decoding: context.text(template), as: UTF8.self)
            guard let complaint = ZizqName.complaint(about: name) else { return name }
            throw JobProblem(reason: .badField, detail: "\(field) \(complaint)")
        }
    }

    private func options(_ template: JobTemplate, _ context: borrowing DeliveryContext) throws(JobProblem) -> [UInt8] {
        guard let priority = template.priority else { return template.constantMembers }
        let text = String(decoding: context.text(priority), as: UTF8.self)
        guard let number = Int(text), JobOptionsReader.priorities.contains(number) else {
            throw JobProblem(reason: .badField, detail: "priority must be a whole number from 0 to 65535")
        }
        let member = Array("\"priority\":\(number)".utf8)
        return template.constantMembers.isEmpty ? member : member + [UInt8(ascii: ",")] + template.constantMembers
    }

    private func payload(_ template: PayloadTemplate, _ context: borrowing DeliveryContext) throws(JobProblem) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(template.expectedSize(context.document.count))
        var mayBeTooDeep = false
        for step in template.steps {
            switch step {
            case .bytes(let bytes): json += bytes
            case .text(let reference): json.appendJSONStringContent(context.text(reference).span)
            case .value(let reference, let depth):
                context.appendJSON(reference, to: &json)
                if depth + context.findings.depth > JSONLimits.bulkDepth { mayBeTooDeep = true }
            }
        }
        if mayBeTooDeep { try checkDepth(json) }
        return json
    }

    /// The rule put the body, or a part of it, into lists and mappings of its own.
    private func checkDepth(_ json: [UInt8]) throws(JobProblem) {
        var findings = JSONFindings()
        do {
            try JSONScanner.scan(json.span, paths: .none, into: &findings)
        } catch {
            throw JobProblem(reason: .bodyUnreadable, detail: "the payload: \(error)")
        }
    }
}
