internal import SluiceBase
internal import SluiceJSON

/// The steps of a recorded trace, in words. Not called while requests are served.
extension Route {
    // MARK: - The head

    /// - Returns: `nil` if the route has no such check.
    func step(
        of check: HeadCheck, _ head: borrowing RequestView, _ sender: PeerAddress?, refusal: ErrorCode?,
        source: RouteSource
    ) -> TraceStep? {
        let (name, asked, found): (String, String, String)
        switch check {
        case .address:
            guard restrictsAddresses else { return nil }
            (name, asked) = ("allow_from", parts.allowedAddresses.map(\.description).joined(separator: ", "))
            found = sender?.description ?? "not stored; the gateway has admitted it"
        case .method: (name, asked, found) = ("methods", allow, head.method.text)
        case .contentType:
            guard let types = parts.contentTypes else { return nil }
            let ranges = types.ranges.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
            (name, asked, found) = ("content_types", ranges, head.headers.text(of: BodyReader.contentType) ?? "absent")
        case .contentEncoding:
            guard let coding = head.headers.text(of: ContentCoding.header) else { return nil }
            (name, asked, found) = ("gzip", acceptsGzip ? "gzip or identity" : "identity", coding)
        }
        let words = "\(PrintableText.escape(found)); accepted: \(PrintableText.escape(asked))"
        return TraceStep(
            name, holds: refusal == nil, refusal.map { "\($0.rawValue): \(words)" } ?? words,
            at: source.location(of: name))
    }

    func sizeStep(_ request: borrowing RequestView, limit: ByteCount, _ source: RouteSource) -> TraceStep {
        let isTooLarge = request.body.count > limit.bytes
        let words = "\(TraceWords.bytes(request.body.count)); accepted: at most \(limit)"
        return TraceStep(
            "body_limit", holds: !isTooLarge, isTooLarge ? "\(ErrorCode.bodyTooLarge.rawValue): \(words)" : words,
            at: source.location(of: "body_limit"))
    }

    func rateStep(_ source: RouteSource) -> TraceStep? {
        rate.map { rate in
            let others = [rate.bytes.map { "\($0)" }, rate.elements.map { "\($0) elements" }].compactMap { $0 }
            let limits = (["\(rate.limit)"] + others).joined(separator: ", ")
            let words = "\(limits) per \(DurationText.format(rate.per)), burst \(rate.burst); not counted here"
            return TraceStep("rate", words, at: source.location(of: "rate"))
        }
    }

    // MARK: - The signature

    func storedSignatureStep(_ source: RouteSource) -> TraceStep {
        guard isVerified else { return step(of: VerificationAccount(), source) }
        return TraceStep(
            "signature", holds: true, "skipped: it was valid when the request arrived, and is not stored",
            at: source.location(of: "verify"))
    }

    func step(of account: VerificationAccount, _ source: RouteSource) -> TraceStep {
        let location = source.location(of: "verify")
        let scheme = "\(account.algorithm), \(account.location)"
        var step: TraceStep
        switch account.outcome {
        case .notVerified: return TraceStep("signature", holds: true, "not required: 'verify: none'", at: location)
        case .valid: step = TraceStep("signature", holds: true, scheme, at: location)
        case .refused where account.isUnknown:
            let why =
                account.secrets.contains(.fetched)
                ? "the running gateway fetches the key" : "it matches none of the secrets that are available here"
            step = TraceStep("signature", "unknown: \(why)", at: location)
            step.details.append(TraceStep("", "the other steps assume that it is valid; \(scheme)"))
        case .refused(let code, let reason):
            step = TraceStep("signature", holds: false, "\(code.rawValue): \(reason)", at: location)
            step.details.append(TraceStep("", scheme))
        }
        step.details += account.details(secretsAt: source.location(of: "secrets"))
        return step
    }

    // MARK: - The body

