import SluiceHTTP
import SluiceNet
import Testing

/// A client on a loop of its own.
final class ClientUnderTest: Sendable {
    let client: HTTPClient
    private let group: EventLoopGroup

    init(
        _ host: String = "127.0.0.1", port: UInt16, tls: TLSClientContext? = nil,
        _ change: (inout HTTPClientConfiguration) -> Void = { _ in }
    ) throws {
        group = try EventLoopGroup(count: 1, name: "client")
        var configuration = HTTPClientConfiguration(
            endpoint: .host(host, port: port), authority: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)",
            tls: tls)
        // A busy machine may keep a test waiting between two of its steps.
        (configuration.connectTimeout, configuration.idleTime) = (.seconds(600), .seconds(600))
        change(&configuration)
        client = HTTPClient(configuration: configuration, loop: group.mailboxes[0])
    }

    /// Ends its thread.
    func stop() async {
        client.shutdown()
        await group.stop()
    }

    func get(_ target: String = "/", timeout: Duration = .seconds(3000)) async throws(HTTPClientError)
        -> HTTPClientResponse
    {
        try await client.send(HTTPClientRequest(method: "GET", target: target, timeout: timeout))
    }

    func post(_ body: String, to target: String = "/", timeout: Duration = .seconds(3000)) async throws(HTTPClientError)
        -> HTTPClientResponse
    {
        try await client.send(
            HTTPClientRequest(method: "POST", target: target, body: Array(body.utf8), timeout: timeout))
    }

    /// The error that a GET ends with.
    func failure(
        _ request: HTTPClientRequest = HTTPClientRequest(method: "GET", target: "/", timeout: .seconds(3000)),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> HTTPClientError? {
        do throws(HTTPClientError) {
            let answer = try await client.send(request)
            Issue.record("an answer came: \(answer.status) \(answer.text)", sourceLocation: sourceLocation)
            return nil
        } catch {
            return error
        }
    }
}

extension HTTPClientResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}
