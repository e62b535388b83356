package import SluiceBase
internal import SluiceInflate
internal import SluiceJSON

/// What is known of a request besides its bytes.
package struct RequestArrival: Sendable {
    /// Who sent it, behind trusted proxies; `nil` if that is not known: then a route that says who may send refuses it.
    package var sender: PeerAddress?
    /// Whether the gateway admitted and verified it when it arrived, and stored it without its credentials. Its address
    /// and its signature are not asked for again.
    package var isStored: Bool
    /// By the wall clock, which timestamps are compared with.
    package var receivedAtMilliseconds: Int64
    /// What `${delivery.id}` is.
    package var deliveryID: String
    /// What of the request is rendered; less than all for a dead letter that is about less.
    package var share: DeliveryShare

    package init(
        sender: PeerAddress?, isStored: Bool = false, receivedAtMilliseconds: Int64, deliveryID: String,
        share: DeliveryShare = .all
    ) {
        self.sender = sender
        self.isStored = isStored
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.deliveryID = deliveryID
        self.share = share
    }
}

/// The order in which a request is judged, the only place that states it: address, handshakes by the head, method,
/// content type, content coding, the part of the signature that the head shows; size, signature, rate; body, handshakes
/// by the body, rules.
///
/// All of it runs synchronously on the calling thread, without locks, and changes nothing but its arguments and the
/// bucket of the route's rate. A body that cannot be read is refused, or becomes a dead letter, only after the rules
/// that the head decides: see `acknowledgedByHead`.
extension Route {
    /// Where `handle` begins.
    package enum Stage {
        /// Nothing of the request has been judged.
        case head
        /// It was admitted by its head, and its body is within the route's limit.
        case signature
        /// It was verified, now or when it arrived.
        case body
    }

    /// Judges a request by its head, before its body is read.
    ///
    /// - Returns: the refusal, or `nil` if it is admitted.
    package func admit(_ head: borrowing RequestView, _ arrival: borrowing RequestArrival) -> RouteOutcome? {
        var trace = NoTrace()
        return admit(head, arrival, trace: &trace)
    }

    /// Judges a complete request from `stage` on and renders its jobs, for serving.
    ///
    /// - Parameters:
    ///   - rate: the bucket of the route; `nil` where requests are not counted.
    ///   - time: for the bucket.
    ///   - scratch: the thread's own.
    package func handle(
        _ request: borrowing RequestView, _ arrival: borrowing RequestArrival, from stage: Stage,
        rate: (limiter: RateLimiter, nanoseconds: Int64)? = nil, scratch: inout RouteScratch
    ) -> RouteOutcome {
        var trace = NoTrace()
        return handle(request, arrival, from: stage, rate: rate, trace: &trace, scratch: &scratch)
    }

    /// The same, with a trace.
    package func handle<Trace: RouteTrace>(
        _ request: borrowing RequestView, _ arrival: borrowing RequestArrival, from stage: Stage,
        rate: (limiter: RateLimiter, nanoseconds: Int64)? = nil, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        switch stage {
        case .head:
            if let refusal = admit(request, arrival, trace: &trace) { return refusal }
            if let refusal = checkSize(request, arrival, trace: &trace) { return refusal }
            fallthrough
        case .signature:
            var recorded = NoTrace()
            if let answer = handshake(ofHead: request, arrival, trace: &recorded) {
                return limit(answer, rate, trace: &trace)
            }
            if let refusal = verify(request, arrival, trace: &trace, scratch: &scratch) {
                guard refusal.status == 401,
                    let answer = handshake(ofUnsigned: request, arrival, trace: &trace, scratch: &scratch)
                else { return refusal }
                scratch.awaitsSecret = false
                return limit(answer, rate, trace: &trace)
            }
            if let refusal = checkRate(rate, bytes: request.body.count, trace: &trace) { return refusal }
            if let answer = handshake(ofHead: request, isSigned: true, arrival, trace: &trace) { return answer }
            fallthrough
        case .body:
            defer { scratch.trim() }
            let outcome = readBody(request, arrival, trace: &trace, scratch: &scratch)
            if case .store = outcome {
                rate?.limiter.charge(elements: max(1, scratch.findings.itemCount), at: rate?.nanoseconds ?? 0)
            }
            return outcome
        }
    }

    private func admit<Trace: RouteTrace>(
        _ head: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace
    ) -> RouteOutcome? {
        if let refusal = check(.address, of: head, arrival, trace: &trace) { return refusal }
        if let answer = handshake(ofHead: head, arrival, trace: &trace) {
            if case .refused = answer { return answer }
            // It is answered when its body has been read, and not looked at.
            return nil
        }
        if let refusal = check(.method, of: head, arrival, trace: &trace) { return refusal }
        if let refusal = check(.contentType, of: head, arrival, trace: &trace) { return refusal }
        if let refusal = check(.contentEncoding, of: head, arrival, trace: &trace) { return refusal }
        return checkSignature(ofHead: head, arrival, trace: &trace)
    }

