internal import CSluiceOpenSSL

/// A certificate that vouches for itself, for development and tests: P-256, for server authentication, with subject alternative names.
package enum SelfSignedCertificate {
    /// Makes a new key and a certificate for it, valid from an hour ago, so that a clock that is a little behind accepts it.
    ///
    /// - Parameters:
    ///   - hostNames: such as `localhost`; the leftmost label may be `*`.
    ///   - addresses: IPv4 or IPv6.
    ///   - validDays: from now; 0 or less for one that has expired.
    /// - Throws: if a name or an address cannot stand in a certificate, or there is none at all.
    package static func make(
        hostNames: [String], addresses: [String], validDays: Int
    ) throws(SelfSignedCertificateError) -> (certificatePEM: String, privateKeyPEM: String) {
        let names = try AlternativeNames(hostNames: hostNames, addresses: addresses)
        do throws(OpenSSLError) {
            let key = try PrivateKey()
            let certificate = try Certificate.selfSigned(by: key, names, validDays: validDays)
            return (try certificate.pem(), try key.pem())
        } catch {
            throw .openSSL(error)
        }
    }
}

/// Why a self-signed certificate could not be made.
package enum SelfSignedCertificateError: Error, Sendable, Hashable, CustomStringConvertible {
    case noNames
    case invalidHostName(String)
    case invalidAddress(String)
    case openSSL(OpenSSLError)

    /// A phrase to stand behind a colon.
    package var description: String {
        switch self {
        case .noNames: "a certificate needs a host name or an address"
        case .invalidHostName(let name): "'\(name)' is no host name"
        case .invalidAddress(let address): "'\(address)' is no IP address"
        case .openSSL(let error): error.description
        }
    }
}
