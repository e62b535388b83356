internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON
internal import Synchronization

/// The fetched certificates and key sets of all routes. Callable from any thread.
package final class RemoteKeyStore: Sendable {
    /// The maximum number of remembered URLs.
    static let limit = 64
    /// How long a certificate and a key set are used, in milliseconds.
    static let (certificateLife, keySetLife): (Int64, Int64) = (86_400_000, 3_600_000)
    /// How long a failure is remembered, in milliseconds.
    static let failureLife: Int64 = 30_000
    /// The minimum time between two fetches of a key set that lacks a key, in milliseconds.
    static let refreshTime: Int64 = 60_000

    private enum Content {
        case certificate(SigningCertificate)
        case keySet(JSONWebKeySet)
        case failure(String)
    }

    private struct Entry {
        let content: Content
        /// In milliseconds since 1970.
        let fetchedAt: Int64
        let end: Int64

        var isFailure: Bool { if case .failure = content { true } else { false } }
    }

    private struct State {
        var entries: [RequiredKey: Entry] = [:]
        /// When the last refresh of a key set that is still in use failed.
        var refreshes: [RequiredKey: Int64] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Stores the result of a fetch, or the reason of a failure: a sentence without text of the sender.
    package func put(_ result: Result<[UInt8], RemoteKeyError>, for need: RequiredKey, atMilliseconds now: Int64) {
        let entry = Self.entry(result, for: need, at: now)
        state.withLock { state in
            if need.isKeySet { state.refreshes[need] = now }
            if entry.isFailure, let known = state.entries[need], !known.isFailure, Self.isUsable(known, now) { return }
            // Expired keys are kept because they show that senders use them: see `knows`.
            state.entries = state.entries.filter { !$0.value.isFailure || Self.isUsable($0.value, now) }
            if state.entries[need] == nil, !Self.makeRoom(for: entry, &state) { return }
            state.entries[need] = entry
            state.refreshes = state.refreshes.filter { state.entries[$0.key] != nil }
        }
    }

    /// Whether there was a key before. Such a key is fetched again however many other URLs requests name.
    package func knows(_ need: RequiredKey) -> Bool { state.withLock { $0.entries[need]?.isFailure == false } }

    /// Makes room for an entry, if possible. A failure only replaces failures, so that nobody can displace keys by
    /// naming other URLs.
    private static func makeRoom(for entry: Entry, _ state: inout State) -> Bool {
        guard state.entries.count >= limit else { return true }
        let candidates = state.entries.filter { $0.value.isFailure || !entry.isFailure }
        let failures = candidates.filter(\.value.isFailure)
        let oldest = (failures.isEmpty ? candidates : failures).min { $0.value.fetchedAt < $1.value.fetchedAt }
        guard let oldest else { return false }
        state.entries[oldest.key] = nil
        return true
    }

    /// Whether an entry is current. After the clock was set back it is unusable instead of eternal.
    private static func isUsable(_ entry: Entry, _ now: Int64) -> Bool {
        now < entry.end && now >= entry.fetchedAt - failureLife
    }

    private static func entry(
        _ result: Result<[UInt8], RemoteKeyError>, for need: RequiredKey, at now: Int64
    ) -> Entry {
        do throws(RemoteKeyError) {
            let bytes = try result.get()
            if need.isKeySet {
                return Entry(content: .keySet(try keySet(bytes)), fetchedAt: now, end: now + keySetLife)
            }
            let certificate = try certificate(bytes)
            // An expired certificate is kept for a moment, too; otherwise it would be fetched for each request.
            let end = max(min(now + certificateLife, certificate.validity.upperBound), now + failureLife)
            return Entry(content: .certificate(certificate), fetchedAt: now, end: end)
        } catch {
            return Entry(content: .failure(error.reason), fetchedAt: now, end: now + failureLife)
        }
    }

    private static func certificate(_ bytes: [UInt8]) throws(RemoteKeyError) -> SigningCertificate {
        do throws(SigningCertificateError) { return try SigningCertificate(pem: bytes) } catch {
            throw RemoteKeyError("the answer \(error.phrase)")
        }
    }

    private static func keySet(_ bytes: [UInt8]) throws(RemoteKeyError) -> JSONWebKeySet {
        guard let set = JSONWebKeySet(bytes) else {
            throw RemoteKeyError("the answer is not a JSON Web Key Set with keys for the supported algorithms")
        }
        return set
    }
}

extension RemoteKeyStore {
    /// The key of a certificate.
    ///
    /// - Throws: the key to fetch first, or the reason why there is none.
    func certificateKey(
        _ need: RequiredKey, _ algorithm: PublicKeyAlgorithm, nowMilliseconds now: Int64
    ) throws(VerificationError) -> PublicKey {
        guard case .certificate(let certificate) = try content(need, now) else { throw .needing(need) }
        guard now >= certificate.validity.lowerBound else {
            throw .invalid("the certificate of \(need.url.host) is not valid yet")
        }
        guard now <= certificate.validity.upperBound else {
            throw .invalid("the certificate of \(need.url.host) has expired")
        }
        guard let key = certificate.key(for: algorithm) else {
            throw .invalid("the certificate of \(need.url.host) does not have \(algorithm.keyNoun)")
        }
        return key
    }

    /// The keys of a key set with this id, for an algorithm. A set that lacks the id is fetched again, at most once a
    /// minute.
    func tokenKeys(
        _ need: RequiredKey, id: String, _ algorithm: JWTAlgorithm, nowMilliseconds now: Int64
    ) throws(VerificationError) -> [TokenKey] {
        guard case .keySet(let set) = try content(need, now) else { throw .needing(need) }
        let keys = set.keys(id: id, for: algorithm, atMilliseconds: now)
        if !keys.isEmpty { return keys }
        let last = state.withLock { $0.refreshes[need] } ?? 0
        if now >= last + Self.refreshTime { throw .needing(need) }
        throw .invalid("the key set of \(need.url.host) has no valid key for the token's 'kid' and 'alg'")
    }

    private func content(_ need: RequiredKey, _ now: Int64) throws(VerificationError) -> Content {
        let entry = state.withLock { $0.entries[need] }
        guard let entry, Self.isUsable(entry, now) else { throw .needing(need) }
        if case .failure(let reason) = entry.content { throw .keyUnavailable(need, reason) }
        return entry.content
    }
}

/// The reason why a URL gave no key.
package struct RemoteKeyError: Error, Sendable {
    /// A sentence for the log, without text of the sender.
    package let reason: String

    package init(_ reason: String) { self.reason = reason }
}

extension VerificationError {
    /// The request can only be judged after a key was fetched.
    static func needing(_ need: RequiredKey) -> VerificationError {
        var error = keyUnavailable(need, "it was not fetched")
        error.need = need
        return error
    }

    static func keyUnavailable(_ need: RequiredKey, _ reason: String) -> VerificationError {
        VerificationError(code: .keyUnavailable, reason: need.problem(reason))
    }
}

extension RequiredKey {
    /// The log sentence for a key that could not be fetched.
    ///
    /// - Parameter reason: a sentence.
    package func problem(_ reason: String) -> String { "cannot fetch the key from \(url.host): \(reason)" }
}

/// A JSON Web Key Set (RFC 7517 §5), or an object with one `key`: its keys that verify signatures, prepared.
struct JSONWebKeySet: Sendable {
    private struct Entry {
        let id: String
        let key: TokenKey
        /// In milliseconds since 1970.
        let end: Double
    }

    private let keys: [Entry]

    private static let limit = 64

    /// - Returns: `nil` for another format, and for a set without a key for the supported algorithms.
    init?(_ bytes: [UInt8]) {
        guard let tree = JSONTree(bytes), let elements = Self.elements(tree), elements.count <= Self.limit else {
            return nil
        }
        keys = elements.flatMap { element in
            Self.keys(element).map { key in
                Entry(id: element["kid"]?.string ?? "", key: key, end: Self.end(element["expired_at"]))
            }
        }
        if keys.isEmpty { return nil }
    }

    func keys(id: String, for algorithm: JWTAlgorithm, atMilliseconds now: Int64) -> [TokenKey] {
        keys.filter { $0.id == id && $0.key.algorithm == algorithm && Double(now) < $0.end }.map(\.key)
    }

    private static func elements(_ tree: JSONTree) -> [JSONTree]? {
        if case .array(let elements)? = tree["keys"] { return elements }
        return tree["key"].map { [$0] }
    }

    /// Reads the end of a key's validity; a key whose end is not a time in seconds is not used.
    private static func end(_ member: JSONTree?) -> Double {
        switch member {
        case nil, .null?: .infinity
        case .number(let seconds)?: (Double(seconds) ?? 0) * 1000
        default: 0
        }
    }

    /// The algorithms of one key; none if it is for encryption, or of an unknown type.
    private static func keys(_ key: JSONTree) -> [TokenKey] {
        guard key["use"] == nil || key["use"]?.string == "sig" else { return [] }
        return JWTAlgorithm.allCases.compactMap { algorithm in
            guard key["alg"] == nil || key["alg"]?.string == algorithm.rawValue, let type = algorithm.publicKey,
                let der = der(key, type), let publicKey = try? PublicKey(der: der, for: type)
            else { return nil }
            return TokenKey(algorithm, .verifying(publicKey))
        }
    }

    private static func der(_ key: JSONTree, _ type: PublicKeyAlgorithm) -> [UInt8]? {
        let (kind, curve) = (key["kty"]?.string, key["crv"]?.string)
        switch type {
        case .rsaSHA1, .rsaSHA256:
            guard kind == "RSA", let modulus = number(key["n"]), let exponent = number(key["e"]) else { return nil }
            return SubjectPublicKeyInfo.rsa(modulus: modulus, exponent: exponent)
        case .ecdsaP256SHA256:
            guard kind == "EC", curve == "P-256", let x = number(key["x"]), let y = number(key["y"]) else { return nil }
            return SubjectPublicKeyInfo.p256(x: x, y: y)
        case .ed25519:
            guard kind == "OKP", curve == "Ed25519", let x = number(key["x"]), x.count == 32 else { return nil }
            return x
        }
    }

    private static func number(_ value: JSONTree?) -> [UInt8]? {
        guard let text = value?.string, text.utf8.count <= 2048 else { return nil }
        return Base64.decodeURL(Array(text.utf8).span, allowsPadding: false)
    }
}
