import SluiceBase
import Testing

@testable import SluiceNet

/// Accepts one connection and sends back what it gets.
final class EchoServer: EventHandler {
    private let stream: Stream
    private let loop: EventLoop
    private var source: SourceID?

    private init(_ stream: Stream, on loop: EventLoop) {
        self.stream = stream
        self.loop = loop
    }

    static func start(_ socket: ListeningSocket, tls: TLSServerContext?, on loop: EventLoop) throws -> Listener {
        try Listener(socket, on: loop) { report in
            guard case .accepted(let accepted) = report else { return }
            let server = EchoServer(Stream(accepted: accepted.descriptor, tls: tls), on: loop)
            server.source = try? loop.add(server, descriptor: accepted.descriptor, interest: .readable)
        }
    }

    func becameReady(_ readiness: Readiness) {
        guard case .moved = stream.handshake() else { return }
        var buffer = [UInt8](repeating: 0, count: 1024)
        while case .moved(let count) = stream.read(into: &buffer) {
            _ = stream.write(Array(buffer[..<count]), from: 0)
        }
    }

    func deadlinePassed() {}
}

/// Connects, sends, and hands on what comes back.
final class EchoClient: EventHandler {
    private let stream: Stream
    private let loop: EventLoop
    private let sending: [UInt8]
    private let received: ([UInt8]) -> Void
    private var source: SourceID?
    private var isSent = false

    private init(_ stream: Stream, _ sending: [UInt8], on loop: EventLoop, received: @escaping ([UInt8]) -> Void) {
        self.stream = stream
        self.sending = sending
        self.loop = loop
        self.received = received
    }

    static func start(
        _ address: SocketAddress, tls: TLSClientContext?, sending: [UInt8], on loop: EventLoop,
        received: @escaping ([UInt8]) -> Void
    ) throws {
        let descriptor = try ConnectingSocket.start(address)
        let client = EchoClient(
            try Stream(connecting: descriptor, tls: tls, host: "localhost"), sending, on: loop, received: received)
        client.source = try loop.add(client, descriptor: descriptor, interest: .writable)
    }

    func becameReady(_ readiness: Readiness) {
        guard let source else { return }
        guard isSent else {
            switch stream.handshake() {
            case .moved:
                isSent = true
                _ = stream.write(sending, from: 0)
                loop.setInterest(.readable, for: source)
            case .wantsRead: loop.setInterest(.readable, for: source)
            case .wantsWrite: loop.setInterest(.writable, for: source)
            case .ended, .failed: received([])
            }
            return
        }
        var buffer = [UInt8](repeating: 0, count: 1024)
        if case .moved(let count) = stream.read(into: &buffer) { received(Array(buffer[..<count])) }
    }

    func deadlinePassed() {}
}
