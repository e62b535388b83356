internal import Foundation
internal import SluiceCrypto

/// A self-signed certificate in files of a temporary folder, which the test's process leaves to the system to clear.
package struct TestCertificate: Sendable {
    package let certificatePath: String
    package let keyPath: String

    /// Makes a certificate, valid from now.
    ///
    /// - Parameters:
    ///   - hostNames: the names that it is for.
    ///   - addresses: the addresses that it is for.
    package static func make(
        hostNames: [String] = ["localhost"], addresses: [String] = ["127.0.0.1"], validDays: Int = 2
    ) throws -> TestCertificate {
        let pair = try SelfSignedCertificate.make(hostNames: hostNames, addresses: addresses, validDays: validDays)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let certificate = folder.appendingPathComponent("certificate.pem")
        let key = folder.appendingPathComponent("key.pem")
        try pair.certificatePEM.write(to: certificate, atomically: true, encoding: .utf8)
        try pair.privateKeyPEM.write(to: key, atomically: true, encoding: .utf8)
        return TestCertificate(certificatePath: certificate.path, keyPath: key.path)
    }
}
