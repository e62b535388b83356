import DevQueue
import SluiceBase
import SluiceNet
import TestSupport
import Testing

/// Section 4's transport, and what takes more than one request of sections 1 to 3. See `ConformanceTests` for whom it
/// asks.
@Suite struct ConformanceTransportTests {
    private static let targets = ConformanceTarget.all

    @Test("a connection carries one request after another, also those that are sent ahead", arguments: targets)
    func pipelining(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let connection = try queue.connect()
            let health = QueueRequest(method: "GET", target: "/health")
            let bulk = QueueRequest(method: "POST", target: "/jobs/bulk", body: Array(#"{"jobs":[]}"#.utf8))
            #expect(try connection.exchange(health).status == 200)
            try connection.socket.send(
                health.bytes + bulk.bytes + QueueRequest(method: "GET", target: "/version").bytes)
            #expect(try connection.answer().line == #"200 {"status":"ok"}"#)
            #expect(try connection.answer().line == #"201 {"jobs":[]}"#)
            #expect(try connection.answer().text.hasPrefix(#"{"version":""#))
        }
    }

    @Test("a body may come in chunks", arguments: targets)
    func chunks(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let connection = try queue.connect()
            try connection.socket.send(
                "POST /jobs/bulk HTTP/1.1\r\nhost: queue\r\ntransfer-encoding: "
                    + "chunked\r\n\r\n4\r\n{\"jo\r\n7\r\nbs\":[]}\r\n0\r\n\r\n"
            )
            #expect(try connection.answer().line == #"201 {"jobs":[]}"#)
        }
    }

    @Test("a sender that waits for leave to send its body gets it", arguments: targets)
    func expectations(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let connection = try queue.connect()
            try connection.socket.send(
                "POST /jobs/bulk HTTP/1.1\r\nhost: queue\r\nexpect: 100-continue\r\ncontent-length: 11\r\n\r\n")
            #expect(try connection.answer().status == 100)
            try connection.socket.send(#"{"jobs":[]}"#)
            #expect(try connection.answer().line == #"201 {"jobs":[]}"#)
        }
    }

    @Test("many jobs in one request are answered in its order, with identifiers that grow", arguments: targets)
    func order(target: ConformanceTarget) async throws {
        try await target.run { queue in
            let count = queue.own == nil ? 100 : 20_000
            let ids = try queue.enqueue((0..<count).map { #""priority":\#($0 % 65_536)"# })
            #expect(ids == ids.sorted() && Set(ids).count == count)
            let page = try queue.send("GET", "/jobs?queue=QUEUE&limit=2")
            #expect(page.text.values(of: "id") == Array(ids[..<2]))
            #expect(page.text.numbers(of: "priority") == [0, 1])
            let next = try #require(page.text.values(of: "next").first)
            #expect(try queue.send("GET", next).text.values(of: "id") == Array(ids[2..<4]))
            #expect(
                try queue.send("GET", "/jobs?queue=QUEUE&limit=1&order=desc").text.values(of: "id") == [ids[count - 1]])
            #expect(try queue.send("GET", "/jobs/count?queue=QUEUE&priority=..9").text == #"{"count":10}"#)
            #expect(try queue.send("GET", "/queues").text.contains(#""\#(queue.queue)""#))
            if queue.own == nil { try queue.drain(count) }
        }
    }

    @Test("payloads are read back with sorted keys and the numbers that are held", arguments: targets)
    func readsBack(target: ConformanceTarget) async throws {
        try await target.run { queue in
            for (sent, read) in PayloadRows.readBack {
                let id = try #require(try queue.enqueue([""], payload: sent).first)
                let answer = try queue.send("GET", "/jobs/\(id)")
                #expect(answer.status == 200)
                #expect(answer.text.contains(#""payload":\#(read)"#), "\(answer.text)")
            }
            if queue.own == nil { try queue.drain(PayloadRows.readBack.count) }
        }
    }

    // MARK: - What nobody does to a server that is not the test's

    @Test("a reset wipes everything", arguments: targets)
    func resets(target: ConformanceTarget) async throws {
        try await target.run { queue in
            // A queue that was given is wiped before the tests, which would lose their jobs otherwise.
            if queue.own != nil { try queue.reset() }
        }
    }

    @Test("a name that ends a server's process ends the connection without an answer", arguments: targets)
    func fatalNames(target: ConformanceTarget) async throws {
        try await target.run { queue in
            guard queue.own != nil else { return }
            let name = String(repeating: "n", count: 65_508)
            let body = #"{"type":"t","queue":"\#(name)","payload":1}"#
            #expect(throws: (any Error).self) { try queue.send("POST", "/jobs", body) }
            #expect(throws: (any Error).self) { try queue.send("POST", "/jobs/bulk", #"{"jobs":[\#(body)]}"#) }
            let longest = try queue.send("POST", "/jobs", body.replacing(name, with: name.dropLast()))
            #expect(longest.status == 201)
        }
    }

    @Test("a failed store answers 500, and health still answers", arguments: targets)
    func storeFails(target: ConformanceTarget) async throws {
        try await target.run { queue in
            guard let own = queue.own else { return }
            own.server.store.setFault(.status(500, error: "internal server error"))
            let answer = try queue.send("POST", "/jobs/bulk", #"{"jobs":[]}"#)
            #expect(answer.line == #"500 {"error":"internal server error"}"#)
            #expect(try queue.send("GET", "/health").line == #"200 {"status":"ok"}"#)
        }
    }

    @Test("while a server ends, an answer under way says that its connection closes")
    func stops() async throws {
        guard case .free = Self.targets[0] else { return }
        let store = DevQueueStore()
        let server = try await DevQueueServer(store: store, address: .inet(PeerAddress(ipv4: (127, 0, 0, 1), port: 0)))
        let address = QueueAddress(port: server.address.port)
        store.setFault(.delay(.milliseconds(200)))
        let arrived = AsyncStream.makeStream(of: Void.self)
        store.whenJobs(reach: 1) { arrived.continuation.finish() }
        let request = QueueRequest(method: "POST", target: "/jobs", body: Array(job().utf8))
        let answer = Task { try await blocking { try QueueConnection(address).exchange(request) } }
        for await _ in arrived.stream {}
        await server.stop(within: .seconds(20))
        #expect(try await answer.value[header: "connection"] == "close")
        #expect(try await answer.value.status == 201)
    }
}
