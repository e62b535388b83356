package import SluiceBase
internal import SluiceCrypto
internal import SluiceInflate
internal import SluiceJSON

extension Route {
    /// Verifies the request. The reason for the refusal, or `nil` if it is valid.
    ///
    /// Runs on an event-loop thread, synchronously, without locks; touches nothing but its arguments.
    ///
    /// - Parameters:
    ///   - receivedAtMilliseconds: the wall clock, against which timestamps are held.
    ///   - scratch: the thread's own.
    package func refusal(
        unverified request: borrowing RequestView, receivedAtMilliseconds: Int64, scratch: inout RouteScratch
    ) -> RouteOutcome? {
        let before = scratch.charge.bytes
        defer { scratch.charge.giveBack(downTo: before) }
        // A part of the signature stands in the body: that is read before anything is known of its sender.
        if verifierReadsBody, !scratch.charge.take(parts.body.memory(for: request)) { return .memoryFull }
        return parts.verifier.refusal(
            of: request, receivedAtMilliseconds: receivedAtMilliseconds, findings: &scratch.findings
        )
        .map { .refused($0.code, reason: $0.reason) }
    }

    private var verifierReadsBody: Bool {
        if case .signature(let verifier) = parts.verifier { verifier.scheme.readsBody } else { false }
    }

    /// What it costs to verify and to read a request, in bytes of a body that an unauthenticated client cannot have
    /// read: more secrets cost more, and a body that is read before anything is known of its sender counts 32 times,
    /// for such a one may be as slow to read as there is: 40 ns a byte. What gzip holds is not known yet.
    package func work(for request: borrowing RequestView) -> Int {
        guard case .signature(let verifier) = parts.verifier else { return request.body.count * 32 }
        let sixteenths = 16 + verifier.secrets.count + (verifierReadsBody ? 31 * 16 : 0)
        return request.body.count * sixteenths / 16
    }

    /// Renders what a request becomes that was verified, now or when it came, in one pass over its body.
    ///
    /// Runs on an event-loop thread, synchronously, without locks; touches nothing but its arguments.
    ///
    /// - Parameters:
    ///   - request: complete, with its body.
    ///   - deliveryID: the new delivery's id.
    ///   - share: what of it is rendered; less than all for a dead letter that is about less.
    ///   - scratch: the thread's own.
    package func processVerified(
        _ request: borrowing RequestView, receivedAtMilliseconds: Int64, deliveryID: String,
        share: DeliveryShare = .all,
        scratch: inout RouteScratch
    ) -> RouteOutcome {
        process(
            request, receivedAtMilliseconds: receivedAtMilliseconds, deliveryID: deliveryID, share: share,
            recorder: nil, scratch: &scratch)
    }

    /// The same.
    ///
    /// - Parameter recorder: where the steps are written down; `nil` where nobody asks.
    func process(
        _ request: borrowing RequestView, receivedAtMilliseconds: Int64, deliveryID: String, share: DeliveryShare,
        recorder: DeliveryRecorder?, scratch: inout RouteScratch
    ) -> RouteOutcome {
        defer { scratch.trim() }
        scratch.isTooLargeForThread = false
        if let name = keyHeaderStandingTwice(in: request) {
            return .refused(.malformedRequest, reason: "the header \(name), which the unique key uses, is repeated")
        }
        let arrival = Arrival(
            received: copy request, deliveryID: deliveryID, receivedAtMilliseconds: receivedAtMilliseconds,
            share: share,
            recorder: recorder)
        let coding = ContentCoding.of(request.headers)
        // A dead letter can come back after the route has ceased to take gzip.
        if coding == .other || coding == .gzip && !acceptsGzip {
            return .refused(.contentEncodingNotSupported, reason: ErrorCode.contentEncodingNotSupported.title)
        }
        // Like the content type, the header counts only where nobody can have changed it.
        let isGzip = parts.trustsContentEncoding ? coding == .gzip : acceptsGzip && ContentCoding.isGzip(request.body)
        return isGzip ? inflated(arrival, &scratch) : read(request, arrival, &scratch)
    }

    /// A delivery before its body is read.
    private struct Arrival: ~Escapable {
        /// As it came.
        let received: RequestView
        let deliveryID: String
        let receivedAtMilliseconds: Int64
        let share: DeliveryShare
        let recorder: DeliveryRecorder?

        @_lifetime(copy received)
        init(
            received: RequestView, deliveryID: String, receivedAtMilliseconds: Int64, share: DeliveryShare,
            recorder: DeliveryRecorder?
        ) {
            self.received = received
            self.deliveryID = deliveryID
            self.receivedAtMilliseconds = receivedAtMilliseconds
            self.share = share
            self.recorder = recorder
        }
    }

    /// The signature is over the body as received; all that comes behind it sees what the sender had before gzip.
    private func inflated(_ arrival: borrowing Arrival, _ scratch: inout RouteScratch) -> RouteOutcome {
        // No stream grows more (RFC 1951: 258 bytes for two bits).
        let most = min(arrival.received.body.count * 1032, bodyLimit.bytes)
        let limit = min(most, scratch.mostInflatedBytes ?? most)
        let before = scratch.charge.bytes
        guard scratch.charge.take(limit) else { return .memoryFull }
        do throws(GzipError) {
            let body = try Gzip.inflate(arrival.received.body, limit: limit)
            scratch.charge.giveBack(downTo: before + body.count)
            arrival.recorder?.noteInflated(to: body.count)
            let request = RequestView(
                method: arrival.received.method, target: arrival.received.target, headers: arrival.received.headers,
                body: body.span,
                peer: arrival.received.peer)
            return read(request, arrival, &scratch)
        } catch .overLimit {
            scratch.isTooLargeForThread = limit < most
            return .refused(.bodyTooLarge, reason: GzipError.overLimit.description)
        } catch {
            return unreadable(arrival.received, arrival, error.description, &scratch)
        }
    }

