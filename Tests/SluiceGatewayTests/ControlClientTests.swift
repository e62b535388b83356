import Foundation
import SluiceBase
import SluiceOutbox
import Testing

@testable import SluiceGateway

/// Commands on an outbox that no gateway uses.
struct ControlClientTests {
    @Test("the requests of a command share one opening of the outbox, until it is closed")
    func opening() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "client-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var settings = Settings()
        settings.outbox.path = folder.appending(path: "outbox.db").path
        var configuration = OutboxConfiguration(settings)
        configuration.lockWait = .zero
        try OutboxStore(configuration, time: SystemTime()).close()
        for _ in 1...2 {
            for _ in 1...2 {
                _ = try await ControlClient.ask(.status, settings)
                #expect(throws: StartupError.self) { _ = try OutboxStore(configuration, time: SystemTime()) }
            }
            await ControlClient.close()
            try OutboxStore(configuration, time: SystemTime()).close()
        }
    }
}
