internal import SluiceBase
internal import SluiceCrypto
internal import SluiceGateway
internal import SluiceNet

/// The files that `sluice dev` creates on its first run.
enum DevelopmentFiles {
    private static let folder = ".sluice"

    /// Creates the folder, and a self-signed certificate if the settings name the development one and it does not exist
    /// or has expired.
    static func prepare(_ settings: Settings) throws {
        do { try FileAccess.makeFolder(folder) } catch {
            throw StartupError(.unavailable, "cannot create the folder \(folder): \(error)")
        }
        guard settings.https != .off, settings.tls == Settings.development.tls,
            let certificate = settings.tls.certificate,
            let key = settings.tls.key, !isValid(certificate, key)
        else { return }
        let pair: (certificatePEM: String, privateKeyPEM: String)
        do {
            pair = try SelfSignedCertificate.make(
                hostNames: ["localhost"], addresses: ["127.0.0.1", "::1"], validDays: 365)
        } catch {
            throw StartupError(.software, "cannot create a certificate: \(error)")
        }
        try write(pair.certificatePEM, to: certificate)
        try write(pair.privateKeyPEM, to: key)
    }

    private static func isValid(_ certificate: String, _ key: String) -> Bool {
        guard let context = try? TLSServerContext(certificatePath: certificate, keyPath: key) else { return false }
        return context.expiresAt * 1000 > SystemTime().wallMilliseconds()
    }

    private static func write(_ text: String, to path: String) throws {
        do { try FileAccess.writePrivate(Array(text.utf8), to: path) } catch {
            throw StartupError(.unavailable, "cannot write \(path): \(error)")
        }
    }
}

/// The secret of every route in `sluice dev` whose environment variable is not set: publicly known, and only for
/// development.
enum DevelopmentSecret {
    static let text = "development"
}
