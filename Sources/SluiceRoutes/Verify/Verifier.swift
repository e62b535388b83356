package import SluiceBase
internal import SluiceJSON

/// How a route verifies requests.
package enum Verifier: Sendable {
    /// `verify: none`, said in so many words.
    case none
    case signature(SignatureVerifier)

    /// - Parameters:
    ///   - receivedAtMilliseconds: the wall clock, against which timestamps are held.
    ///   - findings: the thread's own; used where a part of the signature stands in the body.
    /// - Returns: why the request is refused, or `nil` if it is valid.
    func refusal(
        of request: borrowing RequestView, receivedAtMilliseconds: Int64, findings: inout JSONFindings
    ) -> VerificationError? {
        switch self {
        case .none: return nil
        case .signature(let verifier):
            do throws(VerificationError) {
                try verifier.verify(request, receivedAtMilliseconds, findings: &findings, recorder: nil)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Why the head of a request shows already that it cannot be valid; `nil` if it may be.
    func refusal(ofHead request: borrowing RequestView, receivedAtMilliseconds: Int64) -> VerificationError? {
        guard case .signature(let verifier) = self else { return nil }
        do throws(VerificationError) { try verifier.checkHead(request, nowMilliseconds: receivedAtMilliseconds) } catch
        {
            return error
        }
        return nil
    }

    /// The same, step by step, for a person.
    func account(of request: borrowing RequestView, receivedAtMilliseconds: Int64) -> VerificationAccount {
        guard case .signature(let verifier) = self else { return VerificationAccount() }
        let recorder = VerificationRecorder(verifier)
        var findings = JSONFindings()
        do throws(VerificationError) {
            try verifier.verify(request, receivedAtMilliseconds, findings: &findings, recorder: recorder)
            recorder.conclude(.valid)
        } catch {
            recorder.conclude(.refused(error.code, reason: error.reason))
        }
        return recorder.account
    }

    /// `nil` where nothing is verified.
    package var scheme: SignatureScheme? { if case .signature(let verifier) = self { verifier.scheme } else { nil } }

    /// Headers that authenticate anyone who knows them; they are never stored nor handed to a job by `${headers}`.
    package var credentialHeaders: [HeaderName] {
        switch self {
        case .none: []
        case .signature(let verifier): verifier.scheme.place.headers
        }
    }
}

/// A refusal of a request, and what the log says about it.
struct VerificationError: Error {
    let code: ErrorCode
    /// A sentence for the log, without anything that the sender wrote.
    let reason: String

    static func missing(_ reason: String) -> VerificationError {
        VerificationError(code: .signatureMissing, reason: reason)
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
