internal import Foundation
internal import SluiceHTTP
internal import SluiceNet
internal import Zizq

/// `ClientBench share PORT ROUNDS`: what a bulk of 1,000 jobs costs the client, and Foundation's coders. `ClientBench
/// stream PORT JOBS STREAMS`: jobs in chunks of 1,000 over so many connections; prints jobs a second and memory on the
/// way.
///
/// PORT is that of a development queue on 127.0.0.1.
@main
enum ClientBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let port = UInt16(arguments[2]), let number = Int(arguments[3]) else {
            fatalError("usage: ClientBench share PORT ROUNDS | stream PORT JOBS STREAMS")
        }
        switch arguments[1] {
        case "share": try await share(port: port, rounds: number)
        default: try await stream(port: port, jobs: number, streams: Int(arguments.last ?? "") ?? 1)
        }
    }

    private static func client(_ port: UInt16, connections: Int = 1) throws -> ZizqClient {
        var configuration = ZizqConfiguration(url: "http://127.0.0.1:\(port)")
        configuration.maximumConnections = connections
        return try ZizqClient(configuration)
    }

    // MARK: - The client's share

    private static func share(port: UInt16, rounds: Int) async throws {
        let orders = (0..<1000).map { Order($0) }
        let client = try client(port)
        let typed = try await Clock.measure(rounds) {
            var bulk = client.enqueueBulk()
            for order in orders { try bulk.push(order) }
            try await bulk.send()
        }
        let encoding = try await Clock.measure(rounds) {
            var bulk = client.enqueueBulk()
            for order in orders { try bulk.push(order) }
        }
        let raw = try orders.map { order in RawJob(Array(try JSONEncoder().encode(FoundationBulk.Job(payload: order))))
        }
        let bytes = try await Clock.measure(rounds) {
            var bulk = client.enqueueBulk()
            for job in raw { try bulk.push(job) }
            try await bulk.send()
        }
        let appending = try await Clock.measure(rounds) {
            var bulk = client.enqueueBulk()
            for job in raw { try bulk.push(job) }
        }
        let body = Array(try JSONEncoder().encode(FoundationBulk(jobs: orders.map { FoundationBulk.Job(payload: $0) })))
        let whole = try await Clock.measure(rounds) { _ = try await client.enqueueBulk(raw: body) }
        await client.shutdown()
        let foundation = try await foundation(
            orders, answer: try await answer(to: body, port: port), rounds: rounds / 4)

        print("\(body.count / 1000) bytes a job; milliseconds for a bulk of 1,000")
        row(
            "typed: encode, send, decode the answer", typed,
            "\(ratio(typed, foundation)) of Foundation; wall with the server's time")
        row("  of it encoding", encoding, "")
        row("raw jobs: append, send, decode the answer", bytes, "wall with the server's time")
        row("  of it appending", appending, "")
        row("a finished body: send, decode the answer", whole, "wall with the server's time")
        row("Foundation: encode the request, decode the answer", foundation, "no sending")
    }

    /// The answer's bytes as they come.
    private static func answer(to body: [UInt8], port: UInt16) async throws -> Data {
        let group = try EventLoopGroup(count: 1, name: "bench")
        let configuration = HTTPClientConfiguration(
            endpoint: .host("127.0.0.1", port: port), authority: "127.0.0.1:\(port)")
        let client = HTTPClient(configuration: configuration, loop: group.mailboxes[0])
        let type = [(name: "content-type", value: "application/json")]
        let answer = try await client.send(
            HTTPClientRequest(method: "POST", target: "/jobs/bulk", headers: type, body: body, timeout: .seconds(30)))
        client.shutdown()
        await group.stop()
        return Data(answer.body)
    }

    private static func foundation(_ orders: [Order], answer: Data, rounds: Int) async throws -> Cost {
        let bulk = FoundationBulk(jobs: orders.map { FoundationBulk.Job(payload: $0) })
        return try await Clock.measure(rounds) {
            let body = try JSONEncoder().encode(bulk)
            let jobs = try JSONDecoder().decode(FoundationAnswer.self, from: answer).jobs
            precondition(body.count > 1000 && jobs.count == 1000)
        }
    }

    private static func row(_ name: String, _ cost: Cost, _ note: String) {
        let columns = String(format: "%7.2f processor %7.2f wall", cost.processor, cost.wall)
        print("\(name.padding(toLength: 52, withPad: " ", startingAt: 0))\(columns)   \(note)")
    }

    private static func ratio(_ cost: Cost, _ other: Cost) -> String {
        String(format: "%.2f", cost.processor / other.processor)
    }

    // MARK: - Many jobs

    private static func stream(port: UInt16, jobs: Int, streams: Int) async throws {
        let client = try client(port, connections: streams)
        let (start, processor) = (Clock.wall(), Clock.processor())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for stream in 0..<streams {
                group.addTask {
                    let orders = (0..<(jobs / streams)).lazy.map { Order($0) }
                    for try await chunk in client.enqueueChunks(of: orders) where stream == 0 {
                        note(chunk.range, of: jobs / streams)
                    }
                }
            }
            try await group.waitForAll()
        }
        let elapsed = Clock.wall() - start
        let share = (Clock.processor() - processor) / elapsed * 100
        print(
            String(
                format: "%d stream(s): %.0f jobs a second, client %.0f%% of a processor", streams,
                Double(jobs) / elapsed * 1000, share))
        await client.shutdown()
    }

    private static func note(_ range: Range<Int>, of count: Int) {
        guard count >= 1_000_000, range.upperBound % (count / 5) == 0 else { return }
        print(String(format: "  after %7d jobs: %.1f MiB", range.upperBound, Clock.resident()))
    }
}