    /// What the head of a request is asked before its signature.
    package enum HeadCheck {
        case address, method, contentType, contentEncoding
    }

    private func check<Trace: RouteTrace>(
        _ check: HeadCheck, of head: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace
    ) -> RouteOutcome? {
        let code = refusal(by: check, head, arrival)
        if Trace.isRecording, let step = step(of: check, head, arrival.sender, refusal: code, source: trace.source) {
            trace.add(step)
        }
        guard let code else { return nil }
        guard code == .contentTypeNotSupported else { return .refused(code, reason: code.title) }
        return .refused(code, reason: "'content_types' does not accept \(ContentTypes.name(in: head.headers))")
    }

    private func refusal(
        by check: HeadCheck, _ head: borrowing RequestView, _ arrival: borrowing RequestArrival
    ) -> ErrorCode? {
        switch check {
        case .address:
            if arrival.isStored || parts.allowedAddresses.isEmpty { return nil }
            guard let sender = arrival.sender else { return .addressNotAllowed }
            return parts.allowedAddresses.contains { $0.contains(sender) } ? nil : .addressNotAllowed
        case .method: return allows(head.method) ? nil : .methodNotAllowed
        case .contentType:
            guard let types = parts.contentTypes, !types.accept(head.headers) else { return nil }
            return .contentTypeNotSupported
        case .contentEncoding:
            switch ContentCoding.of(head.headers) {
            case .identity: return nil
            case .gzip: return acceptsGzip ? nil : .contentEncodingNotSupported
            case .other: return .contentEncodingNotSupported
            }
        }
    }

    private func allows(_ method: Span<UInt8>) -> Bool {
        for allowed in methodBytes where method.equals(allowed.span) { return true }
        return false
    }

    /// Refuses a request whose head shows that its signature cannot be valid.
    private func checkSignature<Trace: RouteTrace>(
        ofHead head: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace
    ) -> RouteOutcome? {
        if arrival.isStored || mayBeUnsignedHandshake(head) { return nil }
        let now = arrival.receivedAtMilliseconds
        guard let refusal = parts.verifier.refusal(ofHead: head, receivedAtMilliseconds: now) else { return nil }
        if Trace.isRecording {
            trace.add(step(of: parts.verifier.account(of: head, receivedAtMilliseconds: now), trace.source))
        }
        return .refused(refusal.code, reason: refusal.reason)
    }

    private func checkSize<Trace: RouteTrace>(
        _ request: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace
    ) -> RouteOutcome? {
        let limit = bodyLimit(for: request, arrival)
        let isTooLarge = request.body.count > limit.bytes
        if Trace.isRecording { trace.add(sizeStep(request, limit: limit, trace.source)) }
        return isTooLarge ? .refused(.bodyTooLarge, reason: "the body has more than \(limit)") : nil
    }

    private func verify<Trace: RouteTrace>(
        _ request: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace,
        scratch: inout RouteScratch
    ) -> RouteOutcome? {
        if arrival.isStored {
            if Trace.isRecording { trace.add(storedSignatureStep(trace.source)) }
            return nil
        }
        if handshakeStages.signsTokens, OpaqueToken.mayBePartOfOne(request.body) {
            return refuseToken(trace: &trace)
        }
        let before = scratch.charge.bytes
        defer { scratch.charge.giveBack(downTo: before) }
        // The body is read before anything is known of its sender if a part of the signature is in it.
        if verifierReadsBody, !scratch.charge.take(parts.body.memory(for: request)) { return .memoryFull }
        let now = arrival.receivedAtMilliseconds
        if Trace.isRecording {
            let account = parts.verifier.account(of: request, receivedAtMilliseconds: now)
            trace.add(step(of: account, trace.source))
            return account.refusal.map { .refused($0.code, reason: $0.reason) }
        }
        let verdict = parts.verifier.verdict(
            on: request, receivedAtMilliseconds: now, findings: &scratch.findings)
        switch verdict {
        case .valid: return nil
        case .needs(let need): return .needsKey(need)
        case .refused(let error):
            scratch.awaitsSecret = error.awaitsSecret
            return .refused(error.code, reason: error.reason)
        }
    }

    /// Refuses a body that anybody can have signed by a handshake of the route.
    private func refuseToken<Trace: RouteTrace>(trace: inout Trace) -> RouteOutcome {
        let reason = "the body is a token, which the route's handshake signs for everyone"
        if Trace.isRecording { trace.add(signatureStep(refusedBecause: reason, trace.source)) }
        return .refused(.signatureInvalid, reason: reason)
    }

