internal import CSluiceOpenSSL
internal import SluiceBase

/// A self-signed X.509 version 3 certificate, owned.
@safe
struct Certificate: ~Copyable {
    // Only freed here.
    private let pointer: OpaquePointer

    /// Creates an empty certificate.
    private init() throws(OpenSSLError) {
        guard let pointer = unsafe X509_new() else { throw OpenSSLError("creating a certificate") }
        unsafe self.pointer = pointer
    }

    static func selfSigned(by key: borrowing PrivateKey, _ names: AlternativeNames, validDays: Int) throws(OpenSSLError)
        -> Certificate
    {
        let certificate = try Certificate()
        try check(unsafe X509_set_version(certificate.pointer, 2))
        try certificate.setSerialNumber()
        try certificate.setValidity(days: validDays)
        try certificate.setNames()
        try check(unsafe X509_set_pubkey(certificate.pointer, key.pointer))
        try certificate.add(NID_basic_constraints, "critical,CA:FALSE")
        try certificate.add(NID_key_usage, "critical,digitalSignature")
        try certificate.add(NID_ext_key_usage, "serverAuth")
        try certificate.add(NID_subject_alt_name, names.configuration)
        guard unsafe X509_sign(certificate.pointer, key.pointer, EVP_sha256()) > 0 else {
            throw OpenSSLError("signing a certificate")
        }
        return certificate
    }

    deinit { unsafe X509_free(pointer) }

    func pem() throws(OpenSSLError) -> String {
        let text = unsafe PEMText.write { unsafe PEM_write_bio_X509($0, pointer) }
        guard let text else { throw OpenSSLError("writing the certificate") }
        return text
    }

    /// 127 random bits: browsers refuse two certificates of one issuer with the same number.
    private func setSerialNumber() throws(OpenSSLError) {
        guard let number = unsafe BN_new() else { throw OpenSSLError("creating a certificate") }
        defer { unsafe BN_free(number) }
        try Self.check(unsafe BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY))
        guard unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil else {
            throw OpenSSLError("creating a certificate")
        }
    }

    private func setValidity(days: Int) throws(OpenSSLError) {
        let isSet =
            unsafe X509_gmtime_adj(X509_getm_notBefore(pointer), -3600) != nil
            && X509_time_adj_ex(X509_getm_notAfter(pointer), Int32(clamping: days), 0, nil) != nil
        try Self.check(isSet ? 1 : 0)
    }

    /// Subject and issuer are the same. Clients only check the alternative names (RFC 9525 §6.3), so this is for
    /// people.
    private func setNames() throws(OpenSSLError) {
        let name = unsafe X509_get_subject_name(pointer)
        try Self.check(unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, "Sluice self-signed", -1, -1, 0))
        try Self.check(unsafe X509_set_issuer_name(pointer, name))
    }

    private func add(_ extensionID: Int32, _ value: String) throws(OpenSSLError) {
        guard let addition = unsafe X509V3_EXT_conf_nid(nil, nil, extensionID, value) else {
            throw OpenSSLError("creating a certificate")
        }
        defer { unsafe X509_EXTENSION_free(addition) }
        try Self.check(unsafe X509_add_ext(pointer, addition, -1))
    }

    private static func check(_ status: Int32) throws(OpenSSLError) {
        guard status == 1 else { throw OpenSSLError("creating a certificate") }
    }
}

/// The subject alternative names of a certificate (RFC 5280 §4.2.1.6), validated so that none can add another one.
struct AlternativeNames {
    /// In the syntax of OpenSSL's configuration: `DNS:localhost,IP:127.0.0.1`.
    let configuration: String

    init(hostNames: [String], addresses: [String]) throws(SelfSignedCertificateError) {
        guard !hostNames.isEmpty || !addresses.isEmpty else { throw .noNames }
        for name in hostNames where !Self.isHostName(name) { throw .invalidHostName(name) }
        for address in addresses where !Self.isAddress(address) { throw .invalidAddress(address) }
        configuration = (hostNames.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }).joined(separator: ",")
    }

    /// Letters, digits, hyphens and underscores, in labels of at most 63 bytes (RFC 1123 §2.1).
    private static func isHostName(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253 else { return false }
        return labels.enumerated().allSatisfy { index, label in
            (index == 0 && label == "*" && labels.count > 1)
                || (1...63 ~= label.utf8.count && label.utf8.allSatisfy(isLabelByte))
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        let letter = ASCII.lowercase(byte)
        return letter &- 0x61 < 26 || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    private static func isAddress(_ address: String) -> Bool {
        // OpenSSL's own parser, which will put the address into the certificate.
        defer { ERR_clear_error() }
        guard !address.utf8.contains(0), let octets = unsafe a2i_IPADDRESS(address) else { return false }
        unsafe ASN1_OCTET_STRING_free(octets)
        return true
    }
}
