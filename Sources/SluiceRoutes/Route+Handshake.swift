package import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// Handshakes: requests with which a provider verifies the URL, and which make no job.
///
/// A rule that only needs the head is evaluated before the method, the content type and the signature are checked. A
/// rule that needs the body is evaluated after the signature, or with `signed: false` also without a valid one.
extension Route {
    /// Whether a request is a handshake according to its head, with any answer.
    package func isHandshake(byHead head: borrowing RequestView, _ arrival: borrowing RequestArrival) -> Bool {
        var trace = NoTrace()
        return handshake(ofHead: head, arrival, trace: &trace) != nil
    }

    /// The maximum body that is read for a request with this head, in bytes. A handshake needs little, and its sender
    /// is not known.
    package func bodyLimit(for head: borrowing RequestView, _ arrival: borrowing RequestArrival) -> ByteCount {
        guard !arrival.isStored, handshakeStages.hasHead || handshakeStages.hasUnsignedBody else { return bodyLimit }
        let now = arrival.receivedAtMilliseconds
        let lacksSignature =
            handshakeStages.hasUnsignedBody
            && parts.verifier.refusal(ofHead: head, receivedAtMilliseconds: now) != nil
        return lacksSignature || isHandshake(byHead: head, arrival)
            ? min(bodyLimit, ByteCount(bytes: HandshakeRule.largestUnsignedBody)) : bodyLimit
    }

    /// The answer of the first rule that matches the head.
    ///
    /// - Parameter isSigned: whether the signature was verified.
    func handshake<Trace: RouteTrace>(
        ofHead head: borrowing RequestView, isSigned: Bool = false, _ arrival: borrowing RequestArrival,
        trace: inout Trace
    ) -> RouteOutcome? {
        guard isSigned ? handshakeStages.hasSignedHead : handshakeStages.hasHead, !arrival.isStored,
            Trace.isRecording || handshakeStages.mayMatchHead(method: head.method, isSigned: isSigned)
        else { return nil }
        // The body is left out, so that nothing depends on how much of it has arrived.
        let none = head.body.extracting(0..<0)
        let bare = RequestView(
            method: head.method, target: head.target, headers: head.headers, body: none, peer: head.peer)
        let request = ReadRequest(bare, received: bare, arrival)
        let context = DeliveryContext(
            request, document: none, isForm: false, findings: JSONFindings(), route: self,
            bodyDigest: Self.digestOfNothing)
        return handshake(at: isSigned ? .signedHead : .head, context, trace: &trace)
    }

    /// Cached, because computing it takes longer than evaluating most rules.
    private static let digestOfNothing = {
        let nothing: [UInt8] = []
        return Hash.digest(.sha256, nothing.span)
    }()

    /// Whether a request without a valid signature may be a handshake, according to its head.
    func mayBeUnsignedHandshake(_ head: borrowing RequestView) -> Bool {
        guard handshakeStages.hasUnsignedBody else { return false }
        let declared = head.headers.text(of: "content-length").flatMap { Int($0) }
        return (declared ?? head.body.count) <= HandshakeRule.largestUnsignedBody
    }

    /// The answer of the first rule with `signed: false` that matches a request without a valid signature.
    func handshake<Trace: RouteTrace>(
        ofUnsigned request: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace,
        scratch: inout RouteScratch
    ) -> RouteOutcome? {
        guard mayBeUnsignedHandshake(request), request.body.count <= HandshakeRule.largestUnsignedBody else {
            return nil
        }
        // There is no signature, so the header is as trustworthy as the body.
        let reader = BodyReader(kind: parts.body.kind, jsonField: nil, trustsContentType: true)
        let before = scratch.charge.bytes
        defer { scratch.charge.giveBack(downTo: before) }
        guard scratch.charge.take(reader.memory(for: request), isVerified: false) else { return .memoryFull }
        let read = ReadRequest(request, received: request, arrival)
        switch reader.read(request) {
        case .unreadable: return nil
        case .asReceived:
            let json = BodyReader.json(in: request.body)
            return handshake(ofUnsigned: read, json, isForm: false, trace: &trace, scratch: &scratch)
        case .json(let document):
            return handshake(ofUnsigned: read, document.span, isForm: false, trace: &trace, scratch: &scratch)
        case .untyped(let document):
            return handshake(ofUnsigned: read, document.span, isForm: true, trace: &trace, scratch: &scratch)
        }
    }

