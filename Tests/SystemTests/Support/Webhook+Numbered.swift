internal import Foundation
internal import Glibc

extension Webhook {
    /// A delivery that can be told from the others in the queue: its number is its delivery id, and `n` in its body and
    /// so in its job.
    ///
    /// - Parameters:
    ///   - type: the job's, with the routes of `numberedRoute`.
    ///   - padding: more bytes in the body.
    static func numbered(_ number: Int, type: String = "numbered", padding: Int = 0) -> Webhook {
        let filling = padding > 0 ? ",\"padding\":\"\(String(repeating: "x", count: padding))\"" : ""
        return gitHub(event: type, id: "delivery-\(number)", body: "{\"n\":\(number)\(filling)}")
    }
}

extension GatewayUnderTest {
    /// Sends deliveries one after another over one connection.
    ///
    /// - Returns: their status codes.
    @discardableResult
    func send(_ numbers: some Sequence<Int>, padding: Int = 0) async throws -> [Int] {
        let wire = try connect()
        var statuses: [Int] = []
        for number in numbers {
            try wire.send(Webhook.numbered(number, padding: padding).bytes)
            statuses.append(try await wire.answer().status)
        }
        return statuses
    }

    /// Asks the gateway to stop and waits for its end.
    func stop() async throws -> ChildProcess.Ending {
        process.send(15)
        return try await process.ending()
    }
}

extension GatewayUnderTest {
    /// The same where the gateway runs under strace, which has the number that is known here.
    func stopTraced() async throws -> ChildProcess.Ending {
        let children = try String(contentsOfFile: "/proc/\(process.id)/task/\(process.id)/children", encoding: .utf8)
        for child in children.split(separator: " ").compactMap({ pid_t($0) }) { kill(child, SIGTERM) }
        return try await process.ending()
    }

    /// Asks `/readyz` until its reason is another one, or it is ready.
    func untilReady(isNot reason: String, within limit: Duration = .seconds(300)) async throws {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if try await admin("/readyz").text != #"{"status":"\#(reason)"}"# { return }
        }
        throw LineLog.NotSeen(description: "/readyz stayed \(reason)")
    }

    /// Asks for a metric until it has grown to this value.
    func untilMetric(atLeast value: Double, _ name: String) async throws {
        let end = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < end {
            if let last = try await metric(name), last >= value { return }
        }
        throw LineLog.NotSeen(description: "\(name) stayed below \(value)")
    }

    /// Asks for a metric until it has this value.
    func untilMetric(_ name: String, is value: Double, within limit: Duration = .seconds(300)) async throws {
        let end = ContinuousClock.now + limit
        var last: Double?
        while ContinuousClock.now < end {
            last = try await metric(name)
            if last == value { return }
        }
        throw LineLog.NotSeen(description: "\(name) stayed \(last.map { "\($0)" } ?? "away")")
    }
}
