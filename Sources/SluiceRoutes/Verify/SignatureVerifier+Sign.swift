internal import SluiceBase
internal import SluiceJSON

extension SignatureVerifier {
    /// The headers that make a request valid: the signature, and what it is over where the request does not hold it
    /// yet.
    ///
    /// Only headers are added: a part of the signature in the query, the path or the body has to be there already, and
    /// the signature itself cannot be, because it may be over them.
    ///
    /// - Parameters:
    ///   - request: without the header of the signature.
    ///   - nowMilliseconds: what the timestamp says, if the request lacks one.
    ///   - id: what the header of the id says, if the request lacks it.
    func sign(_ request: RequestToSign, at nowMilliseconds: Int64, id: String) throws(SigningError) -> [RequestToSign
        .Header]
    {
        let header = try signatureHeader(for: request)
        var added: [RequestToSign.Header] = []
        if case .header(let name)? = scheme.id?.source, !request.holds(name) {
            added.append(.init(name.description, scheme.idPattern.adapted(id)))
        }
        var besides: String?
        if let timestamp = scheme.timestamp, case .header(let name) = timestamp.reference.source, !request.holds(name) {
            let text =
                String(decoding: timestamp.prefix ?? [], as: UTF8.self) + timestamp.format.format(nowMilliseconds)
            if name == header { besides = text } else { added.append(.init(name.description, text)) }
        }
        let signature = try signature(of: request, with: added, besides: besides.map { (header, $0) })
        added.append(.init(header.description, joined(besides, signature)))
        return added
    }

    private func signatureHeader(for request: RequestToSign) throws(SigningError) -> HeaderName {
        guard let header = scheme.place.headers.first else {
            throw SigningError(
                message: "the signature is in \(scheme.place.noun), and requests can only be signed in a header")
        }
        guard !request.holds(header) else {
            throw SigningError(message: "the request already has the header \(header)")
        }
        return header
    }

    /// - Parameter besides: the timestamp where it stands in the header of the signature.
    private func signature(
        of request: RequestToSign, with added: [RequestToSign.Header], besides: (header: HeaderName, text: String)?
    ) throws(SigningError) -> String {
        var complete = request
        complete.headers += added
        if let besides { complete.headers.append(.init(besides.header.description, besides.text)) }
        do throws(VerificationError) {
            let digest = try complete.withView { view throws(VerificationError) in
                var findings = JSONFindings()
                return try self.read(view, &findings) { request throws(VerificationError) in
                    let timestamp = try scheme.timestamp?.text(in: request)
                    return try scheme.text(of: request, timestamp: timestamp).authenticate(
                        secrets[0].key, body: request.request.body)
                }
            }
            return String(decoding: scheme.form.prefix, as: UTF8.self) + scheme.form.encoding.encode(digest)
        } catch {
            throw SigningError(message: "the request cannot be signed: \(error.reason)")
        }
    }

    private func joined(_ timestamp: String?, _ signature: String) -> String {
        guard let timestamp, let separator = scheme.form.separator else { return signature }
        return timestamp + String(UnicodeScalar(separator)) + signature
    }
}
