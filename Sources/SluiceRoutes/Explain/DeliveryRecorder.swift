internal import SluiceBase
internal import SluiceJSON

/// Writes an account down while a route makes something of a delivery. Belongs to one delivery.
///
/// Nothing of it is inlined: in the functions that serve requests it is a test for `nil` and no more.
final class DeliveryRecorder {
    private(set) var account = DeliveryAccount()
    private let route: Route
    /// So many elements are written down.
    private let limit: Int
    /// Whether what is noted is about the last of `account.elements`.
    private var isInElement = false

    private static let contentType: HeaderName = "content-type"

    init(_ route: Route, elementLimit: Int) {
        self.route = route
        limit = elementLimit
    }

    // MARK: - The body

    /// The request is complete, and nothing of its body is known.
    @inline(never) func begin(_ request: borrowing RequestView) {
        let areLines = route.parts.elements?.areLines == true
        account.body.declared = areLines ? "lines" : route.parts.body.kind.rawValue
        account.body.place = route.parts.origin.place(of: areLines ? "each" : "body")
        guard let index = request.headers.firstIndex(of: Self.contentType) else { return }
        account.body.contentType = request.headers.value(at: index).text
    }

    @inline(never) func noteInflated(to bytes: Int) { account.body.inflatedBytes = bytes }

    @inline(never) func note(_ reading: BodyReading, _ reader: BodyReader, _ request: borrowing RequestView) {
        account.body.form = reader.form(of: reading, request)
    }

    @inline(never) func noteLines() { account.body.form = "JSON, a text a line" }

    @inline(never) func noteUnreadable(_ why: String) {
        account.body.form = nil
        account.body.problem = why
    }

    // MARK: - The delivery

    /// The body was read, or it is known that it cannot be.
    @inline(never) func note(_ context: borrowing DeliveryContext) {
        let origin = route.parts.origin
        if let event = route.event, let written = origin.event {
            account.event = DeliveryAccount.Rendered(
                written: written, value: context.words(event), place: origin.place(of: "event"))
        }
        guard let elements = route.parts.elements, account.body.problem == nil else { return }
        account.each = DeliveryAccount.Each(
            written: elements.name, count: context.findings.itemCount, place: origin.place(of: "each"))
    }

    /// The delivery, or the current element, meets the rules.
    @inline(never) func note(_ selection: RuleSelection, _ context: borrowing DeliveryContext) {
        account.elementCount += 1
        isInElement = account.elements.count < limit
        guard isInElement else { return }
        var rules: [DeliveryAccount.Rule] = []
        for (index, rule) in route.parts.rules.enumerated() {
            rules.append(
                DeliveryAccount.Rule(
                    number: index + 1, place: rule.place.description, makes: route.makes(index),
                    conditions: context.explanation(of: rule.conditions), holds: context.fulfils(rule.conditions),
                    isReached: isReached(index, selection)))
        }
        let isLost = if case .nothing = selection { true } else { false }
        account.elements.append(
            DeliveryAccount.Element(
                number: route.parts.elements == nil ? nil : context.item + 1, rules: rules,
                otherwise: isLost ? (route.parts.otherwise, route.parts.origin.place(of: "otherwise")) : nil))
    }

    private func isReached(_ index: Int, _ selection: RuleSelection) -> Bool {
        guard route.parts.match == .first else { return true }
        switch selection {
        case .rule(let match), .ignored(let match): return index <= match
        case .rules, .nothing: return true
        }
    }

    /// - Parameter key: the key of the delivery or of the current element.
    @inline(never) func note(_ key: DeliveryKey?, _ context: borrowing DeliveryContext) {
        guard let account = route.keyAccount(key, context) else { return }
        guard route.keysAreOfElements else {
            self.account.key = account
            return
        }
        if isInElement { self.account.elements[self.account.elements.count - 1].key = account }
    }

    @inline(never) func note(_ result: Result<Job, Route.JobProblem>, rule: Int) {
        guard isInElement, case .make(let template) = route.parts.rules[rule].action else { return }
        let made: DeliveryAccount.Made.Result =
            switch result {
            case .success(let job): .job(job)
            case .failure(let problem): .problem(problem.reason, detail: problem.detail)
            }
        account.elements[account.elements.count - 1].made.append(
            DeliveryAccount.Made(
                rule: rule + 1, kindPlace: template.payloadType == nil ? nil : template.kindPlace?.description,
                result: made,
                onMismatch: route.parts.onMismatch, policyPlace: route.parts.origin.place(of: "on_mismatch")))
    }
}

extension Route {
    /// What a rule makes, in a word or two.
    fileprivate func makes(_ rule: Int) -> String {
        let name = rule < summary.makes.count ? summary.makes[rule] : ""
        switch parts.rules[rule].action {
        case .ignore: return "ignore"
        case .make(let template): return "\(template.kindPlace == nil ? "type" : "kind") \(name)"
        }
    }

    /// A key with what each of its parts came to; `nil` for a route without one.
    fileprivate func keyAccount(_ key: DeliveryKey?, _ context: borrowing DeliveryContext) -> DeliveryAccount.Key? {
        guard let template = parts.uniqueKey else { return nil }
        let place = parts.origin.place(of: "unique_key")
        var rendered: [DeliveryAccount.Rendered] = []
        for (index, part) in template.parts.enumerated() {
            let found = keyPart(part, isTyped: template.isList && coversTypes, context)
            rendered.append(
                DeliveryAccount.Rendered(
                    written: index < parts.origin.uniqueKey.count ? parts.origin.uniqueKey[index] : "",
                    value: found.flatMap { $0.isBlank ? nil : String(decoding: $0.bytes, as: UTF8.self) }, place: place)
            )
        }
        return DeliveryAccount.Key(
            parts: rendered, text: key?.text, isWhole: rendered.allSatisfy { $0.value != nil },
            ifMissing: parts.onMissingKey, place: place,
            policyPlace: parts.origin.place(of: "unique_key_missing", "unique_key"))
    }
}

extension DeliveryContext {
    /// What a text of the route came to; `nil` where something that it needs is absent. A credential is not shown.
    fileprivate func words(_ template: TextTemplate) -> String? {
        for reference in template.references {
            if isCredential(reference) { return "a credential, which is not shown" }
            if !isPresent(reference), reference.fallback == nil { return nil }
        }
        return String(decoding: text(template), as: UTF8.self)
    }
}

extension BodyReader {
    /// What a body was read as, in words; `nil` for one that could not be read.
    fileprivate func form(of reading: BodyReading, _ request: borrowing RequestView) -> String? {
        switch reading {
        case .asReceived: return "JSON" + remark(request)
        case .unreadable: return nil
        case .json:
            switch family(request) {
            case .form, .multipart: return "JSON in the field 'payload' of a form"
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

    /// Why a header that names something else made no difference.
    private func remark(_ request: borrowing RequestView) -> String {
        guard kind == .auto, !trustsContentType, declaredFamily(request) != .json else { return "" }
        return ", whatever Content-Type says, because the signature does not cover that header"
    }

    /// What the body was read by: `body`, the header where that counts, or else its own bytes.
    private func family(_ request: borrowing RequestView) -> MediaType.Family {
        switch kind {
        case .bytes: return .other
        case .text: return .text
        case .auto, .json, .form: break
        }
        if trustsContentType { return declaredFamily(request) }
        if kind == .form { return MultipartForm.boundary(at: request.body) == nil ? .form : .multipart }
        return Self.isPayload(request.body) ? .form : .json
    }
}
