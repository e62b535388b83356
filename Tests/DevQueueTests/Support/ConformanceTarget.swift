import DevQueue
internal import Foundation
import SluiceBase
import SluiceNet
import TestSupport
import Testing

/// Which queue the conformance suite walks: the development queue, free and licensed, or the one that the variable `ZIZQ_URL` names.
enum ConformanceTarget: Sendable, CustomTestStringConvertible {
    case free
    case licensed
    case given(QueueAddress)

    static let all: [ConformanceTarget] = {
        guard let url = ProcessInfo.processInfo.environment["ZIZQ_URL"] else { return [.free, .licensed] }
        guard let address = QueueAddress(url: url) else { preconditionFailure("ZIZQ_URL must be like http://127.0.0.1:7890") }
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
        let isLicensed = try await Self.licence(of: address)
        try await blocking { try test(ConformingQueue(address: address, isLicensed: isLicensed, own: nil)) }
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

    /// Whether the given queue has a licence, asked once.
    private static func licence(of address: QueueAddress) async throws -> Bool {
        try await licences.value(of: address)
    }

    private static let licences = Licences()

    private actor Licences {
        private var known: Task<Bool, any Error>?

        func value(of address: QueueAddress) async throws -> Bool {
            let task =
                known
                ?? Task {
                    try await blocking {
                        let name = ConformingQueue.newName()
                        let body = #"{"type":"\#(name)","queue":"\#(name)","payload":null,"unique_key":"\#(name)"}"#
                        return try QueueConnection(address).exchange(QueueRequest(method: "POST", target: "/jobs", body: Array(body.utf8)))
                            .status == 201
                    }
                }
            known = task
            return try await task.value
        }
    }
}
