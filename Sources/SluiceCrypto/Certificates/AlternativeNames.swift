internal import CSluiceOpenSSL
internal import SluiceBase

/// The subject alternative names of a certificate (RFC 5280 §4.2.1.6), checked, so that none can smuggle in another one.
struct AlternativeNames {
    /// As OpenSSL's configuration language writes them: `DNS:localhost,IP:127.0.0.1`.
    let configuration: String

    init(hostNames: [String], addresses: [String]) throws(SelfSignedCertificateError) {
        guard !hostNames.isEmpty || !addresses.isEmpty else { throw .noNames }
        for name in hostNames where !Self.isHostName(name) { throw .invalidHostName(name) }
        for address in addresses where !Self.isAddress(address) { throw .invalidAddress(address) }
        configuration = (hostNames.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }).joined(separator: ",")
    }

    /// Letters, digits, hyphens and underscores, in labels of 63 bytes at most (RFC 1123 §2.1).
    private static func isHostName(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253 else { return false }
        return labels.enumerated().allSatisfy { index, label in
            (index == 0 && label == "*" && labels.count > 1) || (1...63 ~= label.utf8.count && label.utf8.allSatisfy(isLabelByte))
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        let letter = ASCII.lowercase(byte)
        return letter &- 0x61 < 26 || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isAddress(_ address: String) -> Bool {
        // OpenSSL's own reading, which is what will put the address into the certificate.
        defer { ERR_clear_error() }
        guard !address.utf8.contains(0), let octets = unsafe a2i_IPADDRESS(address) else { return false }
        unsafe ASN1_OCTET_STRING_free(octets)
        return true
    }
}
