import DevQueue
import SluiceNet
import TestSupport
import Testing
import Zizq

/// HTTPS to a server with a certificate of a private authority.
@Suite struct TLSTests {
    /// A queue whose certificate names these hosts and addresses, and where the certificate lies.
    private func withServer(
        hostNames: [String] = [], addresses: [String] = ["127.0.0.1"],
        _ test: (_ url: String, _ caPath: String) async throws -> Void
    ) async throws {
        let certificate = try TestCertificate.make(hostNames: hostNames, addresses: addresses)
        let context = try TLSServerContext(certificatePath: certificate.certificatePath, keyPath: certificate.keyPath)
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let server = try await DevQueueServer(
            store: DevQueueStore(), address: address, tls: TLSServerContextSlot(context))
        do { try await test(server.url(isTLS: true), certificate.certificatePath) } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func enqueue(_ url: String, caPath: String?) async throws -> [EnqueuedJob] {
        var configuration = ZizqConfiguration(url: url)
        configuration.caCertificatePath = caPath
        let client = try ZizqClient(configuration)
        let answer = await client.postBulk(Array(#"{"jobs":[{"type":"t","queue":"q","payload":1}]}"#.utf8))
        await client.shutdown()
        return try answer.result.get()
    }

    @Test("jobs go over HTTPS to a server whose authority is the given one")
    func enqueues() async throws {
        try await withServer { url, caPath in
            let jobs = try await enqueue(url, caPath: caPath)
            #expect(jobs.count == 1)
        }
    }

    @Test("a certificate of an unknown authority, or for another host, ends the call before anything is sent")
    func refusesOthers() async throws {
        try await withServer { url, _ in
            let error = await #expect(throws: ZizqError.self) { try await enqueue(url, caPath: nil) }
            #expect(error?.isAmbiguous == false)
        }
        try await withServer(hostNames: ["zizq.example"], addresses: []) { url, caPath in
            let error = await #expect(throws: ZizqError.self) { try await enqueue(url, caPath: caPath) }
            #expect(error?.isAmbiguous == false)
        }
    }
}
