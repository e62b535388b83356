import DevQueue
import SluiceHTTP
import SluiceNet
import Testing

/// How a gateway stops: without losing what it took, and in time.
@Suite struct StopTests {
    @Test(
        "SIGTERM changes /readyz immediately and keeps serving with connection: close; everything is flushed at the end"
    )
    func drain() async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(
            GatewaySetup(settings: ["limits.drain": "5m", "limits.shutdown": "6m"], queue: queue.url)
        ) {
            gateway in
            let keptAlive = try gateway.connect()
            try keptAlive.send(Webhook.numbered(1).bytes)
            #expect(try await keptAlive.answer()[header: "connection"] != "close")
            gateway.process.send(15)
            try await gateway.record("the announcement") {
                $0.message == "stopping: serving for limits.drain, then finishing" && $0["signal"] == "SIGTERM"
            }
            let ready = try await gateway.admin("/readyz")
            #expect(ready.status == 503)
            #expect(ready.text == #"{"status":"draining"}"#)
            #expect(try await gateway.admin("/healthz").status == 200)
            try keptAlive.send(Webhook.numbered(2).bytes)
            let late = try await keptAlive.answer()
            #expect(late.status == 200)
            #expect(late[header: "connection"] == "close")
            let new = try await gateway.answer(to: .numbered(3))
            #expect(new.status == 200)
            #expect(new[header: "connection"] == "close")
            #expect(try await gateway.stop() == .exited(0))
            #expect(gateway.records().last?.message == "stopped")
        }
        #expect(queue.numbers == [1, 2, 3])
        await queue.stop()
    }

    @Test("a second SIGTERM skips the drain", arguments: [Int32(15), 2])
    func second(signal: Int32) async throws {
        let setup = GatewaySetup(settings: ["limits.drain": "5m", "limits.shutdown": "6m"])
        try await GatewayUnderTest.run(setup) { gateway in
            gateway.process.send(signal)
            try await gateway.record("the announcement") { $0.message.hasPrefix("stopping: ") }
            #expect(try await gateway.answer(to: .numbered(1, type: "ping")).status == 200)
            gateway.process.send(signal)
            #expect(try await gateway.process.ending() == .exited(0))
            #expect(gateway.records().contains { $0.message == "stopping now, without the drain" })
        }
    }

    @Test("what Zizq does not take in limits.shutdown stays for the next start, and arrives then")
    func leftovers() async throws {
        let folder = try TemporaryFolder()
        try GatewayUnderTest.writeCertificate(to: folder)
        let queue = try await TestQueue.start()
        await queue.stop()
        let settings = ["limits.shutdown": "200ms"]
        try await GatewayUnderTest.run(GatewaySetup(settings: settings, queue: queue.url, folder: folder)) { gateway in
            let statuses = try await gateway.send(1...5)
            #expect(statuses == [200, 200, 200, 200, 200])
            #expect(try await gateway.stop() == .exited(0))
            #expect(
                gateway.records().contains {
                    $0.message == "undelivered jobs stay in the outbox and are sent after the next start"
                        && $0["jobs"] == "5"
                },
                "\(gateway.log.text)")
        }
        try await queue.restart()
        try await GatewayUnderTest.run(GatewaySetup(queue: queue.url, folder: folder)) { gateway in
            #expect(try await queue.arrivals(5) == Array(1...5))
            let again = try await gateway.answer(to: .numbered(3))
            #expect(again[member: "duplicate"] == "1" || again[member: "duplicate"] == "true", "\(again)")
            #expect(try await gateway.stop() == .exited(0))
        }
        #expect(queue.store.jobCount == 5)
        await queue.stop()
    }

    @Test(
        "with a TLS connection for each delivery, no request that was sent while the gateway stops is left without an answer"
    )
    func newConnections() async throws {
        let queue = try await TestQueue.start()
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.drain": "300ms"], queue: queue.url)) { gateway in
            let process = gateway.process
            let tls = try TLSClientContext(
                caPath: gateway.folder.path + "/certificate.pem", certificatePath: nil, keyPath: nil)
            let group = try EventLoopGroup(count: 1, name: "senders")
            let endpoint = HTTPClientConfiguration.Endpoint.host("127.0.0.1", port: gateway.httpsPort)
            let configuration = HTTPClientConfiguration(endpoint: endpoint, authority: "127.0.0.1", tls: tls)
            let answered = LoadResult()
            let unanswered = await withTaskGroup(of: HTTPClientError?.self) { senders in
                for sender in 0..<8 {
                    senders.addTask {
                        for number in stride(from: sender, to: 20_000, by: 8) {
                            let webhook = Webhook.numbered(number)
                            let headers = webhook.headers.filter { $0.name != "host" }
                            let client = HTTPClient(configuration: configuration, loop: group.mailboxes[0])
                            defer { client.shutdown() }
                            do throws(HTTPClientError) {
                                let answer = try await client.send(
                                    HTTPClientRequest(
                                        method: "POST", target: webhook.target, headers: headers, body: webhook.body))
                                #expect(answer.isFirstOfConnection)
                                if answered.note(number, status: answer.status) == 200 { process.send(15) }
                            } catch { return error }
                        }
                        return nil
                    }
                }
                return await senders.reduce(into: [HTTPClientError?]()) { $0.append($1) }
            }
            #expect(try await process.ending() == .exited(0))
            // Each sender ends when nobody listens any more; what it had sent by then was answered.
            #expect(unanswered.allSatisfy { $0?.mayHaveBeenProcessed == false }, "\(unanswered)")
            #expect(answered.numbers(200).count == answered.count && answered.count >= 200)
            #expect(answered.numbers(200) == Set(queue.numbers))
            await group.stop()
        }
        await queue.stop()
    }

    @Test("under load every delivery that is answered 2xx while the gateway stops is in the queue")
    func underLoad() async throws {
        let queue = try await TestQueue.start()
        let setup = GatewaySetup(settings: ["log.level": "info", "limits.drain": "300ms"], queue: queue.url)
        try await GatewayUnderTest.run(setup) { gateway in
            let process = gateway.process
            let result = try await gateway.load(1...20_000, clients: 4) { if $0 == 200 { process.send(15) } }
            #expect(try await process.ending() == .exited(0))
            #expect(result.numbers(200).count >= 200)
            #expect(result.numbers(200).isSubset(of: Set(queue.numbers)))
            #expect(result.numbers(200).count + result.numbers(503).count == result.count)
        }
        #expect(Set(queue.numbers).count == queue.store.jobCount)
        await queue.stop()
    }
}
