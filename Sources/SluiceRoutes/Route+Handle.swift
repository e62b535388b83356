package import SluiceBase
internal import SluiceInflate
internal import SluiceJSON

/// Information about a request in addition to its bytes.
package struct RequestArrival: Sendable {
    /// The sender, behind trusted proxies; `nil` if it is not known: a route with allowed addresses then refuses it.
    package var sender: PeerAddress?
    /// Whether the gateway admitted and verified it on arrival, and stored it without its credentials. Its address and
    /// its signature are not checked again.
    package var isStored: Bool
    /// By the wall clock, with which timestamps are compared.
    package var receivedAtMilliseconds: Int64
    /// The value of `${delivery.id}`.
    package var deliveryID: String
    /// The part of the request to render; not everything for a dead letter about a part.
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

/// The order in which a request is checked, stated only here: address, handshakes by the head, method, content type,
/// content coding, the part of the signature in the head; size, signature, rate; body, handshakes by the body, rules.
///
/// Everything runs synchronously on the calling thread, without locks, and changes only its arguments and the bucket of
/// the route's rate. A body that cannot be read is refused, or becomes a dead letter, only after the rules that the
/// head decides: see `acknowledgedByHead`.
extension Route {
    /// The first step of `handle`.
    package enum Stage {
        /// Nothing has been checked.
        case head
        /// It was admitted by its head, and its body is within the route's limit.
        case signature
        /// It was verified, now or on arrival.
        case body
    }

    /// Checks a request by its head, before its body is read.
    ///
    /// - Returns: the refusal; `nil` if it is admitted.
    package func admit(_ head: borrowing RequestView, _ arrival: borrowing RequestArrival) -> RouteOutcome? {
        var trace = NoTrace()
        return admit(head, arrival, trace: &trace)
    }

    /// Checks a complete request from `stage` on and renders its jobs, for serving.
    ///
    /// - Parameters:
    ///   - rate: the bucket of the route and the monotonic clock; `nil` if requests are not counted.
    ///   - scratch: belongs to the thread.
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
        var reading: EarlyReading?
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
            if let refusal = verify(request, arrival, reading: &reading, trace: &trace, scratch: &scratch) {
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
            let outcome = readBody(request, arrival, reading: &reading, trace: &trace, scratch: &scratch)
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
            // Answered after the body has been read; the body is ignored.
            return nil
        }
        if let refusal = check(.method, of: head, arrival, trace: &trace) { return refusal }
        if let refusal = check(.contentType, of: head, arrival, trace: &trace) { return refusal }
        if let refusal = check(.contentEncoding, of: head, arrival, trace: &trace) { return refusal }
        return checkSignature(ofHead: head, arrival, trace: &trace)
    }

    /// The checks of a request's head before its signature.
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

    /// The body as it was read for a part of the signature in it, kept for the rules.
    struct EarlyReading {
        let result: BodyReading
        /// The memory reserved for it, in bytes.
        let charged: Int
    }

    /// - Parameter reading: set if the body was read and the signature is valid.
    private func verify<Trace: RouteTrace>(
        _ request: borrowing RequestView, _ arrival: borrowing RequestArrival, reading: inout EarlyReading?,
        trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome? {
        if arrival.isStored {
            if Trace.isRecording { trace.add(storedSignatureStep(trace.source)) }
            return nil
        }
        let before = scratch.charge.bytes
        defer { if reading == nil { scratch.charge.giveBack(downTo: before) } }
        // If a part of the signature is in the body, the body is read before the sender is known.
        let readsBody = verifierReadsBody
        if readsBody, !scratch.charge.take(parts.body.memory(for: request), isVerified: false) { return .memoryFull }
        let now = arrival.receivedAtMilliseconds
        if Trace.isRecording {
            let account = parts.verifier.account(of: request, receivedAtMilliseconds: now)
            trace.add(step(of: account, trace.source))
            return account.refusal.map { .refused($0.code, reason: $0.reason) }
        }
        let result = readsBody ? parts.body.read(request) : nil
        let refusal = parts.verifier.refusal(
            of: request, reading: result, receivedAtMilliseconds: now, findings: &scratch.findings)
        guard let refusal else {
            reading = result.map { EarlyReading(result: $0, charged: scratch.charge.bytes - before) }
            return nil
        }
        if let need = refusal.need { return .needsKey(need) }
        scratch.awaitsSecret = refusal.awaitsSecret
        return .refused(refusal.code, reason: refusal.reason)
    }

    /// Evaluated on the scheme in place: a copy of it is 25 retains.
    private var verifierReadsBody: Bool { parts.verifier.verifiers.contains { $0.scheme.readsBody } }

    /// The cost of verifying and reading a request, as the number of bytes that take as long to hash: 1.25 ns each.
    /// More secrets cost more; the signature of a public key costs as much as 128 KiB, and what is parsed before the
    /// sender is known as much as the slowest of its kind. The decompressed size is not known yet.
    package func work(for request: borrowing RequestView) -> Int {
        guard isVerified else { return request.body.count * (1 + SignatureVerifier.parsing) }
        var (verifying, parsing) = (request.body.count, 0)
        for verifier in parts.verifier.verifiers {
            verifying += verifier.work(for: request)
            parsing = max(parsing, verifier.parsingWork(for: request))
        }
        return verifying + parsing
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

    /// Refused requests take no token, like requests with an invalid signature.
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
        _ request: borrowing RequestView, _ arrival: borrowing RequestArrival, reading: inout EarlyReading?,
        trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        if let name = repeatedKeyHeader(in: request) {
            return .refused(.malformedRequest, reason: "the header \(name), which the unique key uses, is repeated")
        }
        let coding = ContentCoding.of(request.headers)
        // A dead letter may be retried after the route has stopped accepting gzip.
        if coding == .other || coding == .gzip && !acceptsGzip {
            return .refused(.contentEncodingNotSupported, reason: ErrorCode.contentEncodingNotSupported.title)
        }
        // Like the content type, the header only counts if it cannot have been changed in transit.
        let isGzip = parts.trustsContentEncoding ? coding == .gzip : acceptsGzip && ContentCoding.isGzip(request.body)
        guard isGzip else {
            return read(request, received: request, arrival, reading: &reading, trace: &trace, scratch: &scratch)
        }
        release(&reading, &scratch)
        return inflate(request, arrival, trace: &trace, scratch: &scratch)
    }

    private func repeatedKeyHeader(in request: borrowing RequestView) -> HeaderName? {
        for name in keyHeaders {
            guard let first = request.headers.firstIndex(of: name) else { continue }
            if request.headers.firstIndex(of: name, from: first + 1) != nil { return name }
        }
        return nil
    }

    /// The signature covers the body as received; everything after it uses the decompressed body.
    private func inflate<Trace: RouteTrace>(
        _ received: borrowing RequestView, _ arrival: borrowing RequestArrival, trace: inout Trace,
        scratch: inout RouteScratch
    ) -> RouteOutcome {
        // The maximum ratio of deflate (RFC 1951: 258 bytes for two bits).
        let most = min(received.body.count * 1032, bodyLimit.bytes)
        let limit = min(most, scratch.maximumInflatedBytes ?? most)
        let before = scratch.charge.bytes
        guard scratch.charge.take(limit, isVerified: isVerified) else { return .memoryFull }
        do throws(GzipError) {
            let body = try Gzip.inflate(received.body, limit: limit)
            scratch.charge.giveBack(downTo: before + body.count)
            let request = RequestView(
                method: received.method, target: received.target, headers: received.headers, body: body.span,
                peer: received.peer)
            var none: EarlyReading?
            return read(request, received: received, arrival, reading: &none, trace: &trace, scratch: &scratch)
        } catch .overLimit {
            if limit < most { return .tooLargeForThread }
            return .refused(.bodyTooLarge, reason: GzipError.overLimit.description)
        } catch {
            let delivery = ReadRequest(received, received: received, arrival)
            return unreadable(delivery, error.description, trace: &trace, scratch: &scratch)
        }
    }

    /// A verified request with its body decompressed.
    struct ReadRequest: ~Escapable {
        let request: RequestView
        /// As received.
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

    /// - Parameter reading: of the same body; `nil` if it was not read yet. Released here.
    private func read<Trace: RouteTrace>(
        _ request: borrowing RequestView, received: borrowing RequestView, _ arrival: borrowing RequestArrival,
        reading: inout EarlyReading?, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        let delivery = ReadRequest(request, received: received, arrival)
        let areLines = parts.elements?.areLines == true
        if areLines { release(&reading, &scratch) }
        let before = scratch.charge.bytes - (reading?.charged ?? 0)
        if reading == nil {
            let memory = areLines ? request.body.count + 2 : parts.body.memory(for: request)
            guard scratch.charge.take(memory, isVerified: isVerified) else { return .memoryFull }
        }
        let taken = scratch.charge.bytes - before
        let outcome =
            areLines
            ? lines(delivery, trace: &trace, scratch: &scratch)
            : document(delivery, reading: &reading, trace: &trace, scratch: &scratch)
        // The document has been released.
        scratch.charge.giveBack(downTo: scratch.charge.bytes - taken)
        return outcome
    }

    private func release(_ reading: inout EarlyReading?, _ scratch: inout RouteScratch) {
        guard let charged = reading?.charged else { return }
        reading = nil
        scratch.charge.giveBack(downTo: scratch.charge.bytes - charged)
    }

    private func document<Trace: RouteTrace>(
        _ delivery: borrowing ReadRequest, reading early: inout EarlyReading?, trace: inout Trace,
        scratch: inout RouteScratch
    ) -> RouteOutcome {
        let reading = early?.result ?? parts.body.read(delivery.request)
        early = nil
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

    /// Each line is a separate JSON text: one that continues on the next line would change the elements. A body that is
    /// one array contains its elements, because a sender may offer both formats.
    private func lines<Trace: RouteTrace>(
        _ delivery: borrowing ReadRequest, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
        let json = BodyReader.json(in: delivery.request.body)
        if BodyReader.firstByte(of: json) == UInt8(ascii: "["),
            (try? JSONScanner.scan(json, paths: paths, into: &scratch.findings)) != nil
        {
            if Trace.isRecording { trace.add(linesStep(delivery, isArray: true, trace.source)) }
            return scanned(json, isForm: false, delivery, trace: &trace, scratch: &scratch)
        }
        let lines = JSONLines(delivery.request.body)
        if Trace.isRecording { trace.add(linesStep(delivery, isArray: false, trace.source)) }
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
        return scanned(document, isForm: isForm, delivery, isWhole: isWhole, trace: &trace, scratch: &scratch)
    }

    private func scanned<Trace: RouteTrace>(
        _ document: Span<UInt8>, isForm: Bool, _ delivery: borrowing ReadRequest,
        isWhole: ((borrowing DeliveryContext) -> Bool)? = nil, trace: inout Trace, scratch: inout RouteScratch
    ) -> RouteOutcome {
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
        return applyRules(to: context, delivery.arrival.share, trace: &trace, scratch: &scratch)
    }

    /// An unreadable body matches no rule, unless the head alone decides that nothing is stored. It may still have a
    /// key in its head.
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