    /// Asked where the scheme lies: a copy of it is 25 retains.
    private var verifierReadsBody: Bool {
        switch parts.verifier {
        case .none: false
        case .signature(let verifier): verifier.scheme.readsBody
        case .any(let verifiers): verifiers.contains { $0.scheme.readsBody }
        }
    }

    /// What it costs to verify and to read a request, in bytes of an unverified body: more secrets cost more, and a
    /// body that is read before its sender is known counts 32 times, for it may be as slow to read as there is: 40 ns a
    /// byte. What gzip holds is not known yet.
    package func work(for request: borrowing RequestView) -> Int {
        let comparisons: Int
        switch parts.verifier {
        case .none: return request.body.count * 32
        case .signature(let verifier): comparisons = verifier.comparisons
        case .any(let verifiers): comparisons = verifiers.reduce(0) { $0 + $1.comparisons }
        }
        let sixteenths = 16 + comparisons + (verifierReadsBody ? 31 * 16 : 0)
        return request.body.count * sixteenths / 16
    }

    private func checkRate<Trace: RouteTrace>(
        _ rate: (limiter: RateLimiter, nanoseconds: Int64)?, bytes: Int = 0, isVerified: Bool = true,
        trace: inout Trace
    ) -> RouteOutcome? {
        if Trace.isRecording, let step = rateStep(trace.source) { trace.add(step) }
        guard let rate,
            let wait = rate.limiter.take(at: rate.nanoseconds, bytes: bytes, isVerified: isVerified)
        else { return nil }
        return .rateLimited(retryAfter: wait)
    }

    /// What is refused takes no token, like a request with a signature that is not valid.
    private func limit<Trace: RouteTrace>(
        _ answer: RouteOutcome, _ rate: (limiter: RateLimiter, nanoseconds: Int64)?, trace: inout Trace
    ) -> RouteOutcome {
        guard answer.refusal == nil else { return answer }
        return checkRate(rate, isVerified: false, trace: &trace) ?? answer
    }
}

/// From the verified bytes of a body to its JSON.
extension Route {
    private func readBody<Trace: RouteTrace>(
        _ request: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace,
        scratch: inout RouteScratch
    ) -> RouteOutcome {
        if let name = repeatedKeyHeader(in: request) {
            return .refused(.malformedRequest, reason: "the header \(name), which the unique key uses, is repeated")
        }
        let coding = ContentCoding.of(request.headers)
        // A dead letter can come back after the route has ceased to take gzip.
        if coding == .other || coding == .gzip && !acceptsGzip {
            return .refused(.contentEncodingNotSupported, reason: ErrorCode.contentEncodingNotSupported.title)
        }
        // Like the content type, the header counts only where nobody can have changed it.
        let isGzip = parts.trustsContentEncoding ? coding == .gzip : acceptsGzip && ContentCoding.isGzip(request.body)
        guard isGzip else { return read(request, received: request, arrival, trace: &trace, scratch: &scratch) }
        return inflate(request, arrival, trace: &trace, scratch: &scratch)
    }

    private func repeatedKeyHeader(in request: borrowing RequestView) -> HeaderName? {
        for name in keyHeaders {
            guard let first = request.headers.firstIndex(of: name) else { continue }
            if request.headers.firstIndex(of: name, from: first + 1) != nil { return name }
        }
        return nil
    }

    /// The signature is over the body as received; everything after it sees what the sender had before gzip.
    private func inflate<Trace: RouteTrace>(
        _ received: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace,
        scratch: inout RouteScratch
    ) -> RouteOutcome {
        // No stream grows more (RFC 1951: 258 bytes for two bits).
        let most = min(received.body.count * 1032, bodyLimit.bytes)
        let limit = min(most, scratch.mostInflatedBytes ?? most)
        let before = scratch.charge.bytes
        guard scratch.charge.take(limit) else { return .memoryFull }
        do throws(GzipError) {
            let body = try Gzip.inflate(received.body, limit: limit)
            scratch.charge.giveBack(downTo: before + body.count)
            let request = RequestView(
                method: received.method, target: received.target, headers: received.headers, body: body.span,
                peer: received.peer)
            return read(request, received: received, arrival, trace: &trace, scratch: &scratch)
        } catch .overLimit {
            if limit < most { return .tooLargeForThread }
            return .refused(.bodyTooLarge, reason: GzipError.overLimit.description)
        } catch {
            let delivery = ReadRequest(received, received: received, arrival)
            return unreadable(delivery, error.description, trace: &trace, scratch: &scratch)
        }
    }

