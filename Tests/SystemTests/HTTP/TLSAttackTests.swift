internal import Foundation
import SluiceBase
import TestSupport
import Testing

/// What unauthenticated clients can do with TLS before, during and after the handshake.
@Suite struct TLSAttackTests {
    private static func failures(_ cause: String) -> String {
        #"sluice_tls_handshake_failures_total{cause="\#(cause)"}"#
    }

    @Test("a flood of KeyUpdate ends the connection, and is counted and logged")
    func keyUpdates() async throws {
        try await GatewayUnderTest.run { gateway in
            let port = gateway.httpsPort
            let sent = try await blocking { try KeyUpdateFlood.send(50_000, to: port) }
            #expect(sent < 50_000)
            try await gateway.record {
                $0.message == "closed a connection: flood of TLS records without data"
                    && $0["code"] == "too_many_records"
            }
            #expect(try await gateway.metric(Self.failures("too_many_records")) == 1)
            let good = try await SClient.run(gateway, sending: .gitHub())
            #expect(good.output.contains("HTTP/1.1 200 OK"), "\(good.output)")
        }
    }

    @Test("a peer may change its keys now and then")
    func someKeyUpdates() async throws {
        try await GatewayUnderTest.run { gateway in
            let port = gateway.httpsPort
            let sent = try await blocking { try KeyUpdateFlood.send(20, to: port) }
            #expect(sent == 20)
            #expect(try await gateway.metric(Self.failures("too_many_records")) == 0)
        }
    }

    @Test("a ClientHello that announces more than 16 KiB ends the connection immediately")
    func largeHello() async throws {
        try await GatewayUnderTest.run { gateway in
            let wire = try Wire(port: gateway.httpsPort)
            try wire.send([22, 3, 1, 0x40, 0, 1, 0, 0x40, 1])
            #expect(try await wire.ending() == ([], .closed))
            #expect(try await gateway.metric(Self.failures("client_hello_too_large")) == 1)
        }
    }

    @Test("a connection that is reset in the handshake, or that begins with an alert, is counted by that cause")
    func resetAndAlert() async throws {
        try await GatewayUnderTest.run { gateway in
            let wire = try Wire(port: gateway.httpsPort)
            try wire.send([22, 3, 1, 0])
            wire.reset()
            try await gateway.untilMetric(Self.failures("closed"), is: 1)
            let alerting = try Wire(port: gateway.httpsPort)
            try alerting.send([21, 3, 1, 0, 2, 2, 40])
            _ = try await alerting.ending()
            #expect(try await gateway.metric(Self.failures("alert")) == 1)
        }
    }

    /// What a client sends first.
    private static func clientHello() throws -> [UInt8] {
        let (listening, port) = try RawSocket.listening()
        // Waits in the queue of the listening socket, and ends with it.
        try SystemThread.start(name: "client") { _ = try? TLSWire(port: port) }
        return try #require(listening.accept()).receive()
    }

    @Test("above 1,024 handshakes in progress the oldest are closed, and a sender completes its own")
    func manyHandshakes() async throws {
        try OpenFiles.raiseLimit()
        try await GatewayUnderTest.run(GatewaySetup(settings: ["limits.connections_per_address": "0"])) { gateway in
            let port = gateway.httpsPort
            let wires = try await blocking {
                let hello = try Self.clientHello()
                return try (0..<1030).map { _ in
                    let wire = try RawSocket(port: port)
                    try wire.send(hello)
                    return wire
                }
            }
            try await gateway.untilMetric(Self.failures("displaced"), is: 6)
            let good = try await SClient.run(gateway, sending: .gitHub())
            #expect(good.output.contains("HTTP/1.1 200 OK"), "\(good.output)")
            #expect(try await gateway.metric(Self.failures("displaced")) == 7)
            withExtendedLifetime(wires) {}
        }
    }

    @Test("a client of TLS 1.2 may not renegotiate")
    func renegotiation() async throws {
        try await GatewayUnderTest.run { gateway in
            let arguments = [
                "s_client", "-tls1_2", "-connect", "127.0.0.1:\(gateway.httpsPort)", "-CAfile", "certificate.pem",
            ]
            let client = try ChildProcess(
                "openssl", arguments, environment: gateway.environment, folder: gateway.folder.path, hasInput: true)
            try await client.write("R\n")
            _ = try await client.ending()
            #expect(client.errors.text.contains("no renegotiation"), "\(client.errors.text)")
        }
    }

