internal import Logging
internal import SluiceBase
internal import SluiceOutbox
internal import SluiceRoutes

/// Has the secret of a handshake stored and used, if its route is armed. Callable from any thread.
struct SecretLearner: Sendable {
    let secrets: LearntSecrets
    let outbox: OutboxWriter
    let time: any TimeSource
    let logger: Logger

    /// Why a route does not learn a secret now, for the log and the answer.
    static func notArmed(_ route: String) -> String {
        "the route is not armed to learn a secret: run \(arm(route)), then let the provider repeat the handshake"
    }

    /// The command that arms a route, with its name as a word of a shell.
    private static func arm(_ route: String) -> String {
        let isWord = route.utf8.allSatisfy { $0 > 0x2C && $0 < 0x3A || ($0 | 0x20) &- 0x61 < 26 || $0 == 0x5F }
        return "'sluice providers arm \(isWord ? route : PrintableText.quote(route))'"
    }

    /// Says of secrets that no route uses that their route may have been renamed, a sentence for each name.
    static func warnings(of secrets: LearntSecrets?, in table: RouteTable) -> [String] {
        let names = Set(table.routes.filter(\.learnsSecrets).map(\.name))
        return (secrets?.routes ?? []).filter { !names.contains($0) }.map { name in
            let written = PrintableText.escape(name)
            return
                "no route uses the secrets that the route '\(written)' has learnt: they belong to its name; if it was "
                + "renamed, change the name back, or arm it under the new name"
        }
    }

    /// Whether a route may learn this secret now; it may not learn another one afterwards.
    func begin(_ secret: HandshakeSecret, of route: String) -> LearntSecrets.Beginning {
        secrets.begin(secret, of: route, atMilliseconds: time.wallMilliseconds())
    }

    /// Stores the secret, then uses it. It is on the disk when this returns true.
    ///
    /// - Parameter armedAt: when the route was armed. If the secret cannot be stored, it stays armed for the rest of
    ///   that time.
    func store(_ secret: HandshakeSecret, of route: String, armedAtMilliseconds armedAt: Int64) async -> Bool {
        // If it fails, the provider repeats the handshake, or the person does.
        defer { secrets.end(secret, of: route, armedAtMilliseconds: armedAt) }
        do throws(OutboxError) {
            // In the order of the outbox, like those that are forgotten, so that memory ends with what is on the disk.
            try await outbox.perform { [secrets] store throws(OutboxError) in
                secrets.replace(try store.learn(secret.bytes, of: route, keeping: LearntSecrets.limit), of: route)
            }
        } catch {
            logger.error("cannot store a learnt secret: \(error)", metadata: .fields([.route: route]))
            return false
        }
        logger.notice("learnt a secret from a handshake", metadata: .fields([.route: route]))
        return true
    }
}

extension LearntSecrets {
    /// Reads what the outbox has kept.
    func load(from outbox: OutboxWriter) async throws(StartupError) {
        do throws(OutboxError) {
            let kept = try await outbox.perform { store throws(OutboxError) in try store.learntSecrets() }
            for (route, secrets) in kept { replace(secrets, of: route) }
        } catch {
            throw StartupError(.unavailable, "cannot read the learnt secrets: \(error)")
        }
    }
}