    private func read(_ request: borrowing RequestView, _ arrival: borrowing Arrival, _ scratch: inout RouteScratch)
        -> RouteOutcome
    {
        let before = scratch.charge.bytes
        let areLines = parts.elements?.areLines == true
        guard scratch.charge.take(areLines ? request.body.count + 2 : parts.body.memory(for: request)) else {
            return .memoryFull
        }
        let taken = scratch.charge.bytes - before
        let outcome = areLines ? lines(request, arrival, &scratch) : document(of: request, arrival, &scratch)
        // The document is gone.
        scratch.charge.giveBack(downTo: scratch.charge.bytes - taken)
        return outcome
    }

    private func document(
        of request: borrowing RequestView, _ arrival: borrowing Arrival, _ scratch: inout RouteScratch
    ) -> RouteOutcome {
        let reading = parts.body.read(request)
        arrival.recorder?.note(reading, parts.body, request)
        switch reading {
        case .asReceived: return scanned(request, BodyReader.json(in: request.body), isForm: false, arrival, &scratch)
        case .json(let document): return scanned(request, document.span, isForm: false, arrival, &scratch)
        case .untyped(let document): return scanned(request, document.span, isForm: true, arrival, &scratch)
        case .unreadable(let why): return unreadable(request, arrival, why, &scratch)
        }
    }

    private func keyHeaderStandingTwice(in request: borrowing RequestView) -> HeaderName? {
        for name in keyHeaders {
            guard let first = request.headers.firstIndex(of: name) else { continue }
            if request.headers.firstIndex(of: name, from: first + 1) != nil { return name }
        }
        return nil
    }

    /// Each line is a JSON text by itself: one that goes on in the next would make other elements than the lines are.
    private func lines(_ request: borrowing RequestView, _ arrival: borrowing Arrival, _ scratch: inout RouteScratch)
        -> RouteOutcome
    {
        let lines = JSONLines(request.body)
        arrival.recorder?.noteLines()
        let isWhole: (borrowing DeliveryContext) -> Bool = { context in
            for (element, range) in lines.lines.enumerated() {
                guard context.findings.range(of: 0, item: element) == range else { return false }
            }
            return context.findings.itemCount == lines.count
        }
        return scanned(request, lines.document.span, isForm: false, arrival, &scratch, isWhole: isWhole)
    }

    private func scanned(
        _ request: borrowing RequestView, _ document: Span<UInt8>, isForm: Bool, _ arrival: borrowing Arrival,
        _ scratch: inout RouteScratch, isWhole: ((borrowing DeliveryContext) -> Bool)? = nil
    ) -> RouteOutcome {
        do {
            try JSONScanner.scan(document, paths: paths, into: &scratch.findings)
        } catch {
            return unreadable(request, arrival, error.description, &scratch)
        }
        let context = DeliveryContext(
            request: copy request, received: arrival.received, document: document, isForm: isForm,
            findings: scratch.findings, route: self,
            deliveryID: arrival.deliveryID, receivedAtMilliseconds: arrival.receivedAtMilliseconds,
            bodyDigest: Hash.digest(.sha256, request.body))
        if let isWhole, !isWhole(context) {
            return unreadable(request, arrival, "a line of the body is not a complete JSON text", &scratch)
        }
        return outcome(context, arrival.share, arrival.recorder, &scratch.charge)
    }

    /// What cannot be read has no rule; its key may still be there, if it is in the head.
    private func unreadable(
        _ request: borrowing RequestView, _ arrival: borrowing Arrival, _ why: String, _ scratch: inout RouteScratch
    ) -> RouteOutcome {
        arrival.recorder?.noteUnreadable(why)
        switch parts.onUnreadable {
        case .reject: return .refused(.bodyUnreadable, reason: why)
        case .deadLetter: break
        }
        let context = DeliveryContext(
            request: copy request, received: arrival.received, document: request.body.extracting(0..<0), isForm: false,
            findings: JSONFindings(), route: self, deliveryID: arrival.deliveryID,
            receivedAtMilliseconds: arrival.receivedAtMilliseconds,
            bodyDigest: Hash.digest(.sha256, request.body))
        let letter = DeadLetter(reason: .bodyUnreadable, detail: why, share: .all)
        return buried(letter, context, arrival.recorder, &scratch.charge)
    }
}

extension Route {
    /// A delivery with nothing in it yet.
    func delivery(_ context: borrowing DeliveryContext) -> Delivery {
        Delivery(
            id: context.deliveryID, route: name, receivedAtMilliseconds: context.receivedAtMilliseconds,
            dedupeWindow: parts.dedupeWindow, onChangedBody: parts.onChangedBody, keepsRequest: parts.keepsRequest,
            repairedSurrogates: context.findings.loneSurrogates.count)
    }
}
