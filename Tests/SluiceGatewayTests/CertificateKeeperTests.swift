internal import Foundation
import Logging
import SluiceBase
import SluiceCrypto
import Synchronization
import Testing

@testable import SluiceGateway

@Suite("The certificate in force")
struct CertificateKeeperTests {
    private final class Lines: Sendable {
        private let state = Mutex<[String]>([])

        var all: [String] { state.withLock { $0 } }

        func add(_ bytes: [UInt8]) {
            // Level and message, without the time in front and the file behind.
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().prefix { !$0.hasPrefix("file=") }
            state.withLock { $0.append(words.joined(separator: " ")) }
        }
    }

    @Test("is told of once a day when fewer than 14 days are left, and when it has expired")
    func expiry() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let pair = try SelfSignedCertificate.make(hostNames: ["localhost"], addresses: [], validDays: 30)
        let (certificate, key) = (folder.appendingPathComponent("c.pem"), folder.appendingPathComponent("k.pem"))
        try pair.certificatePEM.write(to: certificate, atomically: true, encoding: .utf8)
        try pair.privateKeyPEM.write(to: key, atomically: true, encoding: .utf8)

        let lines = Lines()
        let time = ManualTime(wallMilliseconds: SystemTime().wallMilliseconds())
        let output = LogOutput(format: .text, time: time, recordsPerSecond: 100) { line in
            lines.add(line)
            return .written
        }
        let logger = Logger(label: "test") { LineLogHandler(label: $0, logLevel: .info, output: output) }
        let keeper = try CertificateKeeper(certificatePath: certificate.path, keyPath: key.path, time: time, logger: logger)
        for days in [0, 15, 1, 0, 12, 2] {
            time.advance(by: .seconds(days * 86_400 + 60))
            keeper.look()
        }
        #expect(
            lines.all == [
                "warning the certificate expires in 13 days", "warning the certificate expires in 1 day",
                "error the certificate has expired: providers refuse it",
            ])
    }
}
