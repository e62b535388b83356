internal import SluiceBase
package import SluiceCrypto
internal import SluiceJSON

/// A secret of a route, ready for use.
package struct VerifierSecret: Sendable {
    let key: HMACKey
    let source: SecretSource

    package init(key: HMACKey, source: SecretSource) {
        self.key = key
        self.source = source
    }
}

/// Verifies requests by a scheme and any of some secrets. A class, because all that is in it would be retained for each
/// request otherwise.
package final class SignatureVerifier: Sendable {
    package let scheme: SignatureScheme
    /// Any of them may match, so that a secret can be replaced without a gap. Not empty.
    let secrets: [VerifierSecret]
    let body: BodyReader
    let publicURL: PublicURL?

    package init(scheme: SignatureScheme, secrets: [VerifierSecret], body: BodyReader, publicURL: PublicURL?) {
        self.scheme = scheme
        self.secrets = secrets
        self.body = body
        self.publicURL = publicURL
    }

    /// Returns if the request is valid.
    ///
    /// All that the head alone can tell comes first, so that a request is refused for the same reason before and after
    /// its body is read.
    ///
    /// - Parameters:
    ///   - findings: the thread's own.
    ///   - recorder: where the steps are written down; `nil` where nobody asks.
    func verify(
        _ request: borrowing RequestView, _ nowMilliseconds: Int64, findings: inout JSONFindings,
        recorder: VerificationRecorder?
    ) throws(VerificationError) {
        if recorder == nil, let signature = soleSignature(of: request) {
            return try judge(signature, over: request.body)
        }
        try read(request, &findings) { signed throws(VerificationError) in
            try judge(signed, nowMilliseconds, recorder: recorder)
        }
    }

    /// Refuses a request by its head where that shows already that it cannot be valid: a signature, timestamp or id
    /// that is missing, stands twice or is malformed, or a timestamp out of tolerance. What stands in the body is not
    /// looked at.
    func checkHead(_ request: borrowing RequestView, nowMilliseconds: Int64) throws(VerificationError) {
        if soleSignature(of: request) != nil { return }
        let signed = SignedRequest(
            request: copy request, document: request.body.extracting(0..<0), findings: nil, publicURL: publicURL)
        if !scheme.place.isInBody {
            let entries = try scheme.entries(in: signed)
            guard entries.holdSignature else { throw entries.refusal(scheme.place.noun) }
        }
        if let timestamp = scheme.timestamp, !timestamp.reference.source.isOfBody {
            if let expiry = timestamp.expiry(try timestamp.text(in: signed), nowMilliseconds) { throw expiry }
        }
        if let id = scheme.id, !id.source.isOfBody { _ = try scheme.id(in: signed) }
    }

    private func judge(
        _ request: borrowing SignedRequest, _ nowMilliseconds: Int64, recorder: VerificationRecorder?
    ) throws(VerificationError) {
        let entries = try scheme.entries(in: request)
        recorder?.note(entries)
        guard entries.holdSignature else { throw entries.refusal(scheme.place.noun) }
        let timestamp = try scheme.timestamp?.text(in: request)
        recorder?.note(timestamp, scheme.timestamp, nowMilliseconds: nowMilliseconds)
        let expiry = timestamp.flatMap { scheme.timestamp?.expiry($0, nowMilliseconds) }
        // A person is told as well whether the signature of an old request matches.
        if recorder == nil, let expiry { throw expiry }
        let text: SignedText
        do throws(VerificationError) { text = try scheme.text(of: request, timestamp: timestamp) } catch {
            throw expiry ?? error
        }
        recorder?.note(text, body: request.request.body)
        let isMatch = matches(entries, text, body: request.request.body, recorder: recorder)
        if let expiry { throw expiry }
        guard isMatch else { throw noMatch }
    }

    /// Each entry is held against each secret whichever matches, so that the time does not tell which one it was.
    private func matches(
        _ entries: SignatureEntries, _ text: SignedText, body: Span<UInt8>, recorder: VerificationRecorder?
    ) -> Bool {
        var matches = false
        for (position, secret) in secrets.enumerated() {
            let digest = text.authenticate(secret.key, body: body)
            for (entry, found) in entries.list.enumerated() {
                guard case .signature(let signature) = found, constantTimeEquals(digest.span, signature.span) else {
                    continue
                }
                matches = true
                recorder?.noteMatch(entry: entry, secret: position)
            }
        }
        return matches
    }

    private var noMatch: VerificationError { .invalid("\(scheme.place.noun) does not match any secret of the route") }
}

extension SignatureVerifier {
    /// The signature of most providers' requests, read without ceremony: the only one, in one line, over nothing but
    /// the body.
    ///
    /// - Returns: `nil` for any other scheme, and for a request of which there is more to say.
    private func soleSignature(of request: borrowing RequestView) -> [UInt8]? {
        guard let header = scheme.soleHeader, let index = request.headers.firstIndex(of: header),
            request.headers.firstIndex(of: header, from: index + 1) == nil
        else { return nil }
        let value = request.headers.value(at: index)
        let prefix = scheme.form.prefix
        guard value.hasPrefix(prefix.span), value.count <= SignatureEntries.longest else { return nil }
        let text = value.extracting(prefix.count..<value.count)
        return text.isEmpty ? nil : scheme.form.encoding.decode(text)
    }

    private func judge(_ signature: [UInt8], over body: Span<UInt8>) throws(VerificationError) {
        var matches = false
        for secret in secrets {
            let digest = secret.key.authenticate(body)
            if constantTimeEquals(digest.span, signature.span) { matches = true }
        }
        guard matches else { throw noMatch }
    }
}

extension SignatureVerifier {
    /// Lends the request as the references of the scheme see it.
    ///
    /// Where a part of the signature stands in the body, that is looked through before anything is known of who sent
    /// it: in one pass, bounded by the body's size and by the depth of JSON.
    func read<Result>(
        _ request: borrowing RequestView, _ findings: inout JSONFindings,
        judge: (borrowing SignedRequest) throws(VerificationError) -> Result
    ) throws(VerificationError) -> Result {
        guard scheme.readsBody else {
            return try judge(
                SignedRequest(
                    request: copy request, document: request.body.extracting(0..<0), findings: nil, publicURL: publicURL
                ))
        }
        switch body.read(request) {
        case .asReceived: return try judge(scanned(request, BodyReader.json(in: request.body), findings: &findings))
        case .json(let document), .untyped(let document):
            return try judge(scanned(request, document.span, findings: &findings))
        case .unreadable(let why): throw Self.unreadable(why)
        }
    }

    @_lifetime(copy request, copy document)
    private func scanned(
        _ request: borrowing RequestView, _ document: Span<UInt8>, findings: inout JSONFindings
    ) throws(VerificationError) -> SignedRequest {
        do {
            try JSONScanner.scan(document, paths: scheme.paths, into: &findings)
        } catch {
            throw Self.unreadable(error.description)
        }
        return SignedRequest(request: copy request, document: document, findings: findings, publicURL: publicURL)
    }

    private static func unreadable(_ why: String) -> VerificationError {
        .missing("the body, which contains a part of the signature, cannot be parsed: \(why)")
    }
}
