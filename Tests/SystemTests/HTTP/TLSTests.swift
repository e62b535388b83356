internal import Foundation
import Testing

@Suite struct TLSTests {
    @Test(
        "TLS 1.2 and 1.3 serve a delivery, with ALPN if it is offered, and the certificate is valid",
        arguments: ["1_2", "1_3"])
    func serves(version: String) async throws {
        try await GatewayUnderTest.run { gateway in
            let options = [
                "-tls\(version)", "-verify_return_error", "-verify_hostname", "localhost", "-alpn", "h2,http/1.1",
            ]
            let client = try await SClient.run(gateway, options, sending: .gitHub())
            #expect(client.output.contains("HTTP/1.1 200 OK"), "\(client.output)\(client.errors)")
            #expect(
                client.output.contains("New, TLSv\(version == "1_2" ? "1.2" : "1.3"), Cipher is"), "\(client.output)")
            #expect(client.output.contains("ALPN protocol: http/1.1"), "\(client.output)")
            #expect(client.output.contains("Verify return code: 0 (ok)"), "\(client.output)")
            // It ended because the server said good-bye, not because the connection broke.
            #expect(client.ending == .exited(0), "\(client.errors)")
            #expect(!client.errors.contains("unexpected eof"), "\(client.errors)")
            let plain = try await SClient.run(gateway, ["-tls\(version)"], sending: .gitHub())
            #expect(plain.output.contains("No ALPN negotiated"), "\(plain.output)")
            #expect(plain.output.contains("HTTP/1.1 200 OK"), "\(plain.output)")
        }
    }

    @Test(
        "pipelined requests over TLS are all answered, though their bytes lie in the TLS session and not in the socket")
    func pipelines() async throws {
        try await GatewayUnderTest.run { gateway in
            let webhooks = (0..<300).map { Webhook.gitHub(id: "\($0)", body: #"{"number":\#($0)}"#) }
            let client = try await SClient.run(gateway, sending: webhooks)
            #expect(client.output.ranges(of: "HTTP/1.1 200 OK").count == 300)
            #expect(client.ending == .exited(0), "\(client.errors)")
            #expect(try await gateway.metric(#"sluice_jobs_committed_total{route="github"}"#) == 300)
        }
    }

    @Test("TLS 1.1 and 1.0 are refused, and nothing else notices", arguments: ["1_1", "1"])
    func refusesOld(version: String) async throws {
        try await GatewayUnderTest.run { gateway in
            // At its own level of security the client would not even try.
            let client = try await SClient.run(gateway, ["-tls\(version)", "-cipher", "DEFAULT:@SECLEVEL=0"])
            #expect(client.errors.contains("alert protocol version"), "\(client.errors)")
            #expect(client.ending == .exited(1))
            let record = try await gateway.record { $0.message == "a TLS handshake failed" }
            #expect(record["reason"]?.contains("unsupported protocol") == true, "\(record)")
            #expect(try await gateway.metric(#"sluice_tls_handshake_failures_total{cause="protocol_version"}"#) == 1)
            let good = try await SClient.run(gateway, sending: .gitHub())
            #expect(good.output.contains("HTTP/1.1 200 OK"), "\(good.output)")
        }
    }

    @Test("clear text on the HTTPS port is answered 400 in clear text, and is never processed as a request")
    func plainText() async throws {
        try await GatewayUnderTest.run { gateway in
            let wire = try Wire(port: gateway.httpsPort)
            try wire.send(Webhook.gitHub().bytes + Webhook.gitHub(id: "second").bytes)
            let answer = try await wire.answer()
            #expect(answer.status == 400)
            #expect(answer.code == "https_required")
            #expect(answer[header: "connection"] == "close")
            #expect(try await wire.ending() == ([], .closed))
            try await gateway.record { $0.message == "a TLS handshake failed" && $0["code"] == "clear_text" }
            #expect(try await gateway.metric(#"sluice_tls_handshake_failures_total{cause="clear_text"}"#) == 1)
            #expect(try await gateway.metric(#"sluice_received_total{route="github"}"#) == 0)
            gateway.expectDiscreetLog()
            let good = try await SClient.run(gateway, sending: .gitHub())
            #expect(good.output.contains("HTTP/1.1 200 OK"), "\(good.output)")
        }
    }

    @Test(
        "a certificate that was replaced is served after `sluice reload`, and one that does not work leaves the last one active"
    )
    func reloads() async throws {
        try await GatewayUnderTest.run { gateway in
            let first = try await Self.served(gateway)
            try GatewayUnderTest.writeCertificate(to: gateway.folder)
            let reloaded = try await gateway.command("reload")
            #expect(reloaded.ending == .exited(0), "\(reloaded.errors)")
            #expect(reloaded.output == "loaded route table 2 (2 routes)\n")
            let second = try await Self.served(gateway)
            #expect(second != first)

            try gateway.folder.write("no key at all\n", to: "key.pem")
            let broken = try await gateway.command("reload")
            #expect(broken.ending == .exited(1))
            let problem =
                "cannot load the certificate; keeping the previous one: cannot use the private key in key.pem"
            #expect(broken.errors.contains(problem), "\(broken.errors)")
            try await gateway.record { $0["level"] == "error" && $0.message.hasPrefix(problem) }

            // A key of another certificate.
            let other = try TemporaryFolder()
            try GatewayUnderTest.writeCertificate(to: other)
            try gateway.folder.write(try other.read("key.pem"), to: "key.pem")
            let mismatched = try await gateway.command("reload")
            #expect(mismatched.ending == .exited(1))
            #expect(mismatched.errors.contains("keeping the previous one"), "\(mismatched.errors)")
            #expect(try await Self.served(gateway) == second)
        }
    }

    /// A root, an intermediate that it issued, and a server's certificate that this one issued, each with its key.
    private static let authority = """
        key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
        sign() {
            key $1; openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
            printf "basicConstraints=$3\\nsubjectAltName=DNS:localhost" > $1.ext
            openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days 2 -extfile $1.ext -out $1.pem
        }
        key Root; openssl req -x509 -key Root.key -subj /CN=Root -days 2 -out Root.pem
        sign Middle Root CA:TRUE; sign Server Middle CA:FALSE
        """

    @Test("an issuer that is missing or in the wrong place is warned of, and a pair that does not fit stays an error")
    func chains() async throws {
        let folder = try TemporaryFolder()
        func put(_ certificates: String..., key: String) throws {
            try folder.write(try certificates.flatMap { try folder.read("\($0).pem") }, to: "certificate.pem")
            try folder.write(try folder.read("\(key).key"), to: "key.pem")
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let made = try ChildProcess(
            "sh", ["-ec", Self.authority], environment: ["PATH": path], folder: folder.path)
        #expect(try await made.ending() == .exited(0), "\(made.errors.text)")
        try put("Server", key: "Server")
        let missing =
            "certificate.pem has no certificate of 'Middle', which issued certificate 1: append the intermediate "
            + "certificates, unless the issuer is a root that senders trust"
        let order = "certificate 3 in certificate.pem issued certificate 1 and must directly follow it"
        try await GatewayUnderTest.run(GatewaySetup(folder: folder)) { gateway in
            #expect(gateway.records(saying: missing).map { $0["level"] } == ["warning"])
            #expect(try await gateway.command("routes").output.contains("\nnotices      1\n  \(missing)\n"))

            try put("Server", "Root", "Middle", key: "Server")
            #expect(try await gateway.command("reload").ending == .exited(0))
            try await gateway.record { $0.message == order && $0["level"] == "warning" }

            for chain in [["Server", "Middle"], ["Server", "Middle", "Root"]] {
                try folder.write(try chain.flatMap { try folder.read("\($0).pem") }, to: "certificate.pem")
                #expect(try await gateway.command("reload").ending == .exited(0))
                #expect(try await gateway.command("routes").output.contains("notices") == false)
            }
            #expect(try await gateway.metric("sluice_certificate_failing") == 0)

            try put("Middle", "Server", key: "Server")
            let reload = try await gateway.command("reload")
            let problem =
                "cannot load the certificate; keeping the previous one: the private key in key.pem does not match the "
                + "first certificate in certificate.pem; it matches certificate 2, which must be the first"
            #expect(reload.ending == .exited(1) && reload.errors.contains(problem), "\(reload.errors)")
            #expect(try await gateway.command("routes").output.contains("\nnotices      1\n  \(problem)\n"))
            #expect(try await gateway.metric("sluice_certificate_failing") == 1)

            try put("Server", "Middle", key: "Root")
            let mismatch = try await gateway.command("reload").errors
            #expect(
                mismatch.contains("does not match the first certificate in certificate.pem; replace"), "\(mismatch)")
        }
    }

    /// The certificate that a new connection is shown, on which a delivery is served.
    private static func served(_ gateway: GatewayUnderTest) async throws -> String? {
        let client = try await SClient.run(gateway, sending: .gitHub())
        #expect(client.output.contains("HTTP/1.1 200 OK"), "\(client.output)\(client.errors)")
        return client.certificate
    }
}
