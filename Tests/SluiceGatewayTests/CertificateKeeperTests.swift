import Logging
import SluiceBase
import Synchronization
import TestSupport
import Testing

@testable import SluiceGateway

@Suite("The certificate in force")
struct CertificateKeeperTests {
    private final class Lines: Sendable {
        private let state = Mutex<[String]>([])

        var all: [String] { state.withLock { $0 } }

        func add(_ bytes: [UInt8]) {
            // Level and message, without the time in front and the file behind.
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().prefix {
                !$0.hasPrefix("file=")
            }
            state.withLock { $0.append(words.joined(separator: " ")) }
        }
    }

    @Test("is told of once a day when fewer than 14 days are left, and when it has expired")
    func expiry() throws {
        let pair = try TestCertificate.make(validDays: 30)
        let lines = Lines()
        let time = ManualTime(wallMilliseconds: SystemTime().wallMilliseconds())
        let output = LogOutput(format: .text, time: time, recordsPerSecond: 100) { line in
            lines.add(line)
            return .written
        }
        let logger = Logger(label: "test") { LineLogHandler(label: $0, logLevel: .info, output: output) }
        let keeper = try CertificateKeeper(
            certificatePath: pair.certificatePath, keyPath: pair.keyPath, time: time, logger: logger)
        for days in [0, 15, 1, 0, 12, 2] {
            time.advance(by: .seconds(days * 86_400 + 60))
            keeper.look()
        }
        #expect(
            lines.all == [
                "warning the certificate expires in 13 days", "warning the certificate expires in 1 day",
                "error the certificate has expired: providers reject it",
            ])
    }
}
