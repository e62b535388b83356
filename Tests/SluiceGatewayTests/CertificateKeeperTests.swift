internal import Foundation
import Logging
import SluiceBase
import Synchronization
import TestSupport
import Testing

@testable import SluiceGateway

@Suite("the current certificate")
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

    private static func keeper(
        of pair: TestCertificate, _ time: ManualTime, _ lines: Lines
    ) throws -> CertificateKeeper {
        let output = LogOutput(format: .text, time: time, recordsPerSecond: 100) { line in
            lines.add(line)
            return .written
        }
        let logger = Logger(label: "test") { LineLogHandler(label: $0, logLevel: .info, output: output) }
        return try CertificateKeeper(
            certificatePath: pair.certificatePath, keyPath: pair.keyPath, time: time, logger: logger)
    }

    @Test("is an error every ten minutes while the pair on the disk does not fit, and then no longer")
    func mismatch() throws {
        let (pair, other) = (try TestCertificate.make(validDays: 30), try TestCertificate.make())
        let (lines, time) = (Lines(), ManualTime(wallMilliseconds: SystemTime().wallMilliseconds()))
        let keeper = try Self.keeper(of: pair, time, lines)
        let key = try Data(contentsOf: URL(filePath: pair.keyPath))
        try Data(contentsOf: URL(filePath: other.keyPath)).write(to: URL(filePath: pair.keyPath))
        func lookForTwentyFiveMinutes() {
            for _ in 0..<1500 {
                time.advance(by: .seconds(1))
                keeper.checkForChanges()
            }
        }
        lookForTwentyFiveMinutes()
        let problem =
            "cannot load the certificate; keeping the previous one: the private key in \(pair.keyPath) "
            + "does not match the first certificate in \(pair.certificatePath); replace both files together"
        #expect(keeper.notices == [problem])
        #expect(
            lines.all.map { $0.trimmingCharacters(in: .newlines) }
                == ["error", "error", "error"].map { "\($0) \(problem)" })
        try key.write(to: URL(filePath: pair.keyPath))
        lookForTwentyFiveMinutes()
        #expect(keeper.notices == [] && lines.all.count == 4)
    }

    @Test("warns once a day when fewer than 14 days are left, and after it has expired")
    func expiry() throws {
        let (lines, time) = (Lines(), ManualTime(wallMilliseconds: SystemTime().wallMilliseconds()))
        let keeper = try Self.keeper(of: try TestCertificate.make(validDays: 30), time, lines)
        for days in [0, 15, 1, 0, 12, 2] {
            time.advance(by: .seconds(days * 86_400 + 60))
            keeper.checkForChanges()
        }
        #expect(
            lines.all == [
                "warning the certificate expires in 13 days", "warning the certificate expires in 1 day",
                "error the certificate has expired: providers reject it",
            ])
    }
}
