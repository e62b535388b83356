internal import SluiceBase
internal import SluiceNet
internal import Synchronization

/// A server that does with each connection what a test says.
package final class ScriptedServer: Sendable {
    package enum Step: Sendable {
        /// Wait for so many requests without a body, or with one that ends with `END`.
        case read
        case send(String)
        /// Send no more.
        case finish
        case close
        case reset
    }

    package let port: UInt16
    private let socket: RawSocket
    private let accepted = Mutex<[RawSocket]>([])

    /// - Parameter scripts: one for each connection in turn, the last one for all that follow. After its last step a
    ///   connection is left as it is until the server goes away.
    package init(_ scripts: [[Step]]) throws {
        let listening = try RawSocket.listening()
        socket = listening.socket
        port = listening.port
        try Self.serve(listening.socket, scripts) { [weak self] connection in
            self?.accepted.withLock { $0.append(connection) }
        }
    }

    package convenience init(_ script: Step...) throws { try self.init([script]) }

    deinit { stop() }

    /// Takes no more connections.
    package func stop() { socket.close() }

    /// How many connections have come.
    package var connectionCount: Int { accepted.withLock { $0.count } }

    private static func serve(_ socket: RawSocket, _ scripts: [[Step]], _ note: @escaping @Sendable (RawSocket) -> Void)
        throws
    {
        try SystemThread.start(name: "scripted") {
            var index = 0
            while let connection = socket.accept() {
                note(connection)
                let script = scripts[min(index, scripts.count - 1)]
                index += 1
                // A step that fails, because the client has gone, ends its script.
                try? SystemThread.start(name: "script") { try? Self.play(script, on: connection) }
            }
        }
    }

    private static func play(_ script: [Step], on connection: RawSocket) throws {
        for step in script {
            switch step {
            case .read: try Self.readRequest(connection)
            case .send(let text): try connection.send(text)
            case .finish: connection.finishSending()
            case .close: connection.close()
            case .reset: connection.reset()
            }
        }
    }

    private static func readRequest(_ connection: RawSocket) throws {
        _ = try connection.receive { text in
            guard let head = text.firstRange(of: "\r\n\r\n") else { return false }
            return head.upperBound == text.endIndex && !text.contains("content-length: 10\r\n") || text.hasSuffix("END")
        }
    }
}
