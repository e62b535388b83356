internal import Foundation
import Testing

@Suite struct VanishingSenderTests {
    @Test("a sender that vanishes in the middle of a body leaves nothing, by an end and by a reset")
    func midBody() async throws {
        try await GatewayUnderTest.run { gateway in
            let bytes = Webhook.gitHub().bytes
            for isReset in [false, true] {
                let wire = try gateway.connect()
                try wire.send(Array(bytes.dropLast(5)))
                if isReset { wire.reset() } else { wire.close() }
            }
            try await gateway.expectGoodDelivery()
            #expect(try await gateway.metric(#"sluice_jobs_committed_total{route="github"}"#) == 1)
            #expect(try await gateway.metric("sluice_answered_nobody_total") == 0)
        }
    }

    private static let strace = ["/usr/bin/strace", "/bin/strace"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(
        "a complete request is stored although its sender has disconnected before the answer, and is counted and logged",
        .enabled(if: strace != nil, "strace makes the disk slow enough to see it"))
    func beforeAnswer() async throws {
        let strace = try #require(Self.strace)
        // As its grandchild, so that the process that is started, and killed, is the gateway.
        let slowDisk = [
            strace, "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
            "inject=fdatasync:delay_enter=400000",
        ]
        try await GatewayUnderTest.run(GatewaySetup(settings: ["threads": "1"], wrapper: slowDisk)) { gateway in
            // The machine may be so busy that an answer is faster than the reset; then the next delivery tells.
            var gone: LogRecord?
            for attempt in 0..<20 where gone == nil {
                gone = try await Self.vanish(gateway, id: "gone-\(attempt)")
            }
            let record = try #require(gone, "no reset was faster than its answer")
            #expect(record["route"] == "github")
            #expect(try await gateway.metric("sluice_answered_nobody_total") == 1)
        }
    }

    /// Sends a delivery, resets the connection, and waits until it is stored.
    ///
    /// - Returns: what was told of it, if it was in time.
    private static func vanish(_ gateway: GatewayUnderTest, id: String) async throws -> LogRecord? {
        let position = gateway.log.position
        let wire = try gateway.connect()
        try wire.send(Webhook.gitHub(id: id).bytes)
        // One loop serves both connections in the order in which requests come: now the delivery waits for the disk.
        var other = Webhook.gitHub()
        other.method = "GET"
        #expect(try await gateway.answer(to: other).status == 405)
        wire.reset()
        let stored = try await gateway.record(from: position) { $0.message == "stored a delivery" }
        let again = try await gateway.answer(to: .gitHub(id: id))
        #expect(again[member: "duplicate"] == "1")
        #expect(again[member: "id"] == stored["delivery"])
        let told = gateway.records(saying: "stored a delivery whose sender disconnected before the answer")
        return told.first { $0["delivery"] == stored["delivery"] }
    }
}
