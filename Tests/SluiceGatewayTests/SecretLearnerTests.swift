import Foundation
import Logging
import SluiceBase
import SluiceOutbox
import Testing

@testable import SluiceGateway
@testable import SluiceRoutes

/// Secrets that are learnt and forgotten at the same time.
@Suite(.serialized) struct SecretLearnerTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("what is used is what the outbox keeps, whichever of learning and forgetting comes first")
    func races() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "learner-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let configuration = OutboxConfiguration(path: folder.appending(path: "outbox.db").path)
        let outbox = try OutboxWriter(configuration, time: SystemTime(), log: Self.logger) { _, _ in }
        let secrets = LearntSecrets()
        let learner = SecretLearner(secrets: secrets, outbox: outbox, time: SystemTime(), logger: Self.logger)
        let console = OutboxConsole(
            .running(outbox, ReaderBox(try OutboxReader(configuration))), limit: .mebibytes(64), time: SystemTime(),
            learnt: secrets)
        for number in 0..<200 {
            let secret = HandshakeSecret(bytes: Array("the secret \(number)".utf8))
            _ = secrets.arm("r", atMilliseconds: SystemTime().wallMilliseconds())
            #expect(learner.begin(secret, of: "r") != .notArmed)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = await learner.store(secret, of: "r", armedAtMilliseconds: 1) }
                group.addTask { _ = await console.answer(.forgetLearntSecrets("r")) }
            }
            let kept = try await outbox.perform { store throws(OutboxError) in try store.learntSecrets()["r"] ?? [] }
            #expect(secrets.secrets(of: "r") == kept)
        }
        await outbox.close()
    }
}
