internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

extension SignatureVerifier {
    /// Returns the request with everything that makes it valid: the signature, and the signed values that it lacks.
    ///
    /// - Parameter request: without its signature; one in the query or the body is replaced.
    func sign(_ request: RequestToSign, at nowMilliseconds: Int64, id: String) throws(SigningError) -> RequestToSign {
        if let header = scheme.location.headers.first, scheme.location.headers.contains(where: { request.holds($0) }) {
            throw SigningError(message: "the request already has the header \(header)")
        }
        var signed = request
        for item in 0..<(try itemCount(of: request)) {
            var signer = RequestSigner(
                verifier: self, nowMilliseconds: nowMilliseconds, id: id, item: item, request: signed)
            try signer.sign()
            signed = signer.request
        }
        try refuseSignedSignature(signed, at: nowMilliseconds)
        return signed
    }

    /// Throws if a signature outside of the headers is part of the signed text, which makes signing impossible.
    private func refuseSignedSignature(_ request: RequestToSign, at nowMilliseconds: Int64) throws(SigningError) {
        guard case .value = scheme.location else { return }
        do throws(VerificationError) {
            try request.withView { view throws(VerificationError) in
                var findings = JSONFindings()
                try verify(view, reading: nil, nowMilliseconds, findings: &findings, recorder: nil)
            }
        } catch {
            guard error.code == .signatureInvalid else { return }
            throw SigningError(
                message:
                    "the request cannot be signed: \(scheme.location.noun), which contains the signature, is itself "
                    + "signed")
        }
    }

    private func itemCount(of request: RequestToSign) throws(SigningError) -> Int {
        guard scheme.hasItems else { return 1 }
        let count = try reading(request) { $0.findings?.itemCount ?? 0 }
        guard count > 0 else { throw SigningError(message: "the body has no element to sign") }
        return count
    }

    /// Passes a request that is being signed to `body` as the scheme's references see it.
    fileprivate func reading<Result>(
        _ request: RequestToSign, _ body: (borrowing SignedRequest) throws(VerificationError) -> Result
    ) throws(SigningError) -> Result {
        do throws(VerificationError) {
            return try request.withView { view throws(VerificationError) in
                var findings = JSONFindings()
                return try read(view, reading: nil, &findings, judge: body)
            }
        } catch {
            throw SigningError(message: "the request cannot be signed: \(error.reason)")
        }
    }
}

/// Signs one request, or one element of it.
private struct RequestSigner {
    let verifier: SignatureVerifier
    let nowMilliseconds: Int64
    let id: String
    let item: Int
    var request: RequestToSign

    private var scheme: SignatureScheme { verifier.scheme }

    mutating func sign() throws(SigningError) {
        if let id = scheme.id, try isAbsent(id) { try set(scheme.idPattern.adapted(self.id), at: id) }
        let besides = try addTimestamp()
        if let key = scheme.keySource?.example, try isAbsent(key.reference) { try set(key.url, at: key.reference) }
        try setRequiredValues()
        try addMissingParts()
        let signature = try signature(besides: besides)
        try location(String(decoding: scheme.format.prefix, as: UTF8.self) + signature, besides: besides)
    }

    /// - Returns: the timestamp if it is in the same value as the signature.
    private mutating func addTimestamp() throws(SigningError) -> String? {
        guard let timestamp = scheme.timestamp else { return nil }
        let text = String(decoding: timestamp.prefix ?? [], as: UTF8.self) + timestamp.format.format(nowMilliseconds)
        if case .header(let name) = timestamp.reference.source, scheme.location.headers.contains(name) { return text }
        if try isAbsent(timestamp.reference) { try set(text, at: timestamp.reference) }
        return nil
    }

    private mutating func setRequiredValues() throws(SigningError) {
        for requirement in scheme.requirements {
            guard let text = requirement.text, try isAbsent(requirement.reference) else { continue }
            let value = try reading { request throws(VerificationError) in try request.text(text) }
            try set(String(decoding: value, as: UTF8.self), at: requirement.reference)
        }
    }

    /// Adds the signed headers and parameters that the request lacks.
    private mutating func addMissingParts() throws(SigningError) {
        if try !isAnyTextWhole() {
            for source in scheme.signed.first?.requiredSources ?? [] { try addPart(source) }
        }
    }

    private mutating func addPart(_ source: ReferenceSource) throws(SigningError) {
        if case .verifyOnly(.listedHeaders(let name)) = source {
            let others = scheme.timestamp.flatMap { timestamp -> String? in
                if case .header(let name) = timestamp.reference.source { name.description } else { nil }
            }
            let reference = Reference(source: .header(name), fallback: nil)
            if try isAbsent(reference) {
                try set([name.description, others].compactMap(\.self).joined(separator: ","), at: reference)
            }
            return
        }
        switch source {
        case .header, .query:
            let reference = Reference(source: source, fallback: nil)
            if try isAbsent(reference) { try set(id, at: reference) }
        default: break
        }
    }

    private func isAnyTextWhole() throws(SigningError) -> Bool {
        guard !scheme.signed.isEmpty else { return true }
        let timestamp = scheme.timestamp == nil ? nil : Array(scheme.timestamp?.format.format(0).utf8 ?? "".utf8)
        return try reading { request in (try? scheme.texts(of: request, timestamp: timestamp)) != nil }
    }

