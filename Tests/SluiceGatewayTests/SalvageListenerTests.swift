internal import Foundation
import Logging
import SluiceBase
import SluiceNet
import Synchronization
import TestSupport
import Testing

@testable import SluiceGateway
@testable import SluiceOutbox

@Suite struct SalvageListenerTests {
    /// 127.0.0.99: a server of another test cannot be given the same port there.
    private static let address: UInt32 = 0x7F00_0063

    /// A log that asks the admin listener when a salvage begins, on the thread that will do it.
    private struct AskingLog: LogHandler {
        final class Answers: Sendable {
            let texts = Mutex<[String]>([])
        }

        let port: UInt16
        let answers: Answers
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.message.description.hasPrefix("the outbox is damaged") else { return }
            for path in ["/healthz", "/readyz"] {
                let text = ask(path)
                answers.texts.withLock { $0.append(text) }
            }
        }

        /// The answer of a listener that may not have begun yet.
        private func ask(_ path: String) -> String {
            let end = ContinuousClock.now + .seconds(600)
            while ContinuousClock.now < end {
                guard let socket = try? RawSocket(port: port, address: SalvageListenerTests.address),
                    (try? socket.send("GET \(path) HTTP/1.1\r\nhost: h\r\n\r\n")) != nil,
                    let text = try? socket.receive(until: { $0.hasSuffix("}") })
                else {
                    sched_yield()
                    continue
                }
                return text
            }
            return "no answer"
        }
    }

    private func makeDamagedOutbox(_ path: String) throws {
        try OutboxStore(OutboxConfiguration(path: path), time: SystemTime()).close()
        let connection = try Connection(path: path, vfs: nil, access: .readWrite)
        try connection.execute("UPDATE progress SET first_pending = -5")
        connection.close()
    }

    @Test("while a damaged outbox is saved, /healthz answers; then the gateway starts on the same address")
    func salvage() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (probe, port) = try RawSocket.listening()
        probe.close()
        var settings = Settings()
        settings.https = .off
        settings.http = .at(PeerAddress(ipv4: (127, 0, 0, 1), port: 0))
        settings.admin = .at(PeerAddress(ipv4: (127, 0, 0, 99), port: port))
        settings.threads = 1
        settings.routes = folder.path
        settings.outbox.path = folder.appending(path: "outbox.db").path
        settings.limits.drain = .zero
        try makeDamagedOutbox(settings.outbox.path)
        let answers = AskingLog.Answers()
        let gateway = try await Gateway.start(
            GatewayConfiguration(settings: EffectiveSettings(values: settings), environment: [:]),
            logger: Logger(label: "test") { _ in AskingLog(port: port, answers: answers) })
        let texts = answers.texts.withLock { $0 }
        #expect(texts.count == 2)
        #expect(texts.first?.hasPrefix("HTTP/1.1 200 ") == true, "\(texts)")
        #expect(texts.last?.hasPrefix("HTTP/1.1 503 ") == true, "\(texts)")
        #expect(texts.last?.hasSuffix(#"{"status":"starting"}"#) == true, "\(texts)")
        #expect(gateway.addresses.admin?.port == port)
        let running = Task { await gateway.run() }
        let ready = try await blocking {
            let socket = try RawSocket(port: port, address: Self.address)
            try socket.send("GET /readyz HTTP/1.1\r\nhost: h\r\n\r\n")
            return try socket.receive { $0.hasSuffix("}") }
        }
        #expect(ready.hasPrefix("HTTP/1.1 200 "), "\(ready)")
        running.cancel()
        await running.value
    }
}