    /// - Returns: `nil` for an unreadable body, which has a separate step.
    func step(of reading: BodyReading, _ delivery: borrowing ReadRequest, _ source: RouteSource) -> TraceStep? {
        guard let form = parts.body.form(of: reading, delivery.request) else { return nil }
        let isMislabelled = readsFields && parts.body.isMislabelledJSON(delivery.request, read: reading)
        let remark = isMislabelled ? ", although it looks like JSON (set 'body: json' or correct the sender)" : ""
        return TraceStep("body", holds: true, form + remark + bodyDetails(delivery), at: source.location(of: "body"))
    }

    func linesStep(_ delivery: borrowing ReadRequest, isArray: Bool, _ source: RouteSource) -> TraceStep {
        let format = isArray ? "JSON, one array" : "JSON, one text per line"
        return TraceStep("body", holds: true, format + bodyDetails(delivery), at: source.location(of: "each"))
    }

    func unreadableStep(_ why: String, _ delivery: borrowing ReadRequest, source: RouteSource) -> TraceStep {
        let words = "unreadable: \(PrintableText.escape(why))\(bodyDetails(delivery))"
        let areLines = parts.elements?.areLines == true
        return TraceStep("body", holds: false, words, at: source.location(of: areLines ? "each" : "body"))
    }

    /// Its decompressed size, how the route reads bodies, and the request's content type.
    private func bodyDetails(_ delivery: borrowing ReadRequest) -> String {
        let (size, received) = (delivery.request.body.count, delivery.received.body.count)
        let inflated = size == received ? "" : ", \(TraceWords.bytes(size)) after gzip"
        let declared = parts.elements?.areLines == true ? "each: lines" : "body: \(parts.body.kind.rawValue)"
        let type =
            delivery.request.headers.text(of: BodyReader.contentType).map { "content type \(PrintableText.quote($0))" }
            ?? "no content type"
        return "\(inflated); \(declared), \(type)"
    }

    // MARK: - The rules

    /// Event and elements.
    func addDelivery<Trace: RouteTrace>(_ context: borrowing DeliveryContext, to trace: inout Trace) {
        let source = trace.source
        if let event = parts.event, let written = source.event {
            let value = context.words(event).map { PrintableText.quote($0) } ?? "absent"
            trace.add(
                TraceStep("event", "\(value), \(PrintableText.escape(written))", at: source.location(of: "event")))
        }
        guard let elements = parts.elements, !context.document.isEmpty else { return }
        let count = TraceWords.count(context.findings.itemCount, "element")
        let words = "\(count) in \(PrintableText.escape(elements.name))"
        trace.add(TraceStep("each", words, at: source.location(of: "each")))
    }

    /// Adds the delivery, or the current element, and each rule with its conditions.
    func addRules<Trace: RouteTrace>(
        _ selection: RuleSelection, _ context: borrowing DeliveryContext, to trace: inout Trace
    ) {
        if parts.elements != nil {
            trace.beginElement()
            trace.add(TraceStep("element \(context.item + 1)", "of \(context.findings.itemCount)"))
        }
        for index in parts.rules.indices {
            trace.add(ruleStep(index, isReached: isReached(index, selection), context, source: trace.source))
        }
        guard case .nothing = selection else { return }
        trace.add(
            TraceStep(
                "otherwise", holds: parts.otherwise == .ignore, "no rule matches: \(parts.otherwise.rawValue)",
                at: trace.source.location(of: "otherwise")))
    }

    private func ruleStep(
        _ index: Int, isReached: Bool, _ context: borrowing DeliveryContext, source: RouteSource
    ) -> TraceStep {
        let rule = parts.rules[index]
        let name = "rule \(index + 1)"
        let makes = PrintableText.escape(makes(index, source))
        guard isReached else {
            return TraceStep(name, "\(makes): not evaluated, an earlier rule matches", at: rule.location.description)
        }
        let end = rule.conditions.isEmpty ? ": matches everything" : ""
        return TraceStep(
            name, holds: context.fulfils(rule.conditions), makes + end, at: rule.location.description,
            details: context.steps(of: rule.conditions))
    }