    @Test("a handshake in a thousand pieces ends the connection")
    func fragments() async throws {
        try await GatewayUnderTest.run { gateway in
            let wire = try Wire(port: gateway.httpsPort)
            // A ClientHello of 1,000 bytes, four in the first record and one in each that follows.
            let piece: [UInt8] = [22, 3, 1, 0, 1, 3]
            try wire.send([22, 3, 1, 0, 4, 1, 0, 3, 0xE8] + (0..<1000).flatMap { _ in piece })
            _ = try await wire.ending()
            #expect(try await gateway.metric(Self.failures("too_many_records")) == 1)
        }
    }

    @Test(
        "TLS 1.2 without ECDHE or without AEAD is refused, and so are finite fields",
        arguments: [
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"],
            ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], ["-tls1_3", "-groups", "ffdhe8192"],
        ])
    func refused(options: [String]) async throws {
        try await GatewayUnderTest.run { gateway in
            let client = try await SClient.run(gateway, options)
            #expect(client.errors.contains("alert handshake failure"), "\(client.errors)")
            #expect(try await gateway.metric(Self.failures("no_shared_cipher")) == 1)
        }
    }

    @Test(
        "unusual handshakes are served: in several records, with a second ClientHello, with every group and suite there is",
        arguments: [
            [
                "-max_send_frag", "512", "-alpn",
                [String](repeating: String(repeating: "x", count: 200), count: 4).joined(separator: ","),
            ],
            ["-tls1_3", "-groups", "ffdhe2048:P-256"], ["-tls1_3", "-groups", "P-521"],
            ["-tls1_3", "-groups", "P-384"],
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"],
        ])
    func served(options: [String]) async throws {
        try await GatewayUnderTest.run { gateway in
            let client = try await SClient.run(gateway, options, sending: .gitHub())
            #expect(client.output.contains("HTTP/1.1 200 OK"), "\(client.output)\(client.errors)")
        }
    }

    @Test("a client without tickets gets no session that it could resume: the gateway stores none")
    func noSessionCache() async throws {
        try await GatewayUnderTest.run { gateway in
            let options = ["-tls1_2", "-no_ticket", "-sess_out", "session.pem"]
            let client = try await SClient.run(gateway, options, sending: .gitHub())
            #expect(client.output.contains("\nNew, TLSv1.2"), "\(client.output)\(client.errors)")
            #expect(client.output.contains("HTTP/1.1 200 OK"), "\(client.output)")
            // There is nothing for `-sess_in`.
            #expect(client.output.contains("    Session-ID: \n"), "\(client.output)")
            #expect(!FileManager.default.fileExists(atPath: gateway.folder.file("session.pem")))
            let again = try await SClient.run(gateway, ["-tls1_2", "-no_ticket", "-reconnect"], sending: .gitHub())
            #expect(again.output.ranges(of: "\nNew, TLSv1.2").count == 6, "\(again.output)\(again.errors)")
            #expect(!again.output.contains("\nReused, "), "\(again.output)")
        }
    }

    @Test(
        "tickets resume one connection after the other, on every loop and after a reload of the certificate",
        arguments: ["1_2", "1_3"])
    func tickets(version: String) async throws {
        try await GatewayUnderTest.run { gateway in
            let first = try await SClient.run(
                gateway, ["-tls\(version)", "-sess_out", "session0.pem"], sending: .gitHub())
            #expect(first.output.contains("\nNew, TLSv"), "\(first.output)")
            try GatewayUnderTest.writeCertificate(to: gateway.folder)
            _ = try await gateway.command("reload")
            for number in 0..<3 {
                // A ticket of TLS 1.3 is used once: each connection has to bring the next one.
                let session = version == "1_3" ? number : 0
                let again = try await SClient.run(
                    gateway,
                    [
                        "-tls\(version)", "-sess_in", "session\(session).pem", "-sess_out",
                        "session\(session + 1).pem",
                    ], sending: .gitHub())
                #expect(again.output.contains("\nReused, TLSv"), "\(again.output)\(again.errors)")
                #expect(again.output.contains("HTTP/1.1 200 OK"), "\(again.output)")
            }
        }
    }
}
