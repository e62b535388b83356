import Glibc
import Testing

@testable import SluiceOutbox

/// Another program that reads the outbox for long: the write-ahead log grows, and the operator has to know why.
@Suite struct LogReaderTests {
    @Test(
        "a long reader of the outbox is named in the log, warned of by /readyz and metrics, and its log is given back once it has gone"
    )
    func longReader() async throws {
        try await GatewayUnderTest.run { gateway in
            #expect(try await gateway.send([1]) == [200])
            let reader = try Connection(path: gateway.folder.file("outbox.db"), vfs: nil, access: .readOnly)
            try reader.execute("BEGIN")
            _ = try reader.integer("SELECT count(*) FROM jobs")

            #expect(try await gateway.send(2...180, padding: 900_000).allSatisfy { $0 == 200 })
            let record = try await gateway.record("the reader") { $0.message.hasPrefix("another program reads") }
            #expect(record["reason"]?.hasPrefix("process \(getpid()) (") == true, "\(record)")
            let answer = try await gateway.admin("/readyz")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"status":"ok","warning":"outbox_log_held"}"#)
            #expect(try #require(try await gateway.metric("sluice_outbox_log_held_bytes")) > 134_217_728)
            #expect(try #require(try await gateway.metric("sluice_outbox_log_bytes")) > 134_217_728)

            try reader.execute("COMMIT")
            reader.close()
            try await gateway.untilMetric("sluice_outbox_log_held_bytes", is: 0)
            try await gateway.untilMetric("sluice_outbox_log_bytes", is: 0)
            #expect(try await gateway.admin("/readyz").text == #"{"status":"ok"}"#)
            #expect(try await gateway.send([181]) == [200])
            #expect(try await gateway.stop() == .exited(0))
        }
    }
}
