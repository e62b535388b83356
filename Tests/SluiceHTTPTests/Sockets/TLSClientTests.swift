internal import Foundation
import SluiceHTTP
import SluiceNet
import TestSupport
import Testing

/// With whom a client talks over TLS.
@Suite struct TLSClientTests {
    private static func error(_ certificate: TestCertificate, ca: String?, host: String) async throws
        -> HTTPClientError?
    {
        let server = try await ServerUnderTest.start(certificate: certificate)
        let tls = try TLSClientContext(caPath: ca, certificatePath: nil, keyPath: nil)
        let client = try ClientUnderTest(host, port: server.port, tls: tls)
        defer { #expect(server.requestCount == 0) }
        let error = await client.failure()
        await client.stop()
        await server.stop()
        return error
    }

    @Test("a certificate of an authority that is not trusted is refused before anything is sent")
    func selfSigned() async throws {
        let error = try await Self.error(TestCertificate.make(), ca: nil, host: "127.0.0.1")
        #expect(error?.kind == .tls)
        #expect(error?.message.contains("self-signed certificate") == true, "\(String(describing: error))")
        #expect(error?.mayHaveBeenProcessed == false)
    }

    @Test("a certificate for another name or address is refused", arguments: ["localhost", "127.0.0.1"])
    func wrongName(host: String) async throws {
        let certificate = try TestCertificate.make(hostNames: ["other.example"], addresses: ["192.0.2.1"])
        let error = try await Self.error(certificate, ca: certificate.certificatePath, host: host)
        #expect(error?.kind == .tls)
        #expect(error?.message.contains("mismatch") == true, "\(String(describing: error))")
    }

    @Test("a server that does not speak TLS is refused")
    func plainServer() async throws {
        let server = try ScriptedServer(.send("HTTP/1.1 400 Bad Request\r\n\r\n"), .close)
        defer { server.stop() }
        let client = try ClientUnderTest(
            port: server.port, tls: TLSClientContext(caPath: nil, certificatePath: nil, keyPath: nil))
        let error = await client.failure()
        #expect(error?.kind == .tls)
        #expect(error?.mayHaveBeenProcessed == false)
        await client.stop()
    }

    @Test("a stalled handshake is aborted after the connect timeout")
    func silentServer() async throws {
        let server = try ScriptedServer([[]])
        defer { server.stop() }
        let tls = try TLSClientContext(caPath: nil, certificatePath: nil, keyPath: nil)
        let client = try ClientUnderTest(port: server.port, tls: tls) { $0.connectTimeout = .milliseconds(200) }
        let error = await client.failure()
        #expect(error?.kind == .timeout)
        #expect(error?.message == "no connection within 200ms")
        #expect(error?.mayHaveBeenProcessed == false)
        await client.stop()
    }

    @Test("a key with a passphrase is refused immediately, without a prompt")
    func passphrase() throws {
        let certificate = try TestCertificate.make()
        let key = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjHUwiqi1lPjgICCAAw
            DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJqG9S4KnPQyYhDMtOoNPxUEgZDf
            mBxoHBDuP2QIQ3CkZ6ogb3hMSR658LyU/bT75ZgZOMaEIWlK8pHOpGsdtQmkAq5u
            Qktz9GO2CHsFhjJSqXIBrUAQD+VprFFPDjb/YsPiuwuK8tninKZdSbzgWs68TRSG
            RgLCwRtxpySTW55v8osi8asEIE+9abNL/rqeaUmNNE5N4NiWbAokrIwEENX0HPs=
            -----END ENCRYPTED PRIVATE KEY-----

            """
        try key.write(toFile: certificate.keyPath, atomically: true, encoding: .utf8)
        let error = #expect(throws: TLSError.self) {
            try TLSServerContext(certificatePath: certificate.certificatePath, keyPath: certificate.keyPath)
        }
        #expect(error?.message == "the private key in \(certificate.keyPath) has a passphrase; use a key without one")
    }
}
