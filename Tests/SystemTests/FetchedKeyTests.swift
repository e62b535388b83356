import Testing

/// Requests that name the URL of their key, against the shipped binary: it connects to nothing but public addresses of
/// the hosts that a route allows.
@Suite struct FetchedKeySystemTests {
    private static let routes = """
        routes:
        - path: /sns
          provider: sns
          account: { topic_arn: "arn:aws:sns:us-east-1:1:orders" }
          jobs: [ { type: t } ]
        - path: /named
          verify:
            alg: rsa-sha256
            signature_from: ${header.X-Signature}
            signature_encoding: base64
            key_from: ${header.X-Url}
            key_urls: [ https://localhost/*.pem ]
          jobs: [ { type: t } ]
        - path: /set
          verify:
            alg: jwt
            signature_from: ${header.X-Token}
            key_from: https://localhost/jwks.json
            jwt: { algs: [RS256] }
          jobs: [ { type: t } ]

        """

    private static func sns(_ url: String, version: String = "1") -> Webhook {
        let body = """
            {"Type":"Notification","MessageId":"792cda85-518f-5dd3-9163-81d851212f3a","Message":"m","Timestamp":"t",\
            "TopicArn":"arn:aws:sns:us-east-1:1:orders","SignatureVersion":"\(version)","Signature":"AAAA",\
            "SigningCertURL":"\(url)"}
            """
        return Webhook(target: "/sns", headers: [(name: "host", value: "h")], body: Array(body.utf8))
    }

    @Test(
        "a certificate of another host is refused without a connection",
        arguments: [
            "https://127.0.0.1/SimpleNotificationService-1.pem", "https://localhost/SimpleNotificationService-1.pem",
            "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
            "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem",
            "https://sns.us-east-1.amazonaws.com@127.0.0.1/SimpleNotificationService-1.pem",
            "https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
            "https://sns.us-east-1.amazonaws.com/?Action=x&SimpleNotificationService-1.pem", "x",
        ])
    func otherHost(url: String) async throws {
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": Self.routes])) { gateway in
            let answer = try await gateway.answer(to: Self.sns(url))
            #expect(answer.status == 401)
            let record = try await gateway.record("the refusal") { $0["route"] == "/sns" }
            #expect("\(record)".contains("SigningCertURL"))
        }
    }

    @Test("a host that resolves to this machine is not connected to, and the sender is asked to retry")
    func loopback() async throws {
        try await GatewayUnderTest.run(GatewaySetup(routes: ["r.yaml": Self.routes])) { gateway in
            var named = Webhook(target: "/named", headers: [(name: "host", value: "h")], body: Array("{}".utf8))
            named[header: "x-signature"] = "AAAA"
            named[header: "x-url"] = "https://localhost/key.pem"
            var token = Webhook(target: "/set", headers: [(name: "host", value: "h")], body: Array("{}".utf8))
            // {"alg":"RS256","kid":"k"}.{}
            token[header: "x-token"] = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AAAA"
            for webhook in [named, token] {
                let answer = try await gateway.answer(to: webhook)
                #expect(answer.status == 503)
                #expect(answer.text.contains("key_unavailable"))
                #expect(answer[header: "retry-after"] == "30")
                let record = try await gateway.record("the refusal") { $0["route"] == webhook.target }
                #expect("\(record)".contains("cannot fetch the key from localhost: "))
                #expect("\(record)".contains("none of its addresses is allowed"))
            }
            #expect(try await gateway.stop() == .exited(0))
        }
    }

    @Test("a handshake that names this machine is verified, not called, and the sender is asked to retry")
    func call() async throws {
        let routes = """
            routes:
            - path: /call
              verify: { alg: hmac-sha256, signature_from: "${header.X-Signature}", signature_prefix: "sha256=" }
              secrets: [ { env: CALL_SECRET } ]
              handshake:
              - { when: { body.type: confirm }, call: "${body.url}", call_urls: [ "https://localhost/*?token=*" ] }
              jobs: [ { type: t } ]

            """
        let setup = GatewaySetup(routes: ["r.yaml": routes], environment: ["CALL_SECRET": Webhook.hmacSecret])
        try await GatewayUnderTest.run(setup) { gateway in
            var webhook = Webhook.hmac(body: #"{"type":"confirm","url":"https://localhost/a?token=secret1"}"#)
            webhook.target = "/call"
            let answer = try await gateway.answer(to: webhook)
            #expect(answer.status == 503 && answer.text.contains("handshake_call_failed"))
            #expect(answer[header: "retry-after"] == "30")
            let record = "\(try await gateway.record("the refusal") { $0["route"] == "/call" })"
            #expect(
                record.contains("the call to localhost failed: ") && record.contains("none of its addresses is allowed")
            )
            #expect(!record.contains("secret1"))
            webhook[header: "x-signature"] = "sha256=00"
            #expect(try await gateway.answer(to: webhook).status == 401)
        }
    }
}