    /// A verified request with the coding of its body undone.
    struct ReadRequest: ~Escapable {
        let request: RequestView
        /// As it arrived.
        let received: RequestView
        let arrival: RequestArrival

        @_lifetime(copy request, copy received)
        init(
            _ request: borrowing RequestView, received: borrowing RequestView, _ arrival: borrowing RequestArrival
        ) {
            self.request = copy request
            self.received = copy received
            self.arrival = copy arrival
        }
    }

    private func read<Trace: RouteTrace>(
        _ request: borrowing RequestView, received: borrowing RequestView, _ arrival: borrowing RequestArrival,
        trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        let delivery = ReadRequest(request, received: received, arrival)
        let before = scratch.charge.bytes
        let areLines = parts.elements?.areLines == true
        guard scratch.charge.take(areLines ? request.body.count + 2 : parts.body.memory(for: request)) else {
            return .memoryFull
        }
        let taken = scratch.charge.bytes - before
        let outcome =
            areLines
            ? lines(delivery, trace: &trace, scratch: &scratch) : document(delivery, trace: &trace, scratch: &scratch)
        // The document is gone.
        scratch.charge.giveBack(downTo: scratch.charge.bytes - taken)
        return outcome
    }

    private func document<Trace: RouteTrace>(
        _ delivery: borrowing ReadRequest, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        let reading = parts.body.read(delivery.request)
        scratch.hasMislabelledJSON = readsFields && parts.body.isMislabelledJSON(delivery.request, read: reading)
        if Trace.isRecording, let step = step(of: reading, delivery, trace.source) { trace.add(step) }
        switch reading {
        case .asReceived:
            let json = BodyReader.json(in: delivery.request.body)
            return scan(json, isForm: false, delivery, trace: &trace, scratch: &scratch)
        case .json(let document):
            return scan(document.span, isForm: false, delivery, trace: &trace, scratch: &scratch)
        case .untyped(let document):
            return scan(document.span, isForm: true, delivery, trace: &trace, scratch: &scratch)
        case .unreadable(let why): return unreadable(delivery, why, trace: &trace, scratch: &scratch)
        }
    }

    /// Each line is a JSON text by itself: one that goes on in the next would make other elements than the lines are.
    private func lines<Trace: RouteTrace>(
        _ delivery: borrowing ReadRequest, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        let lines = JSONLines(delivery.request.body)
        if Trace.isRecording { trace.add(linesStep(delivery, trace.source)) }
        let isWhole: (borrowing DeliveryContext) -> Bool = { context in
            for (element, range) in lines.lines.enumerated() {
                guard context.findings.range(of: 0, item: element) == range else { return false }
            }
            return context.findings.itemCount == lines.count
        }
        return scan(
            lines.document.span, isForm: false, delivery, isWhole: isWhole, trace: &trace, scratch: &scratch)
    }

    private func scan<Trace: RouteTrace>(
        _ document: Span<UInt8>, isForm: Bool, _ delivery: borrowing ReadRequest,
        isWhole: ((borrowing DeliveryContext) -> Bool)? = nil, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        do {
            try JSONScanner.scan(document, paths: paths, into: &scratch.findings)
        } catch {
            return unreadable(delivery, error.description, trace: &trace, scratch: &scratch)
        }
        let context = DeliveryContext(
            delivery, document: document, isForm: isForm, findings: scratch.findings, route: self)
        if let isWhole, !isWhole(context) {
            let why = "a line of the body is not a JSON text by itself"
            return unreadable(delivery, why, trace: &trace, scratch: &scratch)
        }
        if handshakeStages.hasAny, !delivery.arrival.isStored,
            let answer = handshake(at: .signedBody, context, trace: &trace)
        {
            return answer
        }
        return applyRules(to: context, delivery.arrival.share, trace: &trace, charge: &scratch.charge)
    }

    /// What cannot be read has no rule, unless the head alone says that nothing is made of it. Its key may still be
    /// there, if it is in the head.
    private func unreadable<Trace: RouteTrace>(
        _ delivery: borrowing ReadRequest, _ why: String, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        if Trace.isRecording { trace.add(unreadableStep(why, delivery, source: trace.source)) }
        let context = DeliveryContext(
            delivery, document: delivery.request.body.extracting(0..<0), isForm: false, findings: JSONFindings(),
            route: self)
        if Trace.isRecording { addDelivery(context, to: &trace) }
        if let answer = acknowledgedByHead(context, delivery.arrival.share, trace: &trace) { return answer }
        switch parts.onUnreadable {
        case .reject: return .refused(.bodyUnreadable, reason: why)
        case .deadLetter: break
        }
        let letter = DeadLetter(reason: .bodyUnreadable, detail: why, share: .all)
        return deadLetter(letter, context, trace: &trace, charge: &scratch.charge)
    }
}