    private func makes(_ rule: Int, _ source: RouteSource) -> String {
        switch parts.rules[rule].action {
        case .ignore: return "ignore"
        case .make(let template):
            let name = rule < source.makes.count ? source.makes[rule] : ""
            return "\(template.kindLocation == nil ? "type" : "kind") \(name)"
        }
    }

    private func isReached(_ index: Int, _ selection: RuleSelection) -> Bool {
        guard parts.match == .first else { return true }
        switch selection {
        case .rule(let match), .ignored(let match): return index <= match
        case .rules, .nothing: return true
        }
    }

    // MARK: - Keys and jobs

    /// Adds the unique key with the value of each of its parts, if the route has one.
    func addKey<Trace: RouteTrace>(
        _ key: DeliveryKey?, _ context: borrowing DeliveryContext, to trace: inout Trace
    ) {
        guard let template = parts.uniqueKey else { return }
        let source = trace.source
        var details: [TraceStep] = []
        var isWhole = true
        for (index, part) in template.parts.enumerated() {
            let found = keyPart(part, isTyped: template.isList && coversTypes, context)
            let value = found.flatMap { $0.isBlank ? nil : String(decoding: $0.bytes, as: UTF8.self) }
            let written = index < source.uniqueKey.count ? source.uniqueKey[index] : ""
            let words = "\(PrintableText.escape(written)) = \(value.map { PrintableText.quote($0) } ?? "absent")"
            details.append(TraceStep("", holds: value == nil ? false : nil, words))
            isWhole = isWhole && value != nil
        }
        let text = PrintableText.escape(key?.text ?? "")
        let step =
            isWhole
            ? TraceStep("unique key", holds: true, text, at: source.location(of: "unique_key"), details: details)
            : TraceStep(
                "unique key", holds: false, "missing: \(consequence(text))",
                at: source.location(of: "unique_key_missing", "unique_key"), details: details)
        trace.add(step)
    }

    private func consequence(_ key: String) -> String {
        switch parts.onMissingKey {
        case .accept: "stored without one ('unique_key_missing: accept')"
        case .bodyHash: "the digest of the content replaces it, \(key)"
        case .reject: "refused ('unique_key_missing: reject')"
        case .deadLetter: "a dead letter ('unique_key_missing: dead_letter')"
        }
    }

    func step(of result: Result<Job, JobError>, rule: Int, _ source: RouteSource) -> TraceStep {
        let kind: String? =
            if case .make(let template) = parts.rules[rule].action, template.payloadType != nil {
                template.kindLocation?.description
            } else { nil }
        switch result {
        case .success(let job): return step(of: job, rule: rule, kind: kind)
        case .failure(let problem):
            let isMismatch = problem.reason == .payloadMismatch
            let words = "by rule \(rule + 1), \(problem.reason.rawValue): \(PrintableText.escape(problem.detail))"
            var step = TraceStep("no job", holds: false, words, at: isMismatch ? kind : nil)
            if isMismatch {
                step.details = [
                    TraceStep("", "on_mismatch: \(parts.onMismatch.rawValue)", at: source.location(of: "on_mismatch"))
                ]
            }
            return step
        }
    }

    private func step(of job: Job, rule: Int, kind: String?) -> TraceStep {
        var details: [TraceStep] = []
        if let kind { details.append(TraceStep("", "its payload fits the kind", at: kind)) }
        if !job.options.isEmpty { details.append(TraceStep("", "options \(TraceWords.text(job.options.members))")) }
        if let key = job.uniqueKey {
            let scope = (job.uniqueWhile ?? .exists).rawValue
            details.append(TraceStep("", "unique key \(PrintableText.escape(key)), while \(scope)"))
        }
        let payload = "\(TraceWords.bytes(job.payload.count)): \(TraceWords.text(job.payload))"
        details.append(TraceStep("", "payload, \(payload)"))
        let words =
            "by rule \(rule + 1): type \(PrintableText.escape(job.type)), queue \(PrintableText.escape(job.queue))"
        return TraceStep("job", holds: true, words, details: details)
    }
}

