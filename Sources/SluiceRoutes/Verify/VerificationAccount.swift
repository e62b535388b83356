package import SluiceBase

/// How a request was verified, step by step, for a person. It holds no secret, and no signature, neither the one that
/// was sent nor the one that would have been right.
package struct VerificationAccount: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// The route says `verify: none`.
        case notVerified
        case valid
        case refused(ErrorCode, reason: String)
    }

    /// What became of one entry that has the signature's prefix.
    package enum Entry: Sendable, Hashable {
        case empty
        /// Not in its encoding, or longer than any signature.
        case unreadable
        /// Compared with all secrets; those that it matches, as positions in `secrets`.
        case compared(matching: [Int])
    }

    /// What a request says about its time.
    package struct Timestamp: Sendable, Hashable {
        /// As received, malformed UTF-8 replaced.
        package let text: String
        /// Since 1970; `nil` where the text is not of the scheme's format.
        package let milliseconds: Int64?
        /// Negative for a time that lies ahead.
        package let ageMilliseconds: Int64?
        /// Zero where any age will do.
        package let tolerance: Duration
    }

    package struct Alternative: Sendable, Hashable {
        package let number: Int
        package let count: Int
    }

    package internal(set) var outcome = Outcome.notVerified
    /// As `alg` writes it; empty with `verify: none`.
    package internal(set) var algorithm = ""
    /// Where signatures are looked for, with an article: `the header x-signature`.
    package internal(set) var place = ""
    /// In the order of the request.
    package internal(set) var entries: [Entry] = []
    /// How many entries lack the signature's prefix.
    package internal(set) var skippedEntries = 0
    /// In the order of `secrets`.
    package internal(set) var secrets: [SecretSource] = []
    /// What the signature may be over; none where a part of it is missing, and where nothing is signed.
    package internal(set) var signedTexts: [[UInt8]] = []
    /// Whether signatures were compared with the secrets.
    var isCompared = false
    /// Which of how many alternatives this is, counted from 1; `nil` where there is one.
    package internal(set) var alternative: Alternative?
    /// What would make a signature match that does not, each a phrase.
    package internal(set) var mixUps: [String] = []
    package internal(set) var timestamp: Timestamp?

    /// The refusal, unless the request may be valid by a secret that is not available here.
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

/// Writes an account down while a request is verified. Belongs to one verification.
final class VerificationRecorder {
    private(set) var account: VerificationAccount

    init(_ verifier: SignatureVerifier) {
        account = VerificationAccount()
        account.algorithm = verifier.scheme.algorithm.rawValue
        account.place = verifier.scheme.place.noun
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

    /// - Parameter texts: the secret stands in them as `${key}`.
    func note(_ texts: [SignedText], body: Span<UInt8>) {
        account.signedTexts = texts.map { $0.bytes(body: body, key: Array("${key}".utf8)) }
        account.isCompared = true
    }

    func note(mixUps: [String]) { account.mixUps = mixUps }

    func conclude(_ outcome: VerificationAccount.Outcome) { account.outcome = outcome }
}
