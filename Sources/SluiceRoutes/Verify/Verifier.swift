package import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// How a route verifies requests.
package struct Verifier: Sendable {
    /// A request is valid if any of these finds it valid; empty without verification.
    package let verifiers: [SignatureVerifier]

    /// Explicitly no verification: `verify: none`.
    package static let none = Verifier([])

    package init(_ verifiers: [SignatureVerifier]) { self.verifiers = verifiers }

    /// Returns a verifier that refuses texts that handshakes sign for any client.
    ///
    /// - Parameter own: those of the route.
    func refusing(tokensOf signers: [TokenSigner], own: [TokenSigner]) -> Verifier {
        Verifier(verifiers.map { $0.refusing(tokensOf: signers, own: own) })
    }

    /// The refusal of a request; `nil` if it is valid. With `need` it can be verified when that key was fetched.
    ///
    /// - Parameters:
    ///   - reading: of the body, which is read if a part of the signature is in it; `nil` to read it now.
    ///   - receivedAtMilliseconds: the time for checking timestamps, by the wall clock.
    ///   - findings: the thread's own; used if a part of the signature is in the body.
    func refusal(
        of request: borrowing RequestView, reading: BodyReading?, receivedAtMilliseconds: Int64,
        findings: inout JSONFindings
    ) -> VerificationError? {
        decide { index throws(VerificationError) in
            try verifiers[index].verify(
                request, reading: reading, receivedAtMilliseconds, findings: &findings, recorder: nil)
        }.refusal
    }

    /// The refusal of a request whose head shows that it cannot be valid; `nil` if it may be.
    func refusal(ofHead request: borrowing RequestView, receivedAtMilliseconds: Int64) -> VerificationError? {
        decide { index throws(VerificationError) in
            try verifiers[index].checkHead(request, nowMilliseconds: receivedAtMilliseconds)
        }.refusal
    }

    /// The steps of verifying a request, for explanations: those of the alternative that decides, unless another one
    /// might find it valid with a secret that is not available here.
    func account(of request: borrowing RequestView, receivedAtMilliseconds: Int64) -> VerificationAccount {
        let recorders = verifiers.map(VerificationRecorder.init)
        var findings = JSONFindings()
        var (index, refusal) = decide { index throws(VerificationError) in
            try verifiers[index].verify(
                request, reading: nil, receivedAtMilliseconds, findings: &findings, recorder: recorders[index])
            recorders[index].account.outcome = .valid
        } refused: { index, error in
            recorders[index].account.outcome = .refused(error.code, reason: error.reason)
        }
        if recorders.isEmpty { return VerificationAccount() }
        if refusal != nil, let unknown = recorders.firstIndex(where: \.account.isUnknown) { index = unknown }
        var account = recorders[index].account
        if verifiers.count > 1 { account.alternative = .init(number: index + 1, count: verifiers.count) }
        return account
    }

    /// Judges a request by each alternative until one accepts it.
    ///
    /// - Parameter judge: by the alternative at this position.
    /// - Returns: the position of the alternative that decides, and its refusal; `nil` if the request is valid.
    @inline(__always)
    private func decide(
        judge: (Int) throws(VerificationError) -> Void, refused: (Int, VerificationError) -> Void = { _, _ in }
    ) -> (index: Int, refusal: VerificationError?) {
        var refusals: [VerificationError] = []
        for index in verifiers.indices {
            do throws(VerificationError) {
                try judge(index)
                return (index, nil)
            } catch {
                refused(index, error)
                refusals.append(error)
            }
        }
        if refusals.isEmpty { return (0, nil) }
        let index = Self.mostHelpful(refusals)
        var refusal = refusals[index]
        refusal.awaitsSecret = refusal.code != .keyUnavailable && refusals.contains(where: \.awaitsSecret)
        return (index, refusal)
    }

    /// The position of the most helpful refusal: that of the first alternative that lacks only a key to fetch, else of
    /// the first whose key is not available, else of the first that the request is meant for, else of the first whose
    /// signature matches, else of the first that found a signature, else the first.
    private static func mostHelpful(_ refusals: [VerificationError]) -> Int {
        refusals.firstIndex { $0.need != nil } ?? refusals.firstIndex { $0.code == .keyUnavailable }
            ?? refusals.firstIndex { $0.hasSignature && $0.code != .signatureMissing && !$0.isByRequirement }
            ?? refusals.firstIndex(where: \.hasMatch) ?? refusals.firstIndex(where: \.hasSignature) ?? 0
    }

    /// Empty without verification.
    package var schemes: [SignatureScheme] { verifiers.map(\.scheme) }

    /// The headers of the signatures and of secrets.
    package var credentialHeaders: [HeaderName] {
        verifiers.flatMap { $0.scheme.location.headers + $0.scheme.secretHeaders }
    }

    /// Headers that authenticate anyone who knows them: they are never stored, and `${headers}` leaves them out.
    ///
    /// - Parameter others: further headers with credentials that the provider sends.
    package func allCredentialHeaders(and others: [HeaderName]) -> Set<HeaderName> {
        Set(
            ["authorization", "cookie", "proxy-authorization"] + credentialHeaders + others
                + (credentialParameters.isEmpty ? [] : Self.targetHeaders))
    }

    /// Headers in which clients and proxies repeat the URL, and with it a secret in it.
    private static let targetHeaders: [HeaderName] = [
        "referer", "x-original-url", "x-original-uri", "x-original-path", "x-rewrite-url", "x-forwarded-uri",
        "x-forwarded-path", "x-forwarded-url", "x-envoy-original-path", "x-replaced-path", "x-request-uri",
        "x-auth-request-redirect", "x-waws-unencoded-url", "x-ms-original-url",
    ]

    var credentialParameters: CredentialParameters { CredentialParameters(schemes) }

    /// The headers that a valid request needs.
    var headersRead: Set<HeaderName> { Set(schemes.flatMap(\.headersRead)) }

    /// Whether another secret could be added to one of the schemes.
    package var hasSecrets: Bool { verifiers.contains { $0.scheme.keySource == nil } }
}

