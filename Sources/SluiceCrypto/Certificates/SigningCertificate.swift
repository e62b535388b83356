internal import CSluiceOpenSSL
internal import SluiceBase

/// A certificate with the public key of a sender. Its issuer is not verified: the caller has to know where it comes
/// from.
@safe
package struct SigningCertificate: Sendable {
    /// Its validity, both ends included, in milliseconds since 1970.
    package let validity: ClosedRange<Int64>
    private let keys: [PublicKeyAlgorithm: PublicKey]

    /// Reads a PEM text (RFC 7468) of a certificate, optionally followed by its issuers, which are ignored; nothing
    /// else but white space is allowed.
    package init(pem: [UInt8]) throws(SigningCertificateError) {
        guard let pem = Self.leaf(pem) else { throw .notOneCertificate }
        // OpenSSL records the errors of the attempts.
        defer { ERR_clear_error() }
        guard let validity = Self.validity(pem) else { throw .unreadable }
        self.validity = validity
        var keys: [PublicKeyAlgorithm: PublicKey] = [:]
        for algorithm in PublicKeyAlgorithm.allCases {
            if let key = try? PublicKey(pem: pem, for: algorithm) { keys[algorithm] = key }
        }
        if keys.isEmpty { throw .uselessKey }
        self.keys = keys
    }

    /// The key for an algorithm; `nil` if it is of another type.
    package func key(for algorithm: PublicKeyAlgorithm) -> PublicKey? { keys[algorithm] }

    private static let begin = "-----BEGIN CERTIFICATE-----"
    private static let end = "-----END CERTIFICATE-----"

    /// The first certificate; `nil` if the text contains anything but certificates.
    private static func leaf(_ pem: [UInt8]) -> [UInt8]? {
        guard let whole = String(validating: pem, as: UTF8.self) else { return nil }
        let lines = whole.split(whereSeparator: \.isNewline).map { $0.trimming { $0 == " " || $0 == "\t" } }.filter {
            !$0.isEmpty
        }
        var isInside = false
        for line in lines {
            guard isInside ? line != begin : line == begin, line == begin || line == end || !line.contains("-----")
            else { return nil }
            if line == begin || line == end { isInside.toggle() }
        }
        guard !isInside, let last = lines.firstIndex(where: { $0 == end }) else { return nil }
        return Array((lines[...last].joined(separator: "\n") + "\n").utf8)
    }

    private static func validity(_ pem: [UInt8]) -> ClosedRange<Int64>? {
        // The certificate is valid during the call, and the times belong to it.
        unsafe PublicKey.readingCertificate(pem) { certificate -> ClosedRange<Int64>? in
            guard let start = unsafe milliseconds(X509_get0_notBefore(certificate)),
                let end = unsafe milliseconds(X509_get0_notAfter(certificate)), start <= end
            else { return nil }
            return start...end
        }
    }

    /// - Parameter time: owned by the certificate.
    private static func milliseconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return nil }
        defer { unsafe ASN1_TIME_free(epoch) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return (Int64(days) * 86_400 + Int64(seconds)) * 1000
    }
}

/// Why a text is not a sender's certificate.
package enum SigningCertificateError: Error, Sendable, Hashable {
    case notOneCertificate
    case unreadable
    case uselessKey

    /// The end of a sentence that starts with the text.
    package var phrase: String {
        switch self {
        case .notOneCertificate: "is not a certificate in PEM, alone or with its issuers after it"
        case .unreadable: "is not a certificate"
        case .uselessKey: "is a certificate with a key that no supported algorithm uses"
        }
    }
}

/// SubjectPublicKeyInfo (RFC 5280 §4.1) of the three types of public keys that JSON Web Keys (RFC 7518 §6, RFC 8037 §2)
/// describe by numbers.
package enum SubjectPublicKeyInfo {
    /// Big-endian numbers.
    package static func rsa(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
        let numbers = element(0x30, integer(modulus) + integer(exponent))
        // rsaEncryption, with NULL parameters.
        let identifier = element(
            0x30, [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00])
        return element(0x30, identifier + element(0x03, [0] + numbers))
    }

    /// - Returns: `nil` for anything but two coordinates of 32 bytes.
    package static func p256(x: [UInt8], y: [UInt8]) -> [UInt8]? {
        guard x.count == 32, y.count == 32 else { return nil }
        // id-ecPublicKey and prime256v1.
        let identifier = element(
            0x30,
            [
                0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03,
                0x01, 0x07,
            ])
        return element(0x30, identifier + element(0x03, [0, 0x04] + x + y))
    }

    private static func integer(_ number: [UInt8]) -> [UInt8] {
        var bytes = Array(number.drop { $0 == 0 })
        if bytes.first.map({ $0 >= 0x80 }) ?? true { bytes.insert(0, at: 0) }
        return element(0x02, bytes)
    }

    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        if count < 0x100 { return [tag, 0x81, UInt8(count)] + content }
        return [tag, 0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)] + content
    }
}