    private func handshake<Trace: RouteTrace>(
        ofUnsigned request: borrowing ReadRequest, _ document: Span<UInt8>, isForm: Bool, trace: inout Trace,
        scratch: inout RouteScratch
    ) -> RouteOutcome? {
        do {
            try JSONScanner.scan(document, paths: paths, into: &scratch.findings)
        } catch {
            return nil
        }
        let context = DeliveryContext(
            request, document: document, isForm: isForm, findings: scratch.findings, route: self)
        return handshake(at: .unsignedBody, context, trace: &trace)
    }

    /// The answer of the first rule of a stage that matches.
    func handshake<Trace: RouteTrace>(
        at stage: HandshakeRule.Stage, _ context: borrowing DeliveryContext, trace: inout Trace
    ) -> RouteOutcome? {
        for index in parts.handshakes.indices where parts.handshakes[index].stage.isAsked(at: stage) {
            let outcome = context.outcome(of: parts.handshakes[index])
            if Trace.isRecording { trace.add(context.step(of: parts.handshakes[index], index, outcome)) }
            if let outcome { return outcome }
        }
        return nil
    }
}

/// The stages of a route's handshake rules.
struct HandshakeStages {
    let hasHead: Bool
    let hasSignedHead: Bool
    let hasUnsignedBody: Bool
    let hasAny: Bool
    /// The methods that the rules of the head require; `nil` if one of them accepts any.
    private let headMethods: [[UInt8]]?
    private let signedHeadMethods: [[UInt8]]?

    init(_ rules: [HandshakeRule]) {
        headMethods = Self.methods(rules.filter { $0.stage == .head })
        signedHeadMethods = Self.methods(rules.filter { $0.stage == .signedHead })
        hasHead = rules.contains { $0.stage == .head }
        hasSignedHead = rules.contains { $0.stage == .signedHead }
        hasUnsignedBody = rules.contains { $0.stage == .unsignedBody }
        hasAny = !rules.isEmpty
    }

    private static func methods(_ rules: [HandshakeRule]) -> [[UInt8]]? {
        var methods: [[UInt8]] = []
        for rule in rules {
            guard let required = rule.conditions.lazy.compactMap(\.methods).first else { return nil }
            methods += required
        }
        return methods
    }

    /// Whether a rule of the head may match a request: most deliveries have another method, and evaluating the rules
    /// costs more.
    func mayMatchHead(method: Span<UInt8>, isSigned: Bool) -> Bool {
        guard let methods = isSigned ? signedHeadMethods : headMethods else { return true }
        for required in methods where method.equals(required.span) { return true }
        return false
    }
}

extension Condition {
    /// The methods that it requires; `nil` if it does not.
    fileprivate var methods: [[UInt8]]? {
        guard case .value(let value) = self, value.reference.source == .method, case .equals(let expected) = value.test
        else { return nil }
        return expected.map(\.source)
    }
}

extension HandshakeRule.Stage {
    fileprivate func isAsked(at stage: Self) -> Bool { self == stage || self == .unsignedBody && stage == .signedBody }
}

extension HandshakeRule {
    /// - Parameter reason: for the log: a sentence without any text from the sender.
    fileprivate func refusal(_ reason: String) -> RouteOutcome {
        if refusalStatus == Self.standardRefusal { return .refused(.handshakeRefused, reason: reason) }
        return .handshake(RouteReply(status: refusalStatus, headers: [], body: []), refusal: reason)
    }
}

extension DeliveryContext {
    private static let plainText = RouteReply.Header(name: "content-type", value: "text/plain; charset=utf-8")
    private static let noSniff = RouteReply.Header(name: "x-content-type-options", value: "nosniff")