/// A refusal of a request, and what the log says about it.
struct VerificationError: Error {
    let code: ErrorCode
    /// A sentence for the log, without text of the sender.
    let reason: String
    /// Whether the request has a signature, so that its refusal says more than that of a missing one.
    var hasSignature = true
    /// Whether the request does not meet `require`, so that it is probably meant for another alternative.
    var isByRequirement = false
    /// Whether the signature matches.
    var hasMatch = false
    /// The key to fetch first.
    var need: RequiredKey?
    /// Whether the request would be valid if the route had the right secret.
    var awaitsSecret = false

    /// The signature is missing.
    static func absent(_ reason: String) -> VerificationError {
        VerificationError(code: .signatureMissing, reason: reason, hasSignature: false)
    }
    static func expired(_ reason: String) -> VerificationError {
        VerificationError(code: .signatureExpired, reason: reason)
    }

    static func missing(_ reason: String) -> VerificationError {
        VerificationError(code: .signatureMissing, reason: reason)
    }
    /// The signature is only over what a handshake signs for any client.
    static var token: VerificationError {
        .invalid("the signed text is a token, which a handshake with the same secret signs")
    }
    static func unmet(_ reason: String) -> VerificationError {
        var error = invalid(reason)
        error.isByRequirement = true
        return error
    }
    static func invalid(_ reason: String) -> VerificationError {
        VerificationError(code: .signatureInvalid, reason: reason)
    }
}

extension SignatureScheme {
    /// The values that are a secret, and not a signature.
    package var credentials: [ReferenceSource] {
        guard algorithm.carriesSecret else { return [] }
        if case .value(let reference) = location { return [reference.source] }
        return location.headers.map { .header($0) }
    }
}