    private func isAbsent(_ reference: Reference) throws(SigningError) -> Bool {
        try reading { request throws(VerificationError) in try request.value(reference)?.isEmpty ?? true }
    }

    private func reading<Result>(
        _ body: (borrowing SignedRequest) throws(VerificationError) -> Result
    ) throws(SigningError) -> Result {
        let item = item
        return try verifier.reading(request) { request throws(VerificationError) in
            var request = copy request
            request.item = item
            return try body(request)
        }
    }
}

extension RequestSigner {
    /// The signature in its notation, without its prefix.
    private func signature(besides: String?) throws(SigningError) -> String {
        guard let key = verifier.secrets.first?.key else { throw Self.lacksKey }
        if scheme.algorithm.carriesSecret, case .text(let secret) = key {
            return scheme.format.encoding?.encode(secret) ?? String(decoding: secret, as: UTF8.self)
        }
        if let token = scheme.token { return try sign(token, key) }
        var complete = self
        if let besides, let header = scheme.location.headers.first {
            complete.request.headers.append(.init(header.description, besides))
        }
        let signature = try complete.reading { request throws(VerificationError) -> [UInt8]? in
            let timestamp = try scheme.timestamp?.text(in: request)
            let texts = try scheme.texts(of: request, timestamp: timestamp)
            return texts.first.flatMap { key.sign($0, body: request.request.body) }
        }
        guard let signature else { throw Self.lacksKey }
        return scheme.format.encoding?.encode(signature) ?? ""
    }

    private static var lacksKey: SigningError {
        SigningError(message: "the request cannot be signed: only the sender has the private key of this route")
    }

    /// Returns a token with the claims that the scheme requires, and if it is the body itself, with those of the body.
    private func sign(_ scheme: TokenScheme, _ key: VerifierKey) throws(SigningError) -> String {
        guard case .tokens(let keys) = key else { throw Self.lacksKey }
        let claims = try claims(scheme)
        for key in keys {
            var header: [JSONTree.Member] = [
                .init(key: "alg", value: .text(key.algorithm.rawValue)), .init(key: "typ", value: .text("JWT")),
            ]
            if self.scheme.keySource != nil { header.append(.init(key: "kid", value: .text(KeySource.exampleKeyID))) }
            let parts = [JSONTree.object(header).json, JSONTree.object(claims).json].map {
                Base64.encodeURL(Array($0.utf8))
            }
            let text = parts.joined(separator: ".")
            if let signature = key.sign(Array(text.utf8)) { return text + "." + Base64.encodeURL(signature) }
        }
        throw Self.lacksKey
    }

    private func claims(_ token: TokenScheme) throws(SigningError) -> [JSONTree.Member] {
        var claims: [JSONTree.Member] = []
        if scheme.location.isWholeBody, case .object(let members)? = JSONTree(request.body) { claims = members }
        let seconds = nowMilliseconds / 1000
        var wanted: [JSONTree.Member] = try reading { request throws(VerificationError) in
            var members: [JSONTree.Member] = []
            for (name, texts) in token.claims {
                guard let text = texts.first else { continue }
                members.append(.init(key: name, value: .text(String(decoding: try request.text(text), as: UTF8.self))))
            }
            if let hash = token.bodyHash, !request.request.body.isEmpty {
                members.append(hash.member(of: Hash.digest(.sha256, request.request.body)))
            }
            if let hash = token.urlHash, let url = request.publicURL?.url(of: request.request) {
                members.append(hash.member(of: Hash.digest(.sha256, url.span)))
            }
            return members
        }
        wanted.append(.init(key: "iat", value: .number(seconds)))
        wanted.append(.init(key: "exp", value: .number(seconds + 300)))
        wanted += token.required.map { name in
            .init(key: name, value: name == "nbf" ? .number(seconds) : .text(id))
        }
        for member in wanted where !claims.contains(where: { $0.key == member.key }) { claims.append(member) }
        return claims
    }

    private mutating func location(_ signature: String, besides: String?) throws(SigningError) {
        var value = signature
        if let besides, let separator = scheme.format.separator {
            value = besides + String(UnicodeScalar(separator)) + signature
        }
        switch scheme.location {
        case .header(let name): request.headers.append(.init(name.description, value))
        case .numberedHeaders(_, let names): request.headers.append(.init(names[0].description, value))
        case .value(let reference) where reference.isWholeBody: request.body = Array(value.utf8)
        case .value(let reference): try set(value, at: reference)
        }
    }

    /// Sets the value that a reference reads.
    private mutating func set(_ value: String, at reference: Reference) throws(SigningError) {
        switch reference.source {
        case .header(let name): request.headers.append(.init(name.description, value))
        case .query(let name): request.setQueryParameter(name, value)
        case .body, .item: try setField(value, reference)
        default:
            throw SigningError(message: "\(reference.source.noun) is missing, and cannot be added to the request")
        }
    }

    private mutating func setField(_ value: String, _ reference: Reference) throws(SigningError) {
        let steps = verifier.scheme.path(of: reference).map { $0 == .each ? JSONPath.Step.index(item) : $0 }
        guard request.setField(value, at: steps[...], read: verifier.body) else {
            throw SigningError(message: "\(reference.source.noun) cannot be added to a body of this format")
        }
    }
}

extension TokenDigest {
    fileprivate func member(of digest: Digest) -> JSONTree.Member {
        .init(key: claim, value: .text(encoding.encode(digest.span.array)))
    }
}
