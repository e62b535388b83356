internal import Foundation
import SluiceHTTP
import SluiceNet

/// Asks a gateway over its UNIX socket without starting the program for each question.
final class ControlConnection: Sendable {
    /// What a reload came to.
    struct Reloaded: Decodable, Sendable {
        let version: Int
        let problems: [String]
    }

    private let group: EventLoopGroup
    private let client: HTTPClient

    init(_ gateway: GatewayUnderTest) throws {
        group = try EventLoopGroup(count: 1, name: "control")
        client = HTTPClient(
            configuration: HTTPClientConfiguration(
                endpoint: .unix(path: gateway.folder.file("outbox.db.sock")), authority: "localhost"),
            loop: group.mailboxes[0])
    }

    func reload() async throws -> Reloaded {
        let answer = try await client.send(HTTPClientRequest(method: "POST", target: "/reload", timeout: .seconds(60)))
        return try JSONDecoder().decode(Reloaded.self, from: Data(answer.body))
    }

    func close() async {
        client.shutdown()
        await group.stop()
    }
}
