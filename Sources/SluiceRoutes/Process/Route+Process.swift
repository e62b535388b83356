package import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

extension Route {
    /// Verifies a request and renders what it becomes, in one pass over its body.
    ///
    /// Runs on an event-loop thread, synchronously, without locks; touches nothing but its arguments.
    ///
    /// - Parameters:
    ///   - request: complete, with its body.
    ///   - deliveryID: the new delivery's id.
    ///   - scratch: the thread's own.
    package func process(
        _ request: borrowing RequestView, receivedAtMilliseconds: Int64, deliveryID: String, scratch: inout RouteScratch
    ) -> RouteOutcome {
        if let code = refusal(ofHead: request) { return .refused(code, reason: code.title) }
        if let refusal = parts.verifier.refusal(
            of: request, receivedAtMilliseconds: receivedAtMilliseconds, findings: &scratch.findings)
        {
            return .refused(refusal.code, reason: refusal.reason)
        }
        return processVerified(
            request, receivedAtMilliseconds: receivedAtMilliseconds, deliveryID: deliveryID, scratch: &scratch)
    }

    /// The same for a request whose signature held when it came: a dead letter's, from which the credentials were taken.
    package func processVerified(
        _ request: borrowing RequestView, receivedAtMilliseconds: Int64, deliveryID: String, scratch: inout RouteScratch
    ) -> RouteOutcome {
        if let name = keyHeaderStandingTwice(in: request) {
            return .refused(.malformedRequest, reason: "the header \(name), which the unique key reads, stands twice")
        }
        let arrival = Arrival(deliveryID: deliveryID, receivedAtMilliseconds: receivedAtMilliseconds)
        switch parts.body.read(request) {
        case .asReceived: return scanned(request, request.body, isForm: false, arrival, &scratch)
        case .enclosed(let document): return scanned(request, document.span, isForm: false, arrival, &scratch)
        case .form(let document): return scanned(request, document.span, isForm: true, arrival, &scratch)
        case .unreadable(let why): return unreadable(request, arrival, why)
        }
    }

    private struct Arrival {
        let deliveryID: String
        let receivedAtMilliseconds: Int64
    }

    private func keyHeaderStandingTwice(in request: borrowing RequestView) -> HeaderName? {
        for name in keyHeaders {
            guard let first = request.headers.firstIndex(of: name) else { continue }
            if request.headers.firstIndex(of: name, from: first + 1) != nil { return name }
        }
        return nil
    }

    private func scanned(
        _ request: borrowing RequestView, _ document: Span<UInt8>, isForm: Bool, _ arrival: Arrival, _ scratch: inout RouteScratch
    ) -> RouteOutcome {
        do {
            try JSONScanner.scan(document, paths: paths, into: &scratch.findings)
        } catch {
            return unreadable(request, arrival, error.description)
        }
        let context = DeliveryContext(
            request: copy request, document: document, isForm: isForm, findings: scratch.findings, route: self,
            deliveryID: arrival.deliveryID, receivedAtMilliseconds: arrival.receivedAtMilliseconds,
            bodyDigest: Hash.digest(.sha256, request.body))
        return outcome(context)
    }

    /// What cannot be read has no rule; its key may still be there, if it is in the head.
    private func unreadable(_ request: borrowing RequestView, _ arrival: Arrival, _ why: String) -> RouteOutcome {
        switch parts.onUnreadable {
        case .reject: return .refused(.bodyUnreadable, reason: why)
        case .deadLetter: break
        }
        let context = DeliveryContext(
            request: copy request, document: request.body.extracting(0..<0), isForm: false, findings: JSONFindings(), route: self,
            deliveryID: arrival.deliveryID, receivedAtMilliseconds: arrival.receivedAtMilliseconds,
            bodyDigest: Hash.digest(.sha256, request.body))
        var delivery = delivery(context)
        delivery.key = key(context)
        if delivery.key == nil, parts.uniqueKey != nil, parts.onMissingKey == .bodyHash { delivery.key = bodyHashKey(context) }
        delivery.deadLetters = [deadLetter(.bodyUnreadable, why, context)]
        return .store(delivery)
    }
}

extension Route {
    /// A delivery with nothing in it yet.
    func delivery(_ context: borrowing DeliveryContext) -> RenderedDelivery {
        RenderedDelivery(
            key: nil, bodyHash: Fingerprint(context.bodyDigest.span), dedupeWindow: parts.dedupeWindow, onChangedBody: parts.onChangedBody,
            jobs: [], deadLetters: [], reply: nil, repairedSurrogates: context.findings.loneSurrogates.count, keyIsMissing: false)
    }

    func deadLetter(_ reason: DeadLetterReason, _ detail: String, _ context: borrowing DeliveryContext) -> RenderedDeadLetter {
        RenderedDeadLetter(
            reason: reason, detail: detail, request: KeptRequest.bytes(of: context.request, without: parts.credentialHeaders))
    }
}
