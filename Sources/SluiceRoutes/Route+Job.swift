internal import SluiceBase
internal import SluiceJSON

extension Route {
    /// Why a job cannot be rendered.
    package struct JobError: Error {
        let reason: DeadLetterReason
        let detail: String
    }

    /// A job's unique key for Zizq.
    struct JobKey {
        let text: String?
        /// Whether the rule sets it.
        let isOwn: Bool

        static let none = JobKey(text: nil, isOwn: false)
    }

    /// The unique key of a rule's job: the rule's own, or the route's with rule and element if several jobs would share
    /// it.
    func jobKey(_ template: JobTemplate, _ key: DeliveryKey?, rule: Int, context: borrowing DeliveryContext)
        -> JobKey
    {
        // Zizq refuses a job with both.
        if template.hasBatch { return .none }
        if let own = template.uniqueKey { return JobKey(text: ownKey(own, context), isOwn: true) }
        guard let key else { return .none }
        if keysAreOfElements {
            return JobKey(text: parts.match == .all ? key.text(suffix: "#\(rule)") : key.text, isOwn: false)
        }
        let isOneOfSeveral = parts.elements != nil || parts.match == .all
        return JobKey(text: isOneOfSeveral ? key.text(suffix: "#\(rule).\(context.item)") : key.text, isOwn: false)
    }

    func job(_ template: JobTemplate, _ key: JobKey, rule: Int, context: borrowing DeliveryContext)
        -> Result<Job, JobError>
    {
        do throws(JobError) {
            let type = try name(template.type, "type", context: context)
            let queue = try name(template.queue, "queue", context: context)
            let options = try options(template, context)
            let payload = try payload(template.payload, context)
            if let why = template.payloadType?.mismatch(in: payload.span) {
                throw JobError(reason: .payloadMismatch, detail: why)
            }
            return .success(
                Job(
                    type: type, queue: queue, options: options, uniqueKey: key.text,
                    uniqueWhile: key.text == nil ? nil : template.uniqueWhile, hasOwnKey: key.isOwn, payload: payload,
                    rule: rule))
        } catch {
            return .failure(error)
        }
    }

    private func name(_ text: JobText, _ field: String, context: borrowing DeliveryContext) throws(JobError)
        -> String
    {
        switch text {
        case .constant(let name): return name
        case .rendered(let template):
            let name = String(decoding: context.text(template), as: UTF8.self)
            guard let complaint = ZizqName.complaint(about: name) else { return name }
            throw JobError(reason: .badField, detail: "\(field) \(complaint)")
        }
    }

    private func options(_ template: JobTemplate, _ context: borrowing DeliveryContext) throws(JobError)
        -> JobOptions
    {
        guard template.hasRenderedOptions else { return template.constantOptions }
        var options = JobOptions.none
        if let priority = template.priority {
            let text = String(decoding: context.text(priority), as: UTF8.self)
            guard let number = Int(text), JobOptionsTemplate.priorities.contains(number) else {
                throw JobError(reason: .badField, detail: "priority must be a whole number from 0 to 65535")
            }
            options.append(.priority(number))
        }
        if let start = template.start { options.append(.readyAt(try readyAt(start, context))) }
        if let batch = template.batch {
            guard let batch = batch.batch(context) else {
                throw JobError(reason: .badField, detail: "the key of its batch is empty")
            }
            options.append(.batch(batch))
        }
        options.append(template.constantOptions)
        return options
    }

    private func readyAt(_ start: JobStart, _ context: borrowing DeliveryContext) throws(JobError) -> Int64 {
        do throws(JobStart.ValueError) {
            return try start.milliseconds(context)
        } catch {
            throw JobError(reason: .badField, detail: error.message)
        }
    }

    private func payload(_ template: PayloadTemplate, _ context: borrowing DeliveryContext) throws(JobError)
        -> [UInt8]
    {
        let json = context.json(template)
        if template.depth + context.findings.depth > JSONLimits.bulkDepth { try checkDepth(json) }
        return json
    }

    /// The rule may put the body, or a part of it, into more lists and mappings.
    private func checkDepth(_ json: [UInt8]) throws(JobError) {
        var findings = JSONFindings()
        do {
            try JSONScanner.scan(json.span, paths: .none, into: &findings)
        } catch {
            throw JobError(reason: .bodyUnreadable, detail: "the payload: \(error)")
        }
    }
}

extension DeliveryContext {
    /// The maximum size of a payload while it is rendered, as far as it depends on the body and the headers.
    func size(of template: PayloadTemplate) -> Int {
        var size = 0
        for step in template.steps {
            switch step {
            case .bytes(let bytes): size += bytes.count
            case .value(let reference): size += self.size(of: reference)
            // The text itself, and once more with its quotes and backslashes escaped.
            case .text(let reference): size += 3 * self.size(of: reference)
            }
        }
        return size
    }

    /// The size of a value in the request. Others are small.
    func size(of reference: Reference) -> Int {
        switch reference.source {
        case .header(let name):
            request.headers.firstIndex(of: name).map { request.headers.value(at: $0).count } ?? 0
        case .headers: (0..<request.headers.count).reduce(0) { $0 + request.headers.value(at: $1).count }
        default: reference.source.isOfBody ? range(of: reference.pathID)?.count ?? 0 : 64
        }
    }

    /// Renders a template as JSON.
    func json(_ template: PayloadTemplate) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(template.expectedSize(document.count))
        for step in template.steps {
            switch step {
            case .bytes(let bytes): json += bytes
            case .text(let reference): json.appendJSONStringContent(text(reference).span)
            case .value(let reference): appendJSON(reference, to: &json)
            }
        }
        return json
    }
}
