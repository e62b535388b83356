package import SluiceBase

/// The steps of verifying a request, for explanations. Contains no secret and no signature, neither the sent one nor
/// the correct one.
package struct VerificationAccount: Sendable, Hashable {
    /// The result of verifying.
    package enum Outcome: Sendable, Hashable {
        /// The route has `verify: none`.
        case notVerified
        case valid
        case refused(ErrorCode, reason: String)
    }

    /// The result for one entry with the signature's prefix.
    package enum Entry: Sendable, Hashable {
        case empty
        /// Not in its encoding, or longer than any signature.
        case unreadable
        /// Compared with all secrets; the matching ones, as positions in `secrets`.
        case compared(matching: [Int])
    }

    /// The timestamp of a request.
    package struct Timestamp: Sendable, Hashable {
        /// As received, malformed UTF-8 replaced.
        package let text: String
        /// Since 1970; `nil` if the text does not have the scheme's format.
        package let milliseconds: Int64?
        /// Negative for a time in the future.
        package let ageMilliseconds: Int64?
        /// Zero if any age is accepted.
        package let tolerance: Duration
    }

    /// Which alternative of `verify` the account is about, counted from 1.
    package struct Alternative: Sendable, Hashable {
        package let number: Int
        package let count: Int
    }

    package internal(set) var outcome = Outcome.notVerified
    /// As in `alg`; empty with `verify: none`.
    package internal(set) var algorithm = ""
    /// The location of the signatures, with an article: `the header x-signature`.
    package internal(set) var location = ""
    /// In the order of the request.
    package internal(set) var entries: [Entry] = []
    /// The number of entries without the signature's prefix.
    package internal(set) var skippedEntries = 0
    /// In the order of `secrets`.
    package internal(set) var secrets: [SecretSource] = []
    /// The possible signed texts; empty if a part is missing, or nothing is signed.
    package internal(set) var signedTexts: [[UInt8]] = []
    /// Whether signatures were compared with the secrets.
    var isCompared = false
    /// The number of this alternative, from 1, and of all; `nil` if there is only one.
    package internal(set) var alternative: Alternative?
    /// The changes with which a failed signature would match, each as a phrase.
    package internal(set) var hints: [String] = []
    package internal(set) var timestamp: Timestamp?

    /// The refusal, unless the request may be valid with a secret that is not available here.
    var refusal: (code: ErrorCode, reason: String)? {
        if case .refused(let code, let reason) = outcome, !isUnknown { (code, reason) } else { nil }
    }

    /// Whether a secret that is not available here might match: there are signatures, and they were compared.
    package var isUnknown: Bool {
        guard case .refused(.signatureInvalid, _) = outcome else { return false }
        return isCompared && matchingSecret == nil && secrets.contains(where: \.isStandIn)
    }

    /// The first secret that matches, as a position in `secrets`.
    package var matchingSecret: Int? {
        var first: Int?
        for case .compared(let matching) in entries {
            if let least = matching.min() { first = min(first ?? least, least) }
        }
        return first
    }
}

/// Records an account while a request is verified. Belongs to one verification.
final class VerificationRecorder {
    var account: VerificationAccount

    init(_ verifier: SignatureVerifier) {
        account = VerificationAccount()
        account.algorithm = verifier.scheme.algorithm.rawValue
        account.location = verifier.scheme.location.noun
        account.secrets = verifier.secrets.map(\.source)
    }

    func note(_ found: SignatureEntries) {
        account.skippedEntries = found.skipped
        account.entries = found.list.map { entry in
            switch entry {
            case .empty: .empty
            case .unreadable: .unreadable
            case .signature: .compared(matching: [])
            }
        }
    }

    func noteMatch(entry: Int, secret: Int) {
        guard case .compared(let matching) = account.entries[entry] else { return }
        account.entries[entry] = .compared(matching: matching + [secret])
    }

    func note(_ text: [UInt8]?, _ scheme: SignedTimestamp?, nowMilliseconds: Int64) {
        guard let text, let scheme else { return }
        let milliseconds = scheme.format.milliseconds(text)
        account.timestamp = VerificationAccount.Timestamp(
            text: String(decoding: text, as: UTF8.self), milliseconds: milliseconds,
            ageMilliseconds: milliseconds.map { nowMilliseconds - $0 }, tolerance: scheme.tolerance)
    }

    /// - Parameter texts: with the secret as `${key}`.
    func note(_ texts: [SignedText], body: Span<UInt8>) {
        account.signedTexts = texts.map { $0.bytes(body: body, key: Array("${key}".utf8)) }
        account.isCompared = true
    }
}