extension DeliveryContext {
    /// A text of the route with its references replaced; `nil` if a required value is absent. Credentials are not
    /// shown.
    fileprivate func words(_ template: TextTemplate) -> String? {
        for reference in template.references {
            if isCredential(reference) { return Self.hidden }
            if !isPresent(reference), reference.fallback == nil { return nil }
        }
        return String(decoding: text(template), as: UTF8.self)
    }

    private static let hidden = "a credential, which is not shown"

    /// Each condition with the value that it found, including those after a decisive one.
    func steps(of conditions: [Condition]) -> [TraceStep] {
        var steps: [TraceStep] = []
        for condition in conditions { steps.append(step(of: condition)) }
        return steps
    }

    /// Recurses as deep as the route file is nested.
    private func step(of condition: Condition) -> TraceStep {
        let holds = fulfils(condition)
        switch condition {
        case .value(let value):
            let words = "\(PrintableText.escape(value.written)) \(value.test.words): \(found(value))"
            return TraceStep("", holds: holds, words, at: value.location.description)
        case .any(let alternatives, let location):
            var details: [TraceStep] = []
            for (index, alternative) in alternatives.enumerated() {
                details.append(TraceStep("", "\(index + 1):", details: steps(of: alternative)))
            }
            return TraceStep("", holds: holds, "any of", at: location.description, details: details)
        case .not(let conditions, let location):
            return TraceStep("", holds: holds, "not all of", at: location.description, details: steps(of: conditions))
        }
    }

    private func found(_ condition: ValueCondition) -> String {
        let reference = condition.reference
        guard !isCredential(reference) else { return Self.hidden }
        let kind = reference.source.isOfBody ? kind(of: reference.pathID) : nil
        guard isPresent(reference) else {
            if let standIn = reference.fallback?.standIn {
                return PrintableText.quote(String(decoding: standIn, as: UTF8.self))
            }
            return kind == .null ? "null" : "absent"
        }
        let text = String(decoding: text(reference), as: UTF8.self)
        guard reference.source.isOfBody, condition.comparison != .asText, kind != .string else {
            return PrintableText.quote(text)
        }
        return PrintableText.escape(text, limit: 60)
    }

    /// Whether it refers, perhaps through the event, to a header or parameter that is never shown.
    private func isCredential(_ reference: Reference) -> Bool {
        reference.behind(route.event).contains {
            switch $0.source {
            case .header(let name): route.credentialHeaders.contains(name)
            case .query(let name): route.credentialParameters.contains(query: name)
            case .parameter(_, let segment): route.credentialParameters.contains(segment: segment)
            default: false
            }
        }
    }
}

extension BodyReader {
    /// The format that a body was read as, in words; `nil` for an unreadable one.
    fileprivate func form(of reading: BodyReading, _ request: borrowing RequestView) -> String? {
        switch reading {
        case .asReceived: return "JSON" + remark(request)
        case .unreadable: return nil
        case .json where kind == .jwt:
            return jsonField.map { "JSON in the claim '\(PrintableText.escape($0))' of a token" } ?? "claims of a token"
        case .json:
            switch family(request) {
            case .form, .multipart:
                return "JSON in the field '\(PrintableText.escape(jsonField ?? ""))' of a form"
            case .json: return "JSON in another charset, converted to UTF-8" + remark(request)
            case .text, .other: return "bytes, as base64"
            }
        case .untyped:
            switch family(request) {
            case .form: return "form fields, as an object of texts"
            case .multipart: return "multipart form fields, as an object of texts"
            case .json, .text, .other: return kind == .form ? "form fields, as an object of texts" : "text"
            }
        }
    }

    /// Why a header with another type had no effect.
    private func remark(_ request: borrowing RequestView) -> String {
        guard kind == .auto, !trustsContentType, declaredFamily(request) != .json else { return "" }
        return ", regardless of Content-Type, because the signature does not cover that header"
    }

    /// The type by which the body was read: that of `body`, of the header if it counts, or of its own bytes.
    private func family(_ request: borrowing RequestView) -> MediaType.Family {
        switch kind {
        case .bytes: return .other
        case .text: return .text
        case .auto, .json, .form, .jwt: break
        }
        if trustsContentType { return declaredFamily(request) }
        if kind == .form { return MultipartForm.boundary(at: request.body) == nil ? .form : .multipart }
        return mayHoldField(request.body) ? .form : .json
    }
}

