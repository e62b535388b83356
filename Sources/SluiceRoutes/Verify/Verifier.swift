internal import SluiceBase
internal import SluiceCrypto

/// How a route tells that a request is genuine.
enum Verifier: Sendable {
    /// `verify: none`, said in so many words.
    case none
    case hmac(HMACVerifier)

    /// - Returns: why the request is refused, or `nil` if it is genuine.
    func refusal(of request: borrowing RequestView) -> Refusal? {
        switch self {
        case .none: nil
        case .hmac(let verifier): verifier.refusal(of: request)
        }
    }

    /// Headers that let in whoever knows them; they are never stored nor handed to a job by `${headers}`.
    var credentialHeaders: [HeaderName] {
        switch self {
        case .none: []
        case .hmac(let verifier): [verifier.header]
        }
    }
}

/// A refusal of a request, and what the log says about it.
struct Refusal {
    let code: ErrorCode
    /// A sentence for the log, without anything that the sender wrote.
    let reason: String
}

/// An HMAC over the body as received, in one header.
struct HMACVerifier: Sendable {
    let header: HeaderName
    /// What stands before the signature, such as `sha256=`.
    let prefix: [UInt8]
    let encoding: SignatureEncoding
    /// Any of them may match, so that a secret can be replaced without a gap. Not empty.
    let keys: [HMACKey]

    init(_ scheme: SignatureScheme, keys: [[UInt8]]) {
        header = scheme.header
        prefix = Array(scheme.prefix.utf8)
        encoding = scheme.encoding
        self.keys = keys.map { HMACKey(.sha256, key: $0.span) }
    }

    func refusal(of request: borrowing RequestView) -> Refusal? {
        guard let index = request.headers.firstIndex(of: header) else { return refuse(.signatureMissing, "is missing") }
        guard request.headers.firstIndex(of: header, from: index + 1) == nil else { return refuse(.signatureInvalid, "stands twice") }
        let value = request.headers.value(at: index)
        guard !value.isEmpty else { return refuse(.signatureMissing, "is empty") }
        guard value.count >= prefix.count, value.extracting(0..<prefix.count).equals(prefix.span) else {
            return refuse(.signatureInvalid, "does not begin with the signature's prefix")
        }
        let text = value.extracting(prefix.count..<value.count)
        guard !text.isEmpty else { return refuse(.signatureMissing, "holds no signature behind its prefix") }
        guard let signature = encoding.decode(text) else { return refuse(.signatureInvalid, "is not \(encoding.rawValue)") }
        guard matches(signature, request.body) else { return refuse(.signatureInvalid, "does not match any secret of the route") }
        return nil
    }

    /// All keys are tried whichever matches, so that the time does not tell which one it was.
    private func matches(_ signature: [UInt8], _ body: Span<UInt8>) -> Bool {
        var matches = false
        for key in keys {
            let digest = key.authenticate(body)
            if constantTimeEquals(digest.span, signature.span) { matches = true }
        }
        return matches
    }

    private func refuse(_ code: ErrorCode, _ complaint: String) -> Refusal {
        Refusal(code: code, reason: "the header \(header) \(complaint)")
    }
}

/// How a signature is written.
enum SignatureEncoding: String, CaseIterable, Sendable {
    case hex
    case base64

    /// - Returns: `nil` for what is not of this form.
    func decode(_ text: Span<UInt8>) -> [UInt8]? {
        switch self {
        case .hex: Hex.decode(text)
        case .base64: Base64.decode(text)
        }
    }
}
