import DevQueue
import SluiceNet
import Synchronization
import TestSupport
import Testing
import Zizq

extension Guide {
    // The development queue has types of its own of these names.
    typealias JobStatus = Zizq.JobStatus
    typealias UniqueScope = Zizq.UniqueScope

    /// Runs an example against a development queue of its own.
    static func withQueue(
        isLicensed: Bool = false, version: String = "0.6.1", _ example: (DevQueueStore, ZizqClient) async throws -> Void
    ) async throws {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: isLicensed, version: version))
        let server = try await DevQueueServer(store: store, address: address)
        let client = try ZizqClient(ZizqConfiguration(url: server.url()))
        let result: Result<Void, any Error>
        do { result = .success(try await example(store, client)) } catch { result = .failure(error) }
        await client.shutdown()
        await server.stop()
        try result.get()
    }

    /// Runs an example against a server that takes every job, and gives back what was sent to it.
    static func recording(
        answer: String = RecordingServer.job, _ example: (ZizqClient) async throws -> Void
    ) async throws -> [RecordingServer.Request] {
        let server = try RecordingServer(answer: answer)
        let client = try ZizqClient(ZizqConfiguration(url: server.url))
        let result: Result<Void, any Error>
        do { result = .success(try await example(client)) } catch { result = .failure(error) }
        await client.shutdown()
        server.stop()
        try result.get()
        return server.requests
    }
}

/// Answers every request alike and remembers it: for what the development queue leaves aside, such as budgets.
final class RecordingServer: Sendable {
    struct Request: Sendable, Hashable {
        /// `POST /jobs`
        let line: String
        let body: String
    }

    /// The answer to an enqueue.
    static let job =
        #"{"id":"03hafxki710pxbxgtmvmxkl9v","type":"t","queue":"q","status":"ready","ready_at":1,"attempts":0}"#

    let url: String
    private let socket: RawSocket
    private let answer: String
    private let recorded = Mutex<[Request]>([])

    init(answer: String) throws {
        let (socket, port) = try RawSocket.listening()
        self.socket = socket
        self.answer = answer
        url = "http://127.0.0.1:\(port)"
        Task {
            try await blocking { [self] in
                while let connection = socket.accept() { try? serve(connection) }
            }
        }
    }

    /// What came, in order.
    var requests: [Request] { recorded.withLock { $0 } }

    func stop() { socket.close() }

    /// One request a connection.
    private func serve(_ connection: RawSocket) throws {
        let text = try connection.receive { text in
            guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
            let length = text.lowercased().firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
            return text[end.upperBound...].utf8.count >= length
        }
        guard let end = text.firstRange(of: "\r\n\r\n") else { return }
        let line = String(text.prefix { $0 != "\r\n" }).replacing(" HTTP/1.1", with: "")
        recorded.withLock { $0.append(Request(line: line, body: String(text[end.upperBound...]))) }
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: "
            + "\(answer.utf8.count)"
        try connection.send(head + "\r\n\r\n" + answer)
        connection.close()
    }
}
