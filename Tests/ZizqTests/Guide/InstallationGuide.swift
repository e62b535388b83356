import DevQueue
import Logging
import SluiceNet
import TestSupport
import Testing
import Zizq

extension Guide {
    @Suite struct Installation {
        @Test("the page shows the examples as they are run here")
        func page() throws { try GuidePage("installation.md").expectExamples() }

        @Test("the page's table has every part of the configuration, with its default")
        func table() throws {
            let page = try GuidePage("installation.md").text
            let configuration = ZizqConfiguration()
            let members = Mirror(reflecting: configuration).children.compactMap(\.label)
            #expect(members.count == 10)
            for member in members { #expect(page.contains("`\(member)`"), "\(member)") }
            #expect(page.contains("| `url` | `\(configuration.url)` |"))
            #expect(page.contains("| `connectTimeout` | \(configuration.connectTimeout.components.seconds) s |"))
            #expect(page.contains("| `readTimeout` | \(configuration.readTimeout.components.seconds) s |"))
            #expect(page.contains("| `maximumConnections` | \(configuration.maximumConnections) |"))
        }

        @Test("a client is made of a configuration, and shut down")
        func client() async throws {
            let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
            let server = try await DevQueueServer(store: DevQueueStore(), address: address)
            let url = server.url()
            // example client
            var configuration = ZizqConfiguration(url: url)
            configuration.connectTimeout = .seconds(3)
            configuration.readTimeout = .seconds(60)
            configuration.maximumConnections = 8
            configuration.logger = Logger(label: "zizq")
            let client = try ZizqClient(configuration)

            try await client.enqueue(SendEmail(to: "alice@example.com"), timeout: .seconds(5))
            await client.shutdown()
            // end
            #expect(server.store.jobCount == 1)
            await server.stop()
        }

        @Test("a private authority is trusted, and headers go with every request")
        func tls() async throws {
            let certificate = try TestCertificate.make()
            let context = try TLSServerContext(
                certificatePath: certificate.certificatePath, keyPath: certificate.keyPath)
            let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
            let server = try await DevQueueServer(
                store: DevQueueStore(), address: address, tls: TLSServerContextSlot(context))
            let (url, token) = (server.url(isTLS: true), "t")
            let (authority, chain, key) = (
                certificate.certificatePath, certificate.certificatePath, certificate.keyPath
            )
            // example tls
            var configuration = ZizqConfiguration(url: url)
            configuration.caCertificatePath = authority
            configuration.clientCertificatePath = chain
            configuration.clientKeyPath = key
            configuration.headers = [(name: "authorization", value: "Bearer \(token)")]
            let client = try ZizqClient(configuration)
            // end
            try await client.health()
            await client.shutdown()
            await server.stop()
        }
    }

    @Suite struct Index {
        @Test("the page's first example is the program that ZizqPackageTests builds and runs")
        func page() throws {
            #expect(try GuidePage("README.md").blocks.map { $0.hasPrefix("import Zizq\n") } == [true])
        }
    }
}