extension VerificationAccount {
    /// Entries, timestamp and signed text, in words.
    fileprivate func details(secretsAt location: String?) -> [TraceStep] {
        var details = entryDetails
        if let alternative {
            details.insert(TraceStep("", "alternative \(alternative.number) of \(alternative.count)"), at: 0)
        }
        if matchingSecret == nil {
            for position in secrets.indices {
                details.append(TraceStep("", words(ofSecret: position), at: position == 0 ? location : nil))
            }
        }
        if let timestamp { details.append(TraceStep("", timestamp.words)) }
        for signedText in signedTexts {
            let text = TraceWords.text(signedText, limit: 200)
            let title = matchingSecret == nil && signedTexts.count > 1 ? "possible signed text" : "signed text"
            details.append(TraceStep("", "\(title), \(TraceWords.bytes(signedText.count)): \(text)"))
        }
        details += hints.map { TraceStep("", "hint: \($0)") }
        return details
    }

    private var entryDetails: [TraceStep] {
        var details: [TraceStep] = []
        if skippedEntries > 0 {
            let count = TraceWords.count(skippedEntries, "entry", plural: "entries")
            details.append(TraceStep("", "skipped \(count) without the prefix"))
        }
        for (index, entry) in entries.enumerated() {
            let title = entries.count == 1 && skippedEntries == 0 ? "it" : "entry \(index + 1)"
            switch entry {
            case .empty: details.append(TraceStep("", holds: false, "\(title) is empty"))
            case .unreadable: details.append(TraceStep("", holds: false, "\(title) is not in its encoding"))
            case .compared(let matching):
                let found = matching.map { words(ofSecret: $0) }.joined(separator: " and ")
                details.append(
                    TraceStep(
                        "", holds: !matching.isEmpty,
                        "\(title) matches \(matching.isEmpty ? "no secret" : found)"))
            }
        }
        return details
    }

    private func words(ofSecret position: Int) -> String {
        "secret \(position + 1) (\(PrintableText.escape(secrets[position].description)))"
    }
}

extension VerificationAccount.Timestamp {
    fileprivate var words: String {
        let name = "timestamp \(PrintableText.quote(text))"
        guard let ageMilliseconds else { return "\(name), which is not in the format of the route" }
        let distance = TraceWords.distance(seconds: ageMilliseconds.magnitude / 1000)
        let age = ageMilliseconds < 0 ? "\(distance) ahead of the clock" : "\(distance) old"
        let date = milliseconds.flatMap { SignedTimestamp.date($0, ageMilliseconds: ageMilliseconds) }
        let limit = tolerance == .zero ? "any age is accepted" : "tolerance \(DurationText.format(tolerance))"
        return "\(name), \(age)\(date.map { " (\($0))" } ?? ""), \(limit)"
    }
}

/// Phrases that traces and explanations share.
package enum TraceWords {
    /// A number with its noun: `1 entry`, `2 entries`.
    package static func count(_ number: Int, _ noun: String, plural: String? = nil) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(plural ?? noun + "s")"
    }

    /// A size in words: `12 bytes`.
    package static func bytes(_ count: Int) -> String { self.count(count, "byte") }

    /// A time in the largest unit of which there are at least two, rounded down.
    static func distance(seconds: UInt64) -> String {
        for (unit, length) in [("days", 86_400), ("hours", 3600), ("minutes", 60)] as [(String, UInt64)]
        where seconds >= 2 * length {
            return "\(seconds / length) \(unit)"
        }
        return "\(seconds)s"
    }

    /// Bytes from a sender, safe to print and truncated to a number of characters.
    package static func text(_ bytes: [UInt8], limit: Int = 1000) -> String {
        // A character has at most four bytes.
        let shown = bytes.prefix(limit * 4 + 4)
        return PrintableText.escape(String(decoding: shown, as: UTF8.self), limit: limit)
    }
}
