internal import SluiceBase
internal import SluiceCrypto
internal import Synchronization

/// The secrets that routes have learnt from handshakes, and the routes that may learn one now. Callable from any
/// thread. The outbox keeps the secrets; which routes are armed is known in memory only.
package final class LearntSecrets: Sendable {
    /// The maximum number of used secrets of a route, the newest ones.
    package static let limit = 4
    /// How long a route stays armed, in milliseconds.
    package static let armedTime: Int64 = 600_000
    /// The minimum length in bytes; a shorter secret could be guessed.
    static let shortest = 8

    private struct State {
        var secrets: [String: [[UInt8]]] = [:]
        /// When each route was armed, in milliseconds since 1970.
        var armed: [String: Int64] = [:]
        /// The secret of each route that is being stored, and when the route was armed.
        var storing: [String: (secret: HandshakeSecret, armedAt: Int64)] = [:]
        /// Counts the changes of `secrets`.
        var version = 0

        /// Compares with all secrets of the route, each in constant time.
        func knows(_ secret: HandshakeSecret, of route: String) -> Bool {
            (secrets[route] ?? []).reduce(false) { constantTimeEquals($1.span, secret.bytes.span) || $0 }
        }
    }

    /// The action for a secret in a handshake.
    package enum BeginResult: Sendable, Hashable {
        /// The route has learnt it before: the provider repeats a handshake whose answer was lost.
        case known
        /// It must be stored, even if that has begun: a provider may repeat a handshake before it has the answer. The
        /// time at which the route was armed, in milliseconds since 1970.
        case armed(atMilliseconds: Int64)
        case notArmed
    }

    private let state = Mutex(State())
    private let isAlwaysArmed: Bool

    /// - Parameter isAlwaysArmed: whether every route may learn at any time, as in `sluice dev`.
    package init(isAlwaysArmed: Bool = false) { self.isAlwaysArmed = isAlwaysArmed }

    /// The names of the routes that have learnt secrets, sorted.
    package var routes: [String] { state.withLock { $0.secrets.keys.sorted() } }

    /// The secrets of a route, newest first.
    package func secrets(of route: String) -> [[UInt8]] { state.withLock { $0.secrets[route] ?? [] } }

    /// Replaces the secrets of a route, newest first, from the next request on.
    package func replace(_ secrets: [[UInt8]], of route: String) {
        state.withLock { state in
            state.secrets[route] = secrets.isEmpty ? nil : Array(secrets.prefix(Self.limit))
            state.version += 1
        }
    }

    /// Lets a route learn one secret during the next ten minutes.
    ///
    /// - Returns: the end, in milliseconds since 1970.
    package func arm(_ route: String, atMilliseconds now: Int64) -> Int64 {
        state.withLock { $0.armed[route] = now }
        return now + Self.armedTime
    }

    /// Whether a route may learn this secret now. It may not learn another one afterwards.
    package func begin(_ secret: HandshakeSecret, of route: String, atMilliseconds now: Int64) -> BeginResult {
        state.withLock { state in
            if state.knows(secret, of: route) { return .known }
            if let (begun, armedAt) = state.storing[route], constantTimeEquals(begun.bytes.span, secret.bytes.span) {
                return .armed(atMilliseconds: armedAt)
            }
            let armedAt = state.armed.removeValue(forKey: route)
            if isAlwaysArmed { return .armed(atMilliseconds: now) }
            // A clock that was set back must not keep a route armed.
            guard let armedAt, now >= armedAt, now < armedAt + Self.armedTime else { return .notArmed }
            state.storing[route] = (secret, armedAt)
            return .armed(atMilliseconds: armedAt)
        }
    }

    /// Ends the storing that `begin` started. A route whose secret was stored is no longer armed; one whose secret
    /// could not be stored stays armed for the rest of its time.
    package func end(_ secret: HandshakeSecret, of route: String, armedAtMilliseconds armedAt: Int64) {
        state.withLock { state in
            if state.storing[route]?.armedAt == armedAt { state.storing[route] = nil }
            if !state.knows(secret, of: route) {
                state.armed[route] = max(state.armed[route] ?? armedAt, armedAt)
            } else if state.armed[route] == armedAt {
                state.armed[route] = nil
            }
        }
    }

    fileprivate func secrets(of route: String, unless version: Int) -> (version: Int, secrets: [[UInt8]])? {
        state.withLock { $0.version == version ? nil : ($0.version, $0.secrets[route] ?? []) }
    }
}

/// The learnt secrets of one route as the keys of one scheme. Callable from any thread.
package final class LearntKeys: Sendable {
    private let store: LearntSecrets
    private let route: String
    private let prepared = Mutex((version: -1, secrets: [VerifierSecret]()))

    package init(_ store: LearntSecrets, route: String) {
        self.store = store
        self.route = route
    }

    /// The keys, newest first; created again only after a change.
    func secrets(for scheme: SignatureScheme) -> [VerifierSecret] {
        prepared.withLock { prepared in
            guard let new = store.secrets(of: route, unless: prepared.version) else { return prepared.secrets }
            let secrets = new.secrets.compactMap { text in
                (try? scheme.key(text)).map { VerifierSecret(key: $0, source: .learnt) }
            }
            prepared = (new.version, secrets)
            return secrets
        }
    }
}

/// A secret in a request. Its description never contains it.
package struct HandshakeSecret: Sendable, CustomStringConvertible {
    /// Printable ASCII without blanks.
    package let bytes: [UInt8]
    package var description: String { "a secret of \(bytes.count) bytes" }

    /// Why a value is not accepted as a secret, as the end of a sentence; `nil` if it is.
    static func problem(_ bytes: [UInt8]) -> String? {
        if bytes.count < LearntSecrets.shortest { return "has fewer than \(LearntSecrets.shortest) bytes" }
        return bytes.allSatisfy { (0x21...0x7E).contains($0) } ? nil : "is not printable ASCII without blanks"
    }
}
