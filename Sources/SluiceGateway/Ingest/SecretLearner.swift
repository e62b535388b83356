internal import Logging
internal import SluiceBase
internal import SluiceOutbox
internal import SluiceRoutes

/// Stores and uses the secret of a handshake, if its route is armed. Can be used from any thread.
struct SecretLearner: Sendable {
    let secrets: LearntSecrets
    let outbox: OutboxWriter
    let time: any TimeSource
    let logger: Logger

    /// Why a route cannot learn a secret now, for the log and the answer.
    static func notArmed(_ route: String) -> String {
        "the route is not armed to learn a secret: run \(arm(route)), then let the provider repeat the handshake"
    }

    /// The command that arms a route.
    private static func arm(_ route: String) -> String { "'sluice providers arm \(ShellWord.of(route))'" }

    /// Warnings about secrets without a route, because it may have been renamed, one sentence for each name.
    static func warnings(of secrets: LearntSecrets?, in table: RouteTable) -> [String] {
        let names = Set(table.routes.filter(\.learnsSecrets).map(\.name))
        return (secrets?.routes ?? []).filter { !names.contains($0) }.map { name in
            let written = PrintableText.escape(name)
            return
                "no route uses the secrets that the route '\(written)' has learnt: they belong to its name; if it was "
                + "renamed, change the name back, or arm it under the new name"
        }
    }

    /// Whether a route may learn this secret now; then it cannot learn another one.
    func begin(_ secret: HandshakeSecret, of route: String) -> LearntSecrets.BeginResult {
        secrets.begin(secret, of: route, atMilliseconds: time.wallMilliseconds())
    }

    /// Stores the secret, then uses it. It is durable when this returns true.
    ///
    /// - Parameter armedAt: when the route was armed. If the secret cannot be stored, the route stays armed for the
    ///   rest of that time.
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
        if let notice = QuarantineNotice.afterNewSecret(of: route, outbox.quarantine) { logger.notice("\(notice)") }
        return true
    }
}

extension LearntSecrets {
    /// Loads the secrets from the outbox.
    func load(from outbox: OutboxWriter) async throws(StartupError) {
        do throws(OutboxError) {
            let kept = try await outbox.perform { store throws(OutboxError) in try store.learntSecrets() }
            for (route, secrets) in kept { replace(secrets, of: route) }
        } catch {
            throw StartupError(.unavailable, "cannot read the learnt secrets: \(error)")
        }
    }
}
