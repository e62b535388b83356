import DevQueue
import SluiceNet
import Testing
import Zizq

/// A development queue in this process.
final class QueueFixture: Sendable {
    let store: DevQueueStore
    let server: DevQueueServer

    private init(_ store: DevQueueStore, _ server: DevQueueServer) {
        self.store = store
        self.server = server
    }

    /// Runs a test with a queue and a client of it.
    static func run(
        isLicensed: Bool = false, host: String = "127.0.0.1", _ configure: (inout ZizqConfiguration) -> Void = { _ in },
        _ test: (QueueFixture, ZizqClient) async throws -> Void
    ) async throws {
        let store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: isLicensed))
        let address = try #require(SocketAddress(host: host, port: 0))
        let fixture = QueueFixture(store, try await DevQueueServer(store: store, address: address))
        var configuration = ZizqConfiguration(url: fixture.server.url())
        configuration.readTimeout = .seconds(600)
        configure(&configuration)
        let client = try ZizqClient(configuration)
        do { try await test(fixture, client) } catch {
            await client.shutdown()
            await fixture.server.stop()
            throw error
        }
        await client.shutdown()
        await fixture.server.stop()
    }

    /// The payloads that are here, in order.
    var payloads: [String] { store.jobs.map { String(decoding: $0.payload ?? [], as: UTF8.self) } }
}

/// The error that a call ends with.
func failure<Value>(_ call: () async throws(ZizqError) -> Value, sourceLocation: SourceLocation = #_sourceLocation)
    async -> ZizqError?
{
    do throws(ZizqError) {
        _ = try await call()
        Issue.record("the call succeeded", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// Jobs of tests.
struct SendEmail: JobKind, Equatable {
    static let name = "send_email"
    static let queue = "emails"
    var to: String
}

struct Rebuild: JobKind, Equatable {
    static let name = "rebuild"
}

struct Page: JobKind, Equatable {
    static let name = "page"
    var number: Int

    init(_ number: Int) { self.number = number }
    init(from decoder: any Decoder) throws { number = try decoder.singleValueContainer().decode(Int.self) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

/// Says everything that a kind can say.
struct Charge: JobKind, Equatable {
    static let name = "charge"
    static let queue = "billing"
    static let priority: UInt16? = 7
    static let retryLimit: UInt32? = 3
    static let backoff: Backoff? = Backoff(base: .seconds(1), exponent: 1.5, jitter: .milliseconds(500))
    static let retention: Retention? = Retention(completed: .seconds(60))
    static let uniqueWhile: Zizq.UniqueScope? = .exists
    var invoice: String
    var uniqueKey: UniqueKey? { .raw("charge:\(invoice)") }
}
