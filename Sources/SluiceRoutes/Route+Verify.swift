package import SluiceBase

extension Route {
    /// Verifies a request and returns the steps, with the same result as `handle`.
    ///
    /// - Parameter receivedAtMilliseconds: the wall clock, with which timestamps are compared.
    package func verificationAccount(of request: borrowing RequestView, receivedAtMilliseconds: Int64)
        -> VerificationAccount
    {
        parts.verifier.account(of: request, receivedAtMilliseconds: receivedAtMilliseconds)
    }

    /// Returns the request with a valid signature for this route, with the first of its secrets; unchanged with
    /// `verify: none`.
    ///
    /// - Parameters:
    ///   - request: without its signature.
    ///   - nowMilliseconds: the timestamp, if the request has none.
    ///   - id: the id, if the scheme has one and the request has none.
    package func sign(
        _ request: RequestToSign, at nowMilliseconds: Int64, id: String
    ) throws(SigningError) -> RequestToSign {
        var firstError: SigningError?
        for verifier in parts.verifier.verifiers {
            do throws(SigningError) {
                return try verifier.sign(request, at: nowMilliseconds, id: id)
            } catch {
                firstError = firstError ?? error
            }
        }
        if let firstError { throw firstError }
        return request
    }

    /// The head of a request that is kept to be verified again, as text: without the credentials that the verifier does
    /// not read.
    package func quarantinedHead(of request: borrowing RequestView) -> [UInt8] {
        KeptRequest.head(of: request, without: parts.credentialHeaders.subtracting(parts.verifier.headersRead))
    }

    /// Whether a request has a signature. One in the query or the body only counts if the request comes with its
    /// secret.
    package func holdsSignature(_ request: RequestToSign, withSecret: Bool) -> Bool {
        parts.verifier.verifiers.contains { verifier in
            let headers = verifier.scheme.location.headers
            return headers.isEmpty ? withSecret : headers.contains { request.holds($0) }
        }
    }

    /// Returns the route with another secret, also for handshakes, for a request that was signed with it.
    ///
    /// - Parameter secret: as in a variable or a file.
    package func verifying(with secret: String) throws(SigningError) -> Route {
        var parts = parts
        parts.handshakes = try parts.handshakes.map { rule throws(SigningError) in
            guard let rule = rule.with(secret: Array(secret.utf8)) else {
                throw SigningError(message: "the secret is not in the format that 'hmac' of a handshake requires")
            }
            return rule
        }
        let text = Array(secret.utf8)
        let verifiers = parts.verifier.verifiers
        let forms = verifiers.map(\.scheme.secretFormat)
        var others: [SignatureVerifier] = []
        for index in SecretFormat.positions(of: text, in: forms) {
            let verifier = verifiers[index]
            do throws(KeyError) {
                let key = try verifier.scheme.key(text)
                others.append(verifier.replacing(secrets: [VerifierSecret(key: key, source: .given)]))
            } catch {
                throw SigningError(message: "the secret \(error.phrase)")
            }
        }
        parts.verifier = Verifier(others)
        // Not those of other rules, which have the given key only here.
        parts.refuse(tokensOf: [], own: parts.tokenSigners.filter(\.hasRouteKey))
        return Route(parts, index: index)
    }
}
