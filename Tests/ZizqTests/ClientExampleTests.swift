import DevQueue
internal import Foundation
import SluiceNet
import Testing
import Zizq

/// The example of the client's page compiles, runs, and stands there as it stands here.
@Suite struct ClientExampleTests {
    @Test("the example on the client's page enqueues a job")
    func runs() async throws {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let server = try await DevQueueServer(store: DevQueueStore(configuration: DevQueueConfiguration()), address: address)
        try await Self.example(url: server.url())
        #expect(server.store.jobs.map(\.type) == ["send_email"])
        await server.stop()
    }

    @Test("the page shows the example as it is run here")
    func isShown() throws {
        let here = URL(fileURLWithPath: #filePath)
        let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let source = try String(contentsOf: here, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        let lines = source.drop { !$0.hasSuffix("// example") }.dropFirst().prefix { !$0.hasSuffix("// end of the example") }
        let example = lines.map { $0.hasPrefix("        ") ? $0.dropFirst(8) : $0 }.joined(separator: "\n")
        let page = try String(contentsOf: root.appendingPathComponent("docs/zizq/README.md"), encoding: .utf8)
        #expect(!example.isEmpty)
        #expect(page.contains("```swift\n" + example + "\n```"), "\(example)")
    }

    private static func example(url: String) async throws {
        // example
        var configuration = ZizqConfiguration(url: url)
        configuration.readTimeout = .seconds(60)
        let client = try ZizqClient(configuration)

        let version = try await client.serverVersion()
        let body = #"{"jobs":[{"type":"send_email","queue":"default","payload":{"to":"alice@example.com"}}]}"#
        do throws(ZizqError) {
            let jobs = try await client.enqueueBulk(raw: Array(body.utf8))
            print("server \(version) took \(jobs[0].id)")
        } catch {
            print(error.isRetryable ? "try again later: \(error)" : "refused: \(error)")
        }
        await client.shutdown()
        // end of the example
    }
}
