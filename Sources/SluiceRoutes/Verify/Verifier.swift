package import SluiceBase
internal import SluiceJSON

/// How a route verifies requests.
package enum Verifier: Sendable {
    /// `verify: none`, said in so many words.
    case none
    case signature(SignatureVerifier)
    /// Any of these may find a request valid. At least two.
    case any([SignatureVerifier])

    /// - Parameters:
    ///   - receivedAtMilliseconds: the wall clock, against which timestamps are held.
    ///   - findings: the thread's own; used if a part of the signature is in the body.
    func verdict(
        on request: borrowing RequestView, receivedAtMilliseconds: Int64, findings: inout JSONFindings
    ) -> VerificationVerdict {
        switch self {
        case .none: return .valid
        case .signature(let verifier):
            return verifier.verdict(on: request, receivedAtMilliseconds, findings: &findings)
        case .any(let verifiers):
            var refusals: [VerificationError] = []
            var need: KeyNeed?
            for verifier in verifiers {
                switch verifier.verdict(on: request, receivedAtMilliseconds, findings: &findings) {
                case .valid: return .valid
                case .needs(let other): need = need ?? other
                case .refused(let error): refusals.append(error)
                }
            }
            if let need { return .needs(need) }
            var refusal = refusals[Self.mostTelling(refusals)]
            refusal.awaitsSecret = refusal.code != .keyUnavailable && refusals.contains(where: \.awaitsSecret)
            return .refused(refusal)
        }
    }

    /// The position of the refusal of the first alternative that lacks only its key, or else of the first that the
    /// request is meant for, or else of the first that found a signature, or else of the first.
    private static func mostTelling(_ refusals: [VerificationError]) -> Int {
        refusals.firstIndex { $0.code == .keyUnavailable }
            ?? refusals.firstIndex { $0.hasSignature && $0.code != .signatureMissing && !$0.isByRequirement }
            ?? refusals.firstIndex(where: \.hasSignature) ?? 0
    }

    /// Why the head of a request shows already that it cannot be valid; `nil` if it may be.
    func refusal(ofHead request: borrowing RequestView, receivedAtMilliseconds: Int64) -> VerificationError? {
        switch self {
        case .none: return nil
        case .signature(let verifier): return verifier.refusal(ofHead: request, receivedAtMilliseconds)
        case .any(let verifiers):
            var refusals: [VerificationError] = []
            for verifier in verifiers {
                guard let refusal = verifier.refusal(ofHead: request, receivedAtMilliseconds) else { return nil }
                refusals.append(refusal)
            }
            return refusals[Self.mostTelling(refusals)]
        }
    }

    /// How a request is verified, step by step, for a person: by the alternative that finds it valid, or else by the
    /// one whose refusal is the most telling.
    func account(of request: borrowing RequestView, receivedAtMilliseconds: Int64) -> VerificationAccount {
        var accounts: [VerificationAccount] = []
        var refusals: [VerificationError] = []
        let verifiers = verifiers
        for (index, verifier) in verifiers.enumerated() {
            var (account, refusal) = Self.account(of: request, by: verifier, receivedAtMilliseconds)
            if verifiers.count > 1 { account.alternative = .init(number: index + 1, count: verifiers.count) }
            guard let refusal else { return account }
            accounts.append(account)
            refusals.append(refusal)
        }
        if let unknown = accounts.first(where: \.isUnknown) { return unknown }
        return accounts.isEmpty ? VerificationAccount() : accounts[Self.mostTelling(refusals)]
    }

    private static func account(
        of request: borrowing RequestView, by verifier: SignatureVerifier, _ receivedAtMilliseconds: Int64
    ) -> (VerificationAccount, VerificationError?) {
        let recorder = VerificationRecorder(verifier)
        var findings = JSONFindings()
        do throws(VerificationError) {
            try verifier.verify(request, receivedAtMilliseconds, findings: &findings, recorder: recorder)
            recorder.conclude(.valid)
            return (recorder.account, nil)
        } catch {
            recorder.conclude(.refused(error.code, reason: error.reason))
            return (recorder.account, error)
        }
    }

    /// - Parameter verifiers: the alternatives; with none of them nothing is verified.
    package init(_ verifiers: [SignatureVerifier]) {
        self = verifiers.count > 1 ? .any(verifiers) : verifiers.first.map { .signature($0) } ?? .none
    }

    /// None where nothing is verified.
    package var verifiers: [SignatureVerifier] {
        switch self {
        case .none: []
        case .signature(let verifier): [verifier]
        case .any(let verifiers): verifiers
        }
    }

    /// None where nothing is verified.
    package var schemes: [SignatureScheme] { verifiers.map(\.scheme) }

    /// Headers that authenticate anyone who knows them; they are never stored nor handed to a job by `${headers}`.
    package var credentialHeaders: [HeaderName] {
        verifiers.flatMap { $0.scheme.place.headers + $0.scheme.secretHeaders }
    }

    /// The headers without which a valid request would not be valid.
    var headersRead: Set<HeaderName> { Set(schemes.flatMap(\.headersRead)) }

    /// Whether there is a scheme of which another secret could be added.
    package var hasSecrets: Bool { schemes.contains { $0.keySource == nil } }
}

/// What verifying a request ends in.
enum VerificationVerdict {
    case valid
    /// It can be verified once this has been fetched, and nothing else is wrong with it.
    case needs(KeyNeed)
    case refused(VerificationError)
}

extension SignatureVerifier {
    fileprivate func verdict(
        on request: borrowing RequestView, _ nowMilliseconds: Int64, findings: inout JSONFindings
    ) -> VerificationVerdict {
        do throws(VerificationError) {
            try verify(request, nowMilliseconds, findings: &findings, recorder: nil)
            return .valid
        } catch {
            return error.need.map { .needs($0) } ?? .refused(error)
        }
    }

    fileprivate func refusal(ofHead request: borrowing RequestView, _ nowMilliseconds: Int64) -> VerificationError? {
        do throws(VerificationError) {
            try checkHead(request, nowMilliseconds: nowMilliseconds)
            return nil
        } catch {
            return error
        }
    }
}

/// A refusal of a request, and what the log says about it.
struct VerificationError: Error {
    let code: ErrorCode
    /// A sentence for the log, without anything that the sender wrote.
    let reason: String
    /// Whether there was a signature at all, of which more is to be said than that there is none.
    var hasSignature = true
    /// Whether a value is not what `require` says.
    var isByRequirement = false
    /// What has to be fetched before anything can be said.
    var need: KeyNeed?
    /// Whether the request would be valid if the route had the right secret.
    var awaitsSecret = false

    /// There is nothing where the signature should be.
    static func absent(_ reason: String) -> VerificationError {
        VerificationError(code: .signatureMissing, reason: reason, hasSignature: false)
    }
    static func expired(_ reason: String) -> VerificationError {
        VerificationError(code: .signatureExpired, reason: reason)
    }

    static func missing(_ reason: String) -> VerificationError {
        VerificationError(code: .signatureMissing, reason: reason)
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

/// Headers that are never stored with a dead letter and never handed to a job by `${headers}`.
package enum CredentialHeaders {
    private static let everywhere: Set<HeaderName> = ["authorization", "cookie", "proxy-authorization"]

    /// - Parameter others: that the provider sends.
    package static func of(_ verifier: Verifier, others: [HeaderName]) -> Set<HeaderName> {
        everywhere.union(verifier.credentialHeaders).union(others)
    }
}
