import DevQueue
import Foundation
import SluiceCrypto
import SluiceNet
import Testing
import Zizq

/// HTTPS to a server with a certificate of a private authority.
@Suite struct TLSTests {
    /// A queue whose certificate names these hosts and addresses, and where the certificate lies.
    private func withServer(
        hostNames: [String] = [], addresses: [String] = ["127.0.0.1"], _ test: (_ url: String, _ caPath: String) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let pair = try SelfSignedCertificate.make(hostNames: hostNames, addresses: addresses, validDays: 1)
        let certificate = folder.appending(path: "certificate.pem")
        let key = folder.appending(path: "key.pem")
        try Data(pair.certificatePEM.utf8).write(to: certificate)
        try Data(pair.privateKeyPEM.utf8).write(to: key)
        let context = try TLSServerContext(certificatePath: certificate.path, keyPath: key.path)
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let server = try await DevQueueServer(store: DevQueueStore(), address: address, tls: TLSServerContextSlot(context))
        do { try await test(server.url(isTLS: true), certificate.path) } catch {
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

    @Test("Jobs go over HTTPS to a server whose authority is the given one")
    func enqueues() async throws {
        try await withServer { url, caPath in
            let jobs = try await enqueue(url, caPath: caPath)
            #expect(jobs.count == 1)
        }
    }

    @Test("A certificate of an unknown authority, or for another host, ends the call before anything is sent")
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
