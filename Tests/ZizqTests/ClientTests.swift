import DevQueue
import SluiceBase
import SluiceNet
import Testing
import Zizq

/// The client over a real socket, against the development queue.
@Suite struct ClientTests {
    /// Runs a test with a queue and a client of it.
    private func withClient(
        isLicensed: Bool = false, timeout: Duration = .seconds(600),
        _ test: (DevQueueServer, ZizqClient) async throws -> Void
    ) async throws {
        let address = try #require(SocketAddress(host: "127.0.0.1", port: 0))
        let store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: isLicensed))
        let server = try await DevQueueServer(store: store, address: address)
        var configuration = ZizqConfiguration(url: server.url())
        configuration.readTimeout = timeout
        let client = try ZizqClient(configuration)
        do { try await test(server, client) } catch {
            await client.shutdown()
            await server.stop()
            throw error
        }
        await client.shutdown()
        await server.stop()
    }

    private func body(_ jobs: String...) -> [UInt8] { Array(#"{"jobs":[\#(jobs.joined(separator: ","))]}"#.utf8) }

    private func error(_ call: () async throws(ZizqError) -> [EnqueuedJob]) async -> ZizqError? {
        do throws(ZizqError) {
            _ = try await call()
            return nil
        } catch { return error }
    }

    private static let plain = #"{"type":"t","queue":"q","payload":{"n":1}}"#

    @Test("health and version are read, and a bulk is enqueued with its bytes as they are")
    func enqueues() async throws {
        try await withClient { server, client in
            try await client.health()
            let version = try await client.serverVersion()
            #expect(version == "0.6.1")
            let jobs = try await client.enqueueBulk(raw: body(Self.plain, Self.plain))
            #expect(jobs.map(\.id) == server.store.jobs.map(\.id.text))
            #expect(jobs.map(\.duplicate) == [false, false])
            #expect(server.store.jobs.first?.payload == Array(#"{"n":1}"#.utf8))
        }
    }

    @Test("a thousand jobs of two kilobytes go in one request and come back in order")
    func enqueuesMany() async throws {
        try await withClient { server, client in
            let padding = String(repeating: "x", count: 2000)
            let jobs = (0..<1000).map { #"{"type":"t\#($0)","queue":"q","payload":"\#(padding)"}"# }
            let enqueued = try await client.enqueueBulk(raw: Array(#"{"jobs":[\#(jobs.joined(separator: ","))]}"#.utf8))
            #expect(enqueued.count == 1000)
            #expect(server.store.jobs.map(\.type) == (0..<1000).map { "t\($0)" })
            #expect(enqueued.map(\.id) == server.store.jobs.map(\.id.text))
        }
    }

    @Test("refusals come with the server's words, and a missing licence is known")
    func refuses() async throws {
        try await withClient { _, client in
            let bad = await error { () throws(ZizqError) in
                try await client.enqueueBulk(raw: body(#"{"type":"","queue":"q","payload":1}"#))
            }
            #expect(
                bad
                    == .response(
                        .init(
                            status: 400, serverText: "jobs[0]: type must not be empty",
                            fields: ["content-type: application/json"])))
            let keyed = #"{"type":"t","queue":"q","payload":1,"unique_key":"k"}"#
            let unlicensed = await error { () throws(ZizqError) in try await client.enqueueBulk(raw: body(keyed)) }
            #expect(unlicensed?.licensedFeature == .uniqueJobs)
            let empty = await error { () throws(ZizqError) in try await client.enqueueBulk(raw: []) }
            #expect(empty == .invalidArgument("the body is empty"))
        }
    }

    @Test("with a licence a second send of the same key is a duplicate with the first one's identifier")
    func deduplicates() async throws {
        try await withClient(isLicensed: true) { _, client in
            let keyed = body(#"{"type":"t","queue":"q","payload":1,"unique_key":"k","unique_while":"exists"}"#)
            let first = try await client.enqueueBulk(raw: keyed)
            let second = try await client.enqueueBulk(raw: keyed)
            #expect(second.map(\.duplicate) == [true])
            #expect(second.map(\.id) == first.map(\.id))
        }
    }

    @Test(
        "a fault of a server has its kind of error, and whether the request may have been processed",
        arguments: [
            (.dropBeforeCommit, true, true), (.dropAfterCommit, true, true), (.halfAnswer, true, true),
            (.garbage, false, true),
            (.htmlBadRequest, false, false), (.payloadTooLarge, false, false), (.redirect, false, false),
            (.status(500, error: "internal server error"), true, true), (.status(503, error: "busy"), true, true),
            (.status(429, error: "slow down"), true, false),
        ] as [(DevQueueFault, Bool, Bool)])
    func meetsFaults(fault: DevQueueFault, isRetryable: Bool, isAmbiguous: Bool) async throws {
        try await withClient { server, client in
            server.store.setFault(fault, count: 1)
            let error = await error { () throws(ZizqError) in try await client.enqueueBulk(raw: body(Self.plain)) }
            #expect(error?.isRetryable == isRetryable)
            #expect(error?.isAmbiguous == isAmbiguous)
            let jobs = try await client.enqueueBulk(raw: body(Self.plain))
            #expect(jobs.count == 1)
        }
    }

    @Test("a late answer is a transport error with an unknown result")
    func timesOut() async throws {
        try await withClient { server, client in
            server.store.setFault(.silenceAfterCommit, count: 1)
            let error = await error { () throws(ZizqError) in
                try await client.enqueueBulk(raw: body(Self.plain), timeout: .seconds(1))
            }
            #expect(error?.isAmbiguous == true)
            // On a busy machine the server may come to it only now.
            await withCheckedContinuation { arrived in server.store.whenJobs(reach: 1) { arrived.resume() } }
            #expect(server.store.jobCount == 1)
        }
    }

    @Test("a delayed answer within the time is an answer")
    func waits() async throws {
        try await withClient { server, client in
            server.store.setFault(.delay(.milliseconds(50)), count: 1)
            let jobs = try await client.enqueueBulk(raw: body(Self.plain))
            #expect(jobs.count == 1)
        }
    }

    @Test("the first answer of a connection is marked as such")
    func marksNewConnection() async throws {
        try await withClient { server, client in
            let first = await client.postBulk(body(Self.plain))
            #expect(first.isNewConnection)
            // A machine so busy that a connection is idle for too long between two calls gets another chance.
            var answers: [Bool] = []
            while answers.count < 5, answers.last != false {
                answers.append(await client.postBulk(body(Self.plain)).isNewConnection)
            }
            #expect(answers.last == false)
        }
    }

    @Test("without a listener nothing was processed")
    func connectsToNobody() async throws {
        let socket = try ListeningSocket(try #require(SocketAddress(host: "127.0.0.1", port: 0)))
        let port = socket.address.port
        socket.close()
        let client = try ZizqClient(ZizqConfiguration(url: "http://127.0.0.1:\(port)"))
        let error = await error { () throws(ZizqError) in try await client.enqueueBulk(raw: body(Self.plain)) }
        #expect(error?.isRetryable == true)
        #expect(error?.isAmbiguous == false)
        await client.shutdown()
    }

    @Test("a cancelled call ends immediately")
    func cancels() async throws {
        try await withClient { server, client in
            server.store.setFault(.silence)
            let request = body(Self.plain)
            let call = Task { await client.postBulk(request) }
            while server.store.statistics.enqueueRequests == 0 { await Task.yield() }
            call.cancel()
            guard case .failure(.transport) = await call.value.result else {
                Issue.record("the call did not fail")
                return
            }
        }
    }

    @Test(
        "a configuration that could not work is refused when the client is made",
        arguments: [
            ("http://127.0.0.1:7890", "x y", "v", "a header name contains an invalid character"),
            ("http://127.0.0.1:7890", "x", "a\r\nb: c", "the value of the header x has a control character"),
            ("http://127.0.0.1:7890", "Host", "v", "the header Host is set by the client"),
            ("zizq", "x", "v", "the URL of the Zizq server must begin with http:// or https://"),
        ])
    func refusesConfiguration(url: String, name: String, value: String, sentence: String) {
        var configuration = ZizqConfiguration(url: url)
        configuration.headers = [(name, value)]
        let error = #expect(throws: ZizqError.self) { try ZizqClient(configuration) }
        #expect(error == .invalidArgument(sentence))
    }

    @Test("a file of certificate authorities that is not there is named")
    func refusesMissingCA() {
        var configuration = ZizqConfiguration(url: "https://127.0.0.1:7890")
        configuration.caCertificatePath = "nowhere/ca.pem"
        let error = #expect(throws: ZizqError.self) { try ZizqClient(configuration) }
        #expect(error?.description.contains("nowhere/ca.pem") == true)
    }
}
