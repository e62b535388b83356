internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// A secret of a route, ready for use.
package struct VerifierSecret: Sendable {
    package let key: VerifierKey
    package let source: SecretSource
    /// The secret as configured, only for explanations.
    let text: [UInt8]?

    package init(key: VerifierKey, source: SecretSource, text: [UInt8]? = nil) {
        self.key = key
        self.source = source
        self.text = text
    }
}

/// Verifies requests by a scheme and any of some secrets. A class, because a struct would retain all of its members for
/// each request.
package final class SignatureVerifier: Sendable {
    package let scheme: SignatureScheme
    private let configured: [VerifierSecret]
    /// The secrets that the route has learnt; `nil` if it does not learn any.
    private let learnt: LearntKeys?
    let body: BodyReader
    let publicURL: PublicURL?
    /// The fetched keys; `nil` if none are fetched.
    let keys: RemoteKeyStore?
    /// The handshakes that sign tokens for anyone with one of the secrets.
    private let tokenSigners: [TokenSigner]

    package init(
        scheme: SignatureScheme, secrets: [VerifierSecret], body: BodyReader, publicURL: PublicURL?,
        keys: RemoteKeyStore? = nil, learnt: LearntKeys? = nil, tokenSigners: [TokenSigner] = []
    ) {
        self.scheme = scheme
        configured = secrets
        self.learnt = learnt
        self.body = body
        self.publicURL = publicURL
        self.keys = keys
        self.tokenSigners = tokenSigners
    }

    /// Returns a verifier that refuses texts that handshakes sign for any client.
    ///
    /// - Parameter own: those of the route.
    func refusing(tokensOf signers: [TokenSigner], own: [TokenSigner]) -> SignatureVerifier {
        let others = signers.filter { signer in !own.contains { $0.key === signer.key } }
        // A secret that the route learns later may be any of theirs.
        let sharing =
            own.filter { signer in learnt != nil || configured.contains { signer.signs(for: $0, isOwn: true) } }
            + others.filter { signer in learnt != nil || configured.contains { signer.signs(for: $0, isOwn: false) } }
        if sharing.isEmpty { return self }
        return SignatureVerifier(
            scheme: scheme, secrets: configured, body: body, publicURL: publicURL, keys: keys, learnt: learnt,
            tokenSigners: sharing)
    }

    /// The secrets, any of which may match, so that a secret can be replaced without a gap. Not empty, unless keys are
    /// fetched or learnt.
    package var secrets: [VerifierSecret] {
        guard let learnt else { return configured }
        return learnt.secrets(for: scheme) + configured
    }

    /// The same verifier with other secrets.
    func replacing(secrets: [VerifierSecret]) -> SignatureVerifier {
        SignatureVerifier(scheme: scheme, secrets: secrets, body: body, publicURL: publicURL)
    }

    /// The maximum cost of comparing a request's signatures, in the unit of `Route.work`.
    ///
    /// An HMAC is computed once for all entries; a public key verifies each of them.
    func work(for request: borrowing RequestView) -> Int {
        let comparisons = (secrets.count + (keys == nil ? 0 : 1)) * scheme.maximumTexts(of: publicURL)
        guard scheme.usesPublicKey else { return request.body.count * comparisons / 16 }
        return (request.body.count + Self.verification) * comparisons * scheme.maximumEntries(in: request)
    }

    /// The maximum cost of what is parsed before the signatures are compared, in the same unit.
    func parsingWork(for request: borrowing RequestView) -> Int {
        if scheme.token != nil { return scheme.location.maximumLength(in: request) * Self.parsingToken }
        return scheme.readsBody || scheme.readsForm ? request.body.count * Self.parsing : 0
    }

    /// The cost of a signature of a public key, without hashing its text. Measured: Ed25519 takes 120 µs, ECDSA and RSA
    /// with 4096 bits 90 µs. Only one fits on an event loop, which handles 16 requests of a connection in a turn.
    static let verification = 129 * 1024
    /// The cost of a byte of a form or of JSON, of which the slowest takes 48 ns.
    static let parsing = 31
    /// The cost of a byte of a token, of which the slowest takes 99 ns.
    private static let parsingToken = 80

    /// Returns if the request is valid.
    ///
    /// Checks of the head come first, so that a request is refused for the same reason before and after its body is
    /// read.
    ///
    /// - Parameters:
    ///   - reading: of the body; `nil` to read it if `scheme.readsBody`.
    ///   - findings: the thread's own.
    ///   - recorder: records the steps; `nil` when serving.
    func verify(
        _ request: borrowing RequestView, reading: BodyReading?, _ nowMilliseconds: Int64,
        findings: inout JSONFindings, recorder: VerificationRecorder?
    ) throws(VerificationError) {
        if recorder == nil, let signature = soleSignature(of: request) {
            return try judge(signature, over: request.body)
        }
        try read(request, reading: reading, &findings) { signed throws(VerificationError) in
            guard scheme.hasItems else { return try judge(signed, nowMilliseconds, recorder: recorder) }
            try judgeItems(of: signed, nowMilliseconds, recorder: recorder)
        }
    }

    /// Verifies each element by its own signature; all must match.
    private func judgeItems(
        of request: borrowing SignedRequest, _ nowMilliseconds: Int64, recorder: VerificationRecorder?
    ) throws(VerificationError) {
        let (count, misses) = (request.findings?.itemCount ?? 0, request.findings?.itemMisses ?? 0)
        guard count > 0, misses == 0 else {
            throw .absent("the array in the body whose elements are signed is missing or empty")
        }
        guard count <= JSONFindings.maximumItems else {
            throw .invalid("the array in the body has more than \(JSONFindings.maximumItems) elements")
        }
        var item = copy request
        for index in 0..<count {
            item.item = index
            try judge(item, nowMilliseconds, recorder: recorder)
        }
    }

    /// Refuses a request whose head shows that it cannot be valid: a missing, repeated or malformed signature,
    /// timestamp or id, or a timestamp out of tolerance. Ignores the body.
    func checkHead(_ request: borrowing RequestView, nowMilliseconds: Int64) throws(VerificationError) {
        if soleSignature(of: request) != nil { return }
        let signed = SignedRequest(
            request: copy request, document: request.body.extracting(0..<0), findings: nil, publicURL: publicURL)
        if !scheme.location.isInBody {
            let entries = try scheme.entries(in: signed)
            guard entries.holdSignature else { throw entries.refusal(scheme.location.noun) }
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
        guard entries.holdSignature else {
            noteMistakes(entries, in: request, recorder)
            throw entries.refusal(scheme.location.noun)
        }
        if let token = scheme.token {
            try judge(entries, by: token, in: request, at: nowMilliseconds, recorder: recorder)
        } else {
            try judge(entries, in: request, at: nowMilliseconds, recorder: recorder)
        }
        guard scheme.keySource == nil else { return }
        do throws(VerificationError) { try checkRequirements(of: request) } catch {
            var error = error
            error.hasMatch = true
            throw error
        }
    }

    private func checkRequirements(of request: borrowing SignedRequest) throws(VerificationError) {
        for requirement in scheme.requirements { try requirement.check(request) }
    }

    /// Returns the key to fetch, after all checks that need no key; `nil` if the route has secrets.
    private func keyNeed(
        of request: borrowing SignedRequest, keyID: String? = nil
    ) throws(VerificationError) -> RequiredKey? {
        guard let source = scheme.keySource else { return nil }
        try checkRequirements(of: request)
        return try source.need(of: request, keyID: keyID)
    }

    private func judge(
        _ entries: SignatureEntries, in request: borrowing SignedRequest, at nowMilliseconds: Int64,
        recorder: VerificationRecorder?
    ) throws(VerificationError) {
        let timestamp = try scheme.timestamp?.text(in: request)
        recorder?.note(timestamp, scheme.timestamp, nowMilliseconds: nowMilliseconds)
        let expiry = timestamp.flatMap { scheme.timestamp?.expiry($0, nowMilliseconds) }
        // An explanation also says whether the signature of an old request matches.
        if recorder == nil, let expiry { throw expiry }
        var texts: [SignedText]
        do throws(VerificationError) { texts = try scheme.texts(of: request, timestamp: timestamp) } catch {
            throw expiry ?? error
        }
        let count = texts.count
        for signer in tokenSigners { texts.removeAll { signer.signs($0, body: request.request.body) } }
        if texts.isEmpty, count > 0 { throw .token }
        let need = try keyNeed(of: request)
        recorder?.note(texts, body: request.request.body)
        var isMatch = matches(entries, texts, body: request.request.body, recorder: recorder)
        if let expiry { throw expiry }
        if !isMatch, let key = try fetchedKey(need, nowMilliseconds) {
            isMatch = texts.contains { !key.matches(entries, over: $0, body: request.request.body).isEmpty }
        }
        guard isMatch else {
            if texts.count < count { throw .token }
            noteMistakes(entries, in: request, recorder)
            throw mismatch { () throws(VerificationError) in try checkRequirements(of: request) }
        }
    }

    /// The key of the certificate; `nil` if none is used.
    private func fetchedKey(_ need: RequiredKey?, _ nowMilliseconds: Int64) throws(VerificationError) -> VerifierKey? {
        guard let need, let keys, case .publicKey(let algorithm)? = scheme.algorithm.keyKind else { return nil }
        // Nothing is fetched for requests that `sluice send` generated and changed.
        if !secrets.isEmpty, scheme.keySource?.isExample(need.url) == true { return nil }
        return .verifying(try keys.certificateKey(need, algorithm, nowMilliseconds: nowMilliseconds))
    }

    /// Searches for common mistakes, only for explanations.
    private func noteMistakes(
        _ entries: SignatureEntries, in request: borrowing SignedRequest, _ recorder: VerificationRecorder?
    ) {
        guard let recorder else { return }
        let timestamp = (try? scheme.timestamp?.text(in: request)) ?? nil
        let mistakes = CommonMistakes(verifier: self, entries: entries, timestamp: timestamp)
        recorder.account.hints = mistakes.found(in: request)
    }

    /// Compares each entry with each secret, even after a match, so that the time does not show which one it was. The
    /// texts are not secret: comparing ends after the first one that matches.
    private func matches(
        _ entries: SignatureEntries, _ texts: [SignedText], body: Span<UInt8>, recorder: VerificationRecorder?
    ) -> Bool {
        if scheme.algorithm.carriesSecret { return matches(recorder) { $0.matches(entries) } }
        return texts.contains { text in matches(recorder) { $0.matches(entries, over: text, body: body) } }
    }

    private func matches(_ recorder: VerificationRecorder?, _ found: (VerifierKey) -> [Int]) -> Bool {
        var matches = false
        for (position, secret) in secrets.enumerated() {
            for entry in found(secret.key) {
                matches = true
                recorder?.noteMatch(entry: entry, secret: position)
            }
        }
        return matches
    }

    /// Checks the claims of a token once its signature matches.
    private func judge(
        _ entries: SignatureEntries, by scheme: TokenScheme, in request: borrowing SignedRequest,
        at nowMilliseconds: Int64, recorder: VerificationRecorder?
    ) throws(VerificationError) {
        guard case .signature(let text)? = entries.list.first, entries.list.count == 1 else {
            throw .invalid("\(self.scheme.location.noun) contains more than one token")
        }
        let token = try Token(text)
        guard scheme.algorithms.contains(where: { $0.rawValue == token.algorithm }) else {
            throw .invalid("the token's algorithm is not one of 'algs'")
        }
        let need = try keyNeed(of: request, keyID: token.keyID)
        if need != nil { try scheme.check(token.claims, of: request, nowMilliseconds: nowMilliseconds) }
        recorder?.note([SignedText(pieces: [.bytes(token.text)])], body: request.request.body)
        var isMatch = matches(token, recorder: recorder)
        if !isMatch, let need { isMatch = try matches(token, fetched: need, nowMilliseconds: nowMilliseconds) }
        guard isMatch else {
            throw mismatch { () throws(VerificationError) in
                try scheme.check(token.claims, of: request, nowMilliseconds: nowMilliseconds)
                try checkRequirements(of: request)
            }
        }
        if need == nil { try scheme.check(token.claims, of: request, nowMilliseconds: nowMilliseconds) }
    }

    private func matches(_ token: Token, recorder: VerificationRecorder?) -> Bool {
        var isMatch = false
        for (position, secret) in secrets.enumerated() {
            guard case .tokens(let keys) = secret.key else { continue }
            for key in keys where key.algorithm.rawValue == token.algorithm && key.verifies(token) {
                isMatch = true
                recorder?.noteMatch(entry: 0, secret: position)
            }
        }
        return isMatch
    }

    private func matches(
        _ token: Token, fetched need: RequiredKey, nowMilliseconds: Int64
    ) throws(VerificationError) -> Bool {
        guard let keys, let algorithm = JWTAlgorithm(rawValue: token.algorithm) else { return false }
        guard let id = token.keyID else { throw .missingKeyID }
        // Nothing is fetched for requests that `sluice send` generated and changed.
        if !secrets.isEmpty, id == KeySource.exampleKeyID { return false }
        let found = try keys.tokenKeys(need, id: id, algorithm, nowMilliseconds: nowMilliseconds)
        return found.contains { $0.verifies(token) }
    }

    /// The refusal if no signature matches.
    ///
    /// - Parameter check: throws if something besides the signature is wrong, so that another secret would not help.
    private func mismatch(
        besides check: () throws(VerificationError) -> Void = { () throws(VerificationError) in }
    ) -> VerificationError {
        guard scheme.keySource == nil else { return .invalid("\(scheme.location.noun) does not match the key") }
        var error = VerificationError.invalid("\(scheme.location.noun) does not match any secret of the route")
        do throws(VerificationError) {
            try check()
            error.awaitsSecret = true
        } catch let other { error.isByRequirement = other.isByRequirement }
        return error
    }
}

extension SignatureVerifier {
    /// A short path for the signature of most providers' requests: a single one, in one line, over nothing but the
    /// body.
    ///
    /// - Returns: `nil` for any other scheme, and for a request that needs the full checks.
    private func soleSignature(of request: borrowing RequestView) -> [UInt8]? {
        guard let header = scheme.soleHeader, tokenSigners.isEmpty, let index = request.headers.firstIndex(of: header),
            request.headers.firstIndex(of: header, from: index + 1) == nil
        else { return nil }
        let value = request.headers.value(at: index)
        let prefix = scheme.format.prefix
        guard value.begins(with: prefix.span), value.count <= SignatureEntries.longestSignature else { return nil }
        let text = value.extracting(prefix.count..<value.count)
        return text.isEmpty ? nil : scheme.format.decode(text)
    }

    private func judge(_ signature: [UInt8], over body: Span<UInt8>) throws(VerificationError) {
        var matches = false
        for secret in secrets {
            guard case .hmac(let key) = secret.key else { continue }
            let digest = key.authenticate(body)
            if constantTimeEquals(digest.span, signature.span) { matches = true }
        }
        guard matches else { throw mismatch() }
    }
}

extension SignatureVerifier {
    /// Passes the request to `body` as the scheme's references see it.
    ///
    /// If a part of the signature is in the body, the body is searched before the sender is verified: in one pass,
    /// bounded by its size and by the depth of JSON.
    func read<Result>(
        _ request: borrowing RequestView, reading: BodyReading?, _ findings: inout JSONFindings,
        judge: (borrowing SignedRequest) throws(VerificationError) -> Result
    ) throws(VerificationError) -> Result {
        guard scheme.readsBody else {
            return try judge(
                SignedRequest(
                    request: copy request, document: request.body.extracting(0..<0), findings: nil, publicURL: publicURL
                ))
        }
        switch reading ?? body.read(request) {
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