/// Parameters of the query and of the path that are a secret, or a token that fits other bodies: their values are not
/// stored, and are no part of unique keys, of `${url}` and of `${path}`. A signature in a parameter is none: it is
/// valid only for its request.
struct CredentialParameters: Sendable {
    private let query: Set<String>
    /// Names by their segments, from 0.
    private let path: [Int: String]

    init(_ schemes: [SignatureScheme]) {
        var (query, path): (Set<String>, [Int: String]) = ([], [:])
        for scheme in schemes where scheme.algorithm.carriesSecret || scheme.token?.holdsBody == false {
            guard case .value(let reference) = scheme.location else { continue }
            switch reference.source {
            case .query(let name): query.insert(name)
            case .parameter(let name, let segment): path[segment] = name
            default: break
            }
        }
        (self.query, self.path) = (query, path)
    }

    var isEmpty: Bool { query.isEmpty && path.isEmpty }

    func contains(segment: Int) -> Bool { path[segment] != nil }
    func contains(query name: String) -> Bool { query.contains(name) }

    /// What stands for the value of a parameter of the path: in braces, its name and the first 8 hexadecimal digits of
    /// its SHA-256, which tell a route's tokens apart. In a stored request it already does.
    ///
    /// - Returns: `nil` for another segment.
    func mark(of value: [UInt8], at segment: Int) -> [UInt8]? {
        guard let name = path[segment] else { return nil }
        let start = Array("{\(name)-".utf8)
        let digits = value.dropFirst(start.count).dropLast()
        let isMark =
            value.starts(with: start) && digits.count == 8 && value.last == UInt8(ascii: "}")
            && digits.allSatisfy {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
            }
        if isMark { return value }
        return start + Hash.digest(.sha256, value.span).hex.utf8.prefix(8) + [UInt8(ascii: "}")]
    }

    /// Returns the target of a request, or its path, without the values of these parameters: a parameter of the path
    /// becomes its mark, with encoded braces, because a stored request is parsed again.
    func removed(from target: Span<UInt8>) -> [UInt8] {
        let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        var kept: [UInt8] = []
        kept.reserveCapacity(target.count)
        appendPath(target.extracting(0..<end), to: &kept)
        appendQuery(target.extracting(end..<target.count), to: &kept)
        return kept
    }

    private func appendPath(_ bytes: Span<UInt8>, to kept: inout [UInt8]) {
        guard !path.isEmpty else { return kept.append(bytes) }
        var (start, segment) = (1, 0)
        while start <= bytes.count {
            let end = bytes.firstIndex(of: UInt8(ascii: "/"), from: start) ?? bytes.count
            kept.append(UInt8(ascii: "/"))
            if contains(segment: segment),
                let mark = mark(of: PathParameters.value(at: segment, of: bytes), at: segment)
            {
                kept += Array("%7B".utf8) + mark.dropFirst().dropLast() + Array("%7D".utf8)
            } else {
                kept.append(bytes.extracting(start..<end))
            }
            (start, segment) = (end + 1, segment + 1)
        }
    }

    /// - Parameter bytes: from the question mark on.
    private func appendQuery(_ bytes: Span<UInt8>, to kept: inout [UInt8]) {
        guard !query.isEmpty else { return kept.append(bytes) }
        var start = 0
        while start < bytes.count {
            let end = bytes.firstIndex(of: UInt8(ascii: "&"), from: start + 1) ?? bytes.count
            kept.append(bytes[start])
            let parameter = bytes.extracting((start + 1)..<end)
            let mark = parameter.firstIndex(of: UInt8(ascii: "=")) ?? parameter.count
            let name = parameter.extracting(0..<mark)
            let isNamed = query.contains(String(decoding: PercentDecoding.formDecode(name), as: UTF8.self))
            kept.append(isNamed ? name : parameter)
            start = end
        }
    }
}
