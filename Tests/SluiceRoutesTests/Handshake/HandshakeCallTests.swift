import SluiceRouteFiles
import SluiceRoutes
import Testing

/// Handshakes that are answered after a call to a URL, which only a valid signature can cause.
@Suite struct HandshakeCallTests {
    private static let topic = "arn:aws:sns:us-east-1:123456789012:orders"
    private static let query = "?Action=ConfirmSubscription&TopicArn=\(topic)&Token="
    private static let signed = "https://sns.us-east-1.amazonaws.com/\(query)2336412f37"

    private static func outcome(
        type: String = "SubscriptionConfirmation", url: String = signed, topic: String = topic, signs: Bool = true
    ) throws -> String {
        let preset = try #require(ProviderCatalog.preset(named: "sns"))
        var sample = SampleRoute()
        sample.account = ["topic_arn": Self.topic]
        let route = try RouteCompiler.route(sample, of: preset, supply: .wellKnown("development"))
        let body = """
            {"Type":"\(type)","TopicArn":"\(topic)","Message":"m","Timestamp":"2026-01-01T00:00:00.000Z","Token":"t",\
            "Subject":"s","MessageId":"792cda85-518f-5dd3-9163-81d851212f3a","SignatureVersion":"2","SubscribeURL":"\(url)"}
            """
        var request = RequestToSign(target: route.path, body: Array(body.utf8))
        if signs { request = try route.sign(request, at: 0, id: "792cda85-518f-5dd3-9163-81d851212f3a") }
        var sent = TestRequest(target: request.target, headers: request.headers.map { ($0.name, $0.value) })
        sent.body = request.body
        return sent.processed(by: route).summary
    }

    @Test("a signed confirmation of the topic is called, and its token is not shown")
    func called() throws {
        let called = "handshake 200 after https://sns.us-east-1.amazonaws.com/\(Self.query)*"
        #expect(try Self.outcome() == called)
    }

    @Test("nothing else is called")
    func notCalled() throws {
        #expect(try Self.outcome(type: "UnsubscribeConfirmation") == "stored")
        #expect(try Self.outcome(type: "Notification") == "stored")
        #expect(try Self.outcome(signs: false).hasPrefix("refused signature_"))
        for url in [
            "https://evil.example/\(Self.query)1", "http://sns.us-east-1.amazonaws.com/\(Self.query)1",
            "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=\(Self.topic)",
            "https://sns.us-east-1.amazonaws.com/\(Self.query)1&Action=Unsubscribe",
            "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=other&Token=1",
        ] {
            let outcome = try Self.outcome(url: url)
            #expect(outcome.hasPrefix("refused handshake_refused: "), "\(url)")
            #expect(outcome.hasSuffix("is not one of the URLs that 'call_urls' allows"), "\(url)")
        }
    }

    @Test("another topic is refused, although SNS signs for everyone")
    func otherTopic() throws {
        let other = "arn:aws:sns:us-east-1:999999999999:orders"
        #expect(throws: SigningError.self) {
            let outcome = try Self.outcome(topic: other)
            #expect(outcome.hasPrefix("refused signature_invalid"))
            throw SigningError(message: outcome)
        }
    }
}