    /// - Returns: `nil` if a condition is not true, or the request lacks a value that the reply needs.
    fileprivate func outcome(of rule: HandshakeRule) -> RouteOutcome? {
        guard fulfils(rule.conditions), missingValue(of: rule) == nil else { return nil }
        if let token = rule.token, !token.matches(text(token.reference)) {
            return rule.refusal("\(token.reference.source.noun) does not match any of 'handshake_secrets'")
        }
        for reference in rule.echoed where text(reference).count > HandshakeRule.longestEcho {
            return rule.refusal("\(reference.source.noun) has more than \(HandshakeRule.longestEcho) bytes")
        }
        if let learn = rule.learn { return outcome(of: rule, learning: learn) }
        if let call = rule.call {
            guard let url = call.url(in: text(call.reference)) else {
                return rule.refusal("\(call.reference.source.noun) is not one of the URLs that 'call_urls' allows")
            }
            let answer = answer(rule)
            return if case .handshake(let reply, nil) = answer { .call(url, reply) } else { answer }
        }
        guard let hmac = rule.hmac else { return answer(rule) }
        guard let code = hmac.code(of: text(hmac.reference)) else {
            let form = hmac.pattern == nil ? "is not \(OpaqueToken.words)" : "does not match 'pattern'"
            return rule.refusal("\(hmac.reference.source.noun), the input of the HMAC, \(form)")
        }
        var context = copy self
        context.hmac = code
        return context.answer(rule)
    }

    private func outcome(of rule: HandshakeRule, learning reference: Reference) -> RouteOutcome {
        let bytes = text(reference)
        if let problem = HandshakeSecret.problem(bytes) {
            return rule.refusal("\(reference.source.noun), which is the new secret, \(problem)")
        }
        guard route.accepts(secret: bytes) else {
            return rule.refusal(
                "\(reference.source.noun), which is the new secret, is not in the format of 'key_encoding'")
        }
        let answer = answer(rule)
        guard case .handshake(let reply, nil) = answer else { return answer }
        return .learns(HandshakeSecret(bytes: bytes), reply: reply)
    }

    private func missingValue(of rule: HandshakeRule) -> Reference? {
        let needed = rule.echoed + [rule.call?.reference].compactMap(\.self)
        return needed.first { !isPresent($0) && $0.fallback == nil }
    }

    private func answer(_ rule: HandshakeRule) -> RouteOutcome {
        let template = rule.reply
        for header in template.headers where !ReplyTemplate.isValue(text(header.value)) {
            return rule.refusal("the value of the reply's header \(header.name) is not printable ASCII, or is too long")
        }
        var reply = template.reply(self)
        if reply.body == nil, template.body != nil { return rule.refusal("the reply is too large") }
        reply.body = reply.body ?? []
        // Discord expects a content type although there is no content.
        if ReplyTemplate.hasNoContent(reply.status) { reply.headers.append(Self.plainText) }
        reply.headers.append(Self.noSniff)
        return .handshake(reply, refusal: nil)
    }

    fileprivate func step(of rule: HandshakeRule, _ index: Int, _ outcome: RouteOutcome?) -> TraceStep {
        var step = TraceStep("handshake \(index + 1)", "", at: rule.location.description)
        step.details = steps(of: rule.conditions)
        guard let outcome else {
            step.text = "does not match"
            if let missing = missingValue(of: rule) {
                step.details.append(TraceStep("", holds: false, "\(missing.source.noun) is missing"))
            }
            return step
        }
        step.holds = outcome.refusal == nil
        step.text =
            switch outcome {
            case .learns: "learns a secret if the route is armed, answered with \(outcome.status)"
            case .call(let url, _): "answered with \(outcome.status) after a call to \(url.shown)"
            default:
                outcome.refusal.map { "refused with \(rule.refusalStatus): \($0.reason)" }
                    ?? "answered with \(outcome.status)"
            }
        return step
    }
}
