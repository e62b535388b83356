package import SluiceBase
internal import SluiceCrypto

extension Route {
    /// Verifies a request and tells how, step by step. It ends as `process` does.
    ///
    /// - Parameter receivedAtMilliseconds: the wall clock, against which timestamps are held.
    package func verificationAccount(of request: borrowing RequestView, receivedAtMilliseconds: Int64)
        -> VerificationAccount
    {
        parts.verifier.account(of: request, receivedAtMilliseconds: receivedAtMilliseconds)
    }

    /// The headers that make a request valid for this route, by the first of its secrets; none with `verify: none`.
    ///
    /// - Parameters:
    ///   - request: without the header of the signature.
    ///   - nowMilliseconds: what the timestamp says, where it stands in a header and the request lacks it.
    ///   - id: what the header of the id says, where the scheme has one and the request lacks it.
    package func sign(
        _ request: RequestToSign, at nowMilliseconds: Int64, id: String
    ) throws(SigningError) -> [RequestToSign.Header] {
        switch parts.verifier {
        case .none: []
        case .signature(let verifier): try verifier.sign(request, at: nowMilliseconds, id: id)
        }
    }

    /// Whether a request brings its signature. One that stands in the query or the body can only be brought.
    package func holdsSignature(_ request: RequestToSign, withSecret: Bool) -> Bool {
        guard case .signature(let verifier) = parts.verifier else { return false }
        let headers = verifier.scheme.place.headers
        return headers.isEmpty ? withSecret : headers.contains { request.holds($0) }
    }

    /// The same route with another secret in the place of its own, handshake secrets included, for a request that
    /// somebody else has signed.
    ///
    /// - Parameter secret: as it would stand in a variable or a file.
    package func verifying(with secret: String) throws(SigningError) -> Route {
        var parts = parts
        parts.handshakes = try parts.handshakes.map { rule throws(SigningError) in
            guard let rule = rule.with(secret: Array(secret.utf8)) else {
                throw SigningError(message: "the secret is not in the form of 'hmac' of a handshake")
            }
            return rule
        }
        guard case .signature(let verifier) = parts.verifier else { return Route(parts, index: index) }
        guard let key = verifier.scheme.keyForm.key(Array(secret.utf8)) else {
            throw SigningError(
                message: "the secret is not \(verifier.scheme.keyForm.encoding.rawValue), as 'key_encoding' says")
        }
        let secrets = [VerifierSecret(key: HMACKey(verifier.scheme.algorithm.hash, key: key.span), source: .given)]
        parts.verifier = .signature(
            SignatureVerifier(
                scheme: verifier.scheme, secrets: secrets, body: verifier.body, publicURL: verifier.publicURL))
        return Route(parts, index: index)
    }
}
