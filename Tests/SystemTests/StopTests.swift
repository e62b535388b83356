import DevQueue
internal import Foundation
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

    /// Reports when a program asks for its OpenSSL state to be freed at its end.
    private static let exitShim = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <string.h>
        #include <unistd.h>
        int __cxa_atexit(void (*function)(void *), void *argument, void *object) {
            Dl_info about;
            int isKnown = dladdr((void *)function, &about) && about.dli_sname;
            if (isKnown && !strcmp(about.dli_sname, "OPENSSL_cleanup")) (void)!write(1, "OPENSSL_cleanup\n", 16);
            int (*next)(void (*)(void *), void *, void *) = dlsym(RTLD_NEXT, "__cxa_atexit");
            return next(function, argument, object);
        }

        """#

    @Test("the program does not free OpenSSL's state while it exits, which crashes a thread that is still ending")
    func keepsOpenSSL() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.exitShim, to: "exit.c")
        func output(_ program: String, _ arguments: String..., preload: [String: String] = [:]) async throws -> String {
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let environment = ["PATH": path].merging(preload) { $1 }
            let process = try ChildProcess(program, arguments, environment: environment, folder: folder.path)
            #expect(try await process.ending() == .exited(0), "\(process.errors.text)")
            return process.output.text
        }
        _ = try await output("cc", "-shared", "-fPIC", "-o", "exit.so", "exit.c")
        let preload = ["LD_PRELOAD": folder.file("exit.so")]
        let routes = ProjectFiles.root.appendingPathComponent("routes").path
        let checked = try await output(
            ProjectFiles.binary, "check", routes, "--without-secrets", preload: preload)
        #expect(checked.contains(" 0 errors") && !checked.contains("OPENSSL_cleanup"), "\(checked)")
        // Another program that uses OpenSSL.
        #expect(try await output("openssl", "dgst", "exit.c", preload: preload).contains("OPENSSL_cleanup"))
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
