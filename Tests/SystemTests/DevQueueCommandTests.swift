internal import Glibc
import Testing

/// `sluice devqueue`, the stand-in for a Zizq server alone.
@Suite struct DevQueueCommandTests {
    @Test("it says on standard error what it is not, listens at the given address, and ends on request")
    func runs() async throws {
        let folder = try TemporaryFolder()
        let process = try ChildProcess(
            ProjectFiles.binary, ["devqueue", "--port", "0", "--licensed"], environment: [:], folder: folder.path)
        let line = try await process.output.line("where it listens") { $0.hasPrefix("listening on http://127.0.0.1:") }
        let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
        let wire = try Wire(port: port)
        let body = #"{"type":"t","queue":"q","payload":1,"unique_key":"k"}"#
        try wire.send("POST /jobs HTTP/1.1\r\nhost: h\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(try await wire.answer().status == 201)
        // A connected worker does not prevent the end.
        let worker = try Wire(port: port)
        try worker.send("GET /jobs/take HTTP/1.1\r\nhost: h\r\n\r\n")
        #expect(try await worker.answer()[header: "content-type"] == "application/x-ndjson")
        process.send(SIGTERM)
        #expect(try await process.ending() == .exited(0))
        #expect(
            process.errors.text
                == "This is a development stand-in for Zizq, not a job queue: it keeps jobs in memory only.\n")
        let rest = try await worker.ending().rest
        #expect(String(decoding: rest, as: UTF8.self).hasSuffix("0\r\n\r\n"))
    }
}
