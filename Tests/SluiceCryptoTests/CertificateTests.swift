import CSluiceOpenSSL
import SluiceCrypto
import Testing

@Suite("self-signed certificates", .serialized)
struct CertificateTests {
    /// The certificate and key as a TLS server would read them; freed with the object.
    @safe private final class Pair {
        let certificate: OpaquePointer
        let key: OpaquePointer

        init(
            hostNames: [String] = ["localhost", "*.example.test"], addresses: [String] = ["127.0.0.1", "::1"],
            validDays: Int = 30
        ) throws {
            let pem = try SelfSignedCertificate.make(hostNames: hostNames, addresses: addresses, validDays: validDays)
            let certificateInput = unsafe memory(holding: pem.certificatePEM)
            defer { unsafe BIO_free(certificateInput) }
            let keyInput = unsafe memory(holding: pem.privateKeyPEM)
            defer { unsafe BIO_free(keyInput) }
            unsafe certificate = try #require(PEM_read_bio_X509(certificateInput, nil, nil, nil))
            unsafe key = try #require(PEM_read_bio_PrivateKey(keyInput, nil, nil, nil))
        }

        deinit {
            unsafe X509_free(certificate)
            unsafe EVP_PKEY_free(key)
        }

        func names(_ host: String) -> Bool { unsafe X509_check_host(certificate, host, 0, 0, nil) == 1 }
        func names(address: String) -> Bool { unsafe X509_check_ip_asc(certificate, address, 0) == 1 }
    }

    @Test("the key belongs to the certificate")
    func key() throws {
        let pair = try Pair()
        #expect(unsafe X509_check_private_key(pair.certificate, pair.key) == 1)
        #expect(unsafe EVP_PKEY_get_bits(pair.key) == 256)
        let other = try Pair()
        #expect(unsafe X509_check_private_key(pair.certificate, other.key) == 0)
        #expect(OpenSSLError("comparing").reasons == ["key values mismatch (x509 certificate routines)"])
    }

    @Test("it names the hosts and addresses that were asked for and no others")
    func names() throws {
        let pair = try Pair()
        #expect(pair.names("localhost"))
        #expect(pair.names("a.example.test"))
        #expect(!pair.names("example.test"))
        #expect(!pair.names("localhost.localdomain"))
        #expect(pair.names(address: "127.0.0.1"))
        #expect(pair.names(address: "0:0:0:0:0:0:0:1"))
        #expect(!pair.names(address: "127.0.0.2"))
        #expect(try Pair(hostNames: [], addresses: ["10.0.0.1"]).names(address: "10.0.0.1"))
    }

    @Test("it is valid from an hour ago for as many days as were asked for", arguments: [1, 30, 3650])
    func validity(days: Int) throws {
        let pair = try Pair(validDays: days)
        var (daysPast, secondsPast, daysLeft, secondsLeft): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        #expect(unsafe ASN1_TIME_diff(&daysPast, &secondsPast, X509_get0_notBefore(pair.certificate), nil) == 1)
        #expect(unsafe ASN1_TIME_diff(&daysLeft, &secondsLeft, nil, X509_get0_notAfter(pair.certificate)) == 1)
        #expect(daysPast == 0 && 3600...3660 ~= secondsPast)
        let left = Int(daysLeft) * 86_400 + Int(secondsLeft)
        #expect(days * 86_400 - 60...days * 86_400 ~= left)
    }

    @Test("a client that trusts it accepts it as a server's")
    func trust() throws {
        let pair = try Pair()
        let store = unsafe X509_STORE_new()
        defer { unsafe X509_STORE_free(store) }
        #expect(unsafe X509_STORE_add_cert(store, pair.certificate) == 1)
        let context = unsafe X509_STORE_CTX_new()
        defer { unsafe X509_STORE_CTX_free(context) }
        #expect(unsafe X509_STORE_CTX_init(context, store, pair.certificate, nil) == 1)
        #expect(unsafe X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER) == 1)
        #expect(unsafe X509_verify_cert(context) == 1, "\(unsafe X509_STORE_CTX_get_error(context))")
    }

    @Test("two certificates differ in key and serial number")
    func serialNumbers() throws {
        let first = try Pair()
        let second = try Pair()
        #expect(
            unsafe ASN1_INTEGER_cmp(
                X509_get0_serialNumber(first.certificate), X509_get0_serialNumber(second.certificate)) != 0)
        #expect(unsafe EVP_PKEY_eq(first.key, second.key) == 0)
    }

    @Test(
        "an invalid name is refused and cannot add another one",
        arguments: [
            "", "a,DNS:evil.test", "a b", "a..b", ".a", "a.*", "*", "a:1", "é", "a\u{0}b",
            String(repeating: "a", count: 64), "a\nb", "a/b",
        ])
    func hostNames(name: String) {
        #expect(throws: SelfSignedCertificateError.invalidHostName(name)) {
            try SelfSignedCertificate.make(hostNames: [name], addresses: [], validDays: 1)
        }
        #expect("\(SelfSignedCertificateError.invalidHostName("x"))" == "'x' is not a host name")
    }

    @Test(
        "an invalid address is refused",
        arguments: ["", "localhost", "256.1.1.1", "1.2.3", "::g", "127.0.0.1,DNS:evil.test", "127.0.0.1\u{0}"])
    func addresses(address: String) {
        #expect(throws: SelfSignedCertificateError.invalidAddress(address)) {
            try SelfSignedCertificate.make(hostNames: ["localhost"], addresses: [address], validDays: 1)
        }
    }

    @Test("a certificate without any name is refused")
    func noNames() {
        #expect(throws: SelfSignedCertificateError.noNames) {
            try SelfSignedCertificate.make(hostNames: [], addresses: [], validDays: 1)
        }
    }

    @Test("an OpenSSL error says what was done and why it failed, and empties the queue")
    func errors() {
        let input = unsafe memory(holding: "no certificate")
        defer { unsafe BIO_free(input) }
        #expect(unsafe PEM_read_bio_X509(input, nil, nil, nil) == nil)
        #expect(
            OpenSSLError("reading the certificate").description
                == "reading the certificate: no start line (PEM routines)")
        #expect(unsafe PEM_read_bio_X509(input, nil, nil, nil) == nil)
        #expect(unsafe PEM_read_bio_X509(input, nil, nil, nil) == nil)
        #expect(
            OpenSSLError("reading").description == "reading: no start line (PEM routines); no start line (PEM routines)"
        )
        #expect(
            OpenSSLError("reading the certificate").description
                == "reading the certificate failed; OpenSSL gave no reason")
    }
}

/// A `BIO` with a copy of `text`: `BIO_new_mem_buf` would keep a pointer that ends with the call.
private func memory(holding text: String) -> OpaquePointer? {
    let memory = unsafe BIO_new(BIO_s_mem())
    unsafe BIO_puts(memory, text)
    return unsafe memory
}
