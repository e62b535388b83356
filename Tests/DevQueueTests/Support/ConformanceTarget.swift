import DevQueue
internal import Foundation
import SluiceBase
import SluiceNet
import TestSupport
import Testing

/// Which queue the conformance suite walks: the development queue, free and licensed, or the one that the variable
/// `ZIZQ_URL` names.
enum ConformanceTarget: Sendable, CustomTestStringConvertible {
    case free
    case licensed
    case given(QueueAddress)

    static let all: [ConformanceTarget] = {
        guard let url = ProcessInfo.processInfo.environment["ZIZQ_URL"] else { return [.free, .licensed] }
        guard let address = QueueAddress(url: url) else {
            preconditionFailure("ZIZQ_URL must be like http://127.0.0.1:7890")
        }
        return [.given(address)]
    }()

    var testDescription: String {
        switch self {
        case .free: "the free development queue"
        case .licensed: "the licensed development queue"
        case .given: "the queue of ZIZQ_URL"
        }
    }

    /// Gives a test the queue, started for it where it is the development queue.
    func run(_ test: @escaping @Sendable (ConformingQueue) throws -> Void) async throws {
        guard case .given(let address) = self else { return try await runOwn(test) }
        let isLicensed = try await Self.firstLook.value
        try await blocking {
            let queue = ConformingQueue(address: address, isLicensed: isLicensed, own: nil)
            // Leaves the server as it was, where it can delete: nothing else takes a job away that is scheduled for the
            // end of time.
            defer { _ = try? queue.send("DELETE", "/jobs?queue=QUEUE") }
            try test(queue)
        }
    }

    private func runOwn(_ test: @escaping @Sendable (ConformingQueue) throws -> Void) async throws {
        let isLicensed = if case .licensed = self { true } else { false }
        let time = ManualTime()
        let store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: isLicensed), time: time)
        let server = try await DevQueueServer(store: store, address: .inet(PeerAddress(ipv4: (127, 0, 0, 1), port: 0)))
        let own = ConformingQueue.Own(server: server, time: time)
        let queue = ConformingQueue(address: QueueAddress(port: server.address.port), isLicensed: isLicensed, own: own)
        do { try await blocking { try test(queue) } } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    /// Whether the queue that `ZIZQ_URL` names has a licence, asked once and before any test; and it is wiped, where
    /// that is allowed.
    private static let firstLook = Task {
        guard case .given(let address) = all[0] else { return false }
        return try await blocking {
            let queue = ConformingQueue(address: address, isLicensed: true, own: nil)
            if ProcessInfo.processInfo.environment["ZIZQ_RESET"] == "1" { try queue.reset() }
            let job = #"{"type":"TYPE","queue":"QUEUE","payload":null,"unique_key":"KEY"}"#
            guard try queue.send("POST", "/jobs", job).status == 201 else { return false }
            try queue.drain(1)
            return true
        }
    }
}
