internal import CSluiceOpenSSL

/// A new key on the curve P-256, owned.
@safe
struct PrivateKey: ~Copyable {
    // Only freed here.
    let pointer: OpaquePointer

    init() throws(OpenSSLError) {
        guard let key = unsafe SigningKey.generateP256() else { throw OpenSSLError("creating a key") }
        unsafe pointer = key
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// PKCS #8, not encrypted.
    func pem() throws(OpenSSLError) -> String {
        let text = unsafe PEMText.write { unsafe PEM_write_bio_PrivateKey($0, pointer, nil, nil, 0, nil, nil) }
        guard let text else { throw OpenSSLError("writing the key") }
        return text
    }
}

/// Collects PEM text that OpenSSL writes (RFC 7468).
enum PEMText {
    /// - Parameter body: writes into the given `BIO` and returns 1 on success.
    /// - Returns: the text; `nil` after a failure.
    static func write(_ body: (OpaquePointer) -> Int32) -> String? {
        // Wiped when it is freed, because the text may contain a key.
        guard let output = unsafe BIO_new(BIO_s_secmem()) else { return nil }
        defer { unsafe BIO_free(output) }
        guard unsafe body(output) == 1 else { return nil }
        var start: UnsafeMutablePointer<CChar>?
        // `BIO_get_mem_data`: the memory belongs to the `BIO` and is copied before it is freed.
        let count = unsafe BIO_ctrl(output, BIO_CTRL_INFO, 0, &start)
        guard let start = unsafe start else { return nil }
        return unsafe UnsafeRawBufferPointer(start: start, count: count).withMemoryRebound(to: UInt8.self) {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}

/// A self-signed certificate for development and tests: P-256, for server authentication, with subject alternative
/// names.
package enum SelfSignedCertificate {
    /// Creates a new key and a certificate for it, valid since an hour ago, so that a clock that is slightly behind
    /// accepts it.
    ///
    /// - Parameters:
    ///   - hostNames: such as `localhost`; the leftmost label may be `*`.
    ///   - addresses: IPv4 or IPv6.
    ///   - validDays: from now; 0 or less for an expired certificate.
    /// - Throws: if a name or an address cannot be in a certificate, or there is none.
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

/// The error of creating a self-signed certificate.
package enum SelfSignedCertificateError: Error, Sendable, Hashable, CustomStringConvertible {
    case noNames
    case invalidHostName(String)
    case invalidAddress(String)
    case openSSL(OpenSSLError)

    /// A phrase for use after a colon.
    package var description: String {
        switch self {
        case .noNames: "a certificate needs a host name or an address"
        case .invalidHostName(let name): "'\(name)' is not a host name"
        case .invalidAddress(let address): "'\(address)' is not an IP address"
        case .openSSL(let error): error.description
        }
    }
}
