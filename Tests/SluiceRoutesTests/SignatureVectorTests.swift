import SluiceBase
import SluiceCrypto
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

@Suite(.serialized) struct SignatureVectorTests {
    @Test("published vectors are judged as published, refusals for the right reason", arguments: SignatureVector.all)
    func vectors(vector: SignatureVector) throws {
        let route = try vectorRoute(vector)
        let request = TestRequest(vector.body, target: vector.target, headers: vector.headers)
        #expect(
            request.judged(by: route, atMilliseconds: vector.clock * 1000)
                == (vector.refusal.map { "refused \($0)" } ?? "valid"))
    }

    @Test(
        "a published vector with a byte of its body changed is refused",
        arguments: SignatureVector.all.filter { $0.refusal == nil })
    func changedBody(vector: SignatureVector) throws {
        let route = try vectorRoute(vector)
        var request = TestRequest(vector.body, target: vector.target, headers: vector.headers)
        request.body[request.body.count / 2] ^= 1
        let outcome = request.judged(by: route, atMilliseconds: vector.clock * 1000)
        #expect(outcome.hasSuffix(" does not match any secret of the route"))
    }

    /// The scheme's route with the vector's secret, which may be shorter than a route may have.
    private func vectorRoute(_ vector: SignatureVector) throws -> Route {
        let compilation = compile([("r.yaml", vector.scheme.route)], secrets: .throwAway)
        return try #require(compilation.table?.routes.first).verifying(with: vector.secret)
    }

    /// A request as a provider without a published vector makes it, from its documentation.
    struct Made: Sendable, CustomTestStringConvertible {
        let scheme: VectorScheme
        var secret = "a secret of tests"
        /// What the HMAC is keyed with, where it is not the secret's own text.
        var key: [UInt8]?
        let headers: @Sendable (HMACKey) -> [(name: String, value: String)]
        let body: @Sendable (HMACKey) -> String
        var algorithm = HashAlgorithm.sha256

        var testDescription: String { scheme.rawValue }

        init(
            _ scheme: VectorScheme, secret: String = "a secret of tests", key: [UInt8]? = nil,
            algorithm: HashAlgorithm = .sha256,
            headers: @escaping @Sendable (HMACKey) -> [(name: String, value: String)] = { _ in [] },
            body: @escaping @Sendable (HMACKey) -> String = { _ in Self.event }
        ) {
            (self.scheme, self.secret, self.key, self.algorithm, self.headers, self.body) = (
                scheme, secret, key, algorithm, headers, body
            )
        }

        static let event = #"{"id":"evt_1","webhookTimestamp":1700000000000}"#
    }

    private static func hex(_ key: HMACKey, _ text: String) -> String { key.authenticate(Array(text.utf8).span).hex }

    private static func base64(_ key: HMACKey, _ text: String) -> String {
        let digest = key.authenticate(Array(text.utf8).span)
        return Base64.encode(digest.span.array)
    }

    static let made: [Made] = [
        Made(.airtable, secret: "YSBzZWNyZXQgb2YgdGVzdHM=", key: Array("a secret of tests".utf8)) {
            [("X-Airtable-Content-MAC", "hmac-sha256=" + hex($0, Made.event))]
        },
        Made(.calendly) { [("Calendly-Webhook-Signature", "t=1700000000,v1=" + hex($0, "1700000000." + Made.event))] },
        // One header a key of the account; the second is ours.
        Made(.docusign) {
            [("X-DocuSign-Signature-1", base64($0, "other")), ("X-DocuSign-Signature-2", base64($0, Made.event))]
        },
        Made(.intercom, algorithm: .sha1) { [("X-Hub-Signature", "sha1=" + hex($0, Made.event))] },
        Made(.linear) { [("Linear-Signature", hex($0, Made.event))] },
        Made(
            .mailgun,
            body: { key in
                #"{"signature":{"timestamp":"1700000000","token":"tok","signature":"\#(hex(key, "1700000000tok"))"},"event-data":{"id":"e"}}"#
            }),
        // For a day after a secret was replaced the header comes twice.
        Made(.mollie) {
            [
                ("X-Mollie-Signature", "sha256=" + hex($0, "other")),
                ("X-Mollie-Signature", "sha256=" + hex($0, Made.event)),
            ]
        },
        Made(.sentry) { [("Sentry-Hook-Signature", hex($0, Made.event))] },
        Made(.shopify) { [("X-Shopify-Hmac-Sha256", base64($0, Made.event))] },
        Made(.twitch) {
            [
                ("Twitch-Eventsub-Message-Id", "m1"),
                ("Twitch-Eventsub-Message-Timestamp", "2023-11-14T22:13:20.123456789Z"),
                (
                    "Twitch-Eventsub-Message-Signature",
                    "sha256=" + hex($0, "m12023-11-14T22:13:20.123456789Z" + Made.event)
                ),
            ]
        },
        Made(.typeform) { [("Typeform-Signature", "sha256=" + base64($0, Made.event))] },
        Made(.vercel, algorithm: .sha1) { [("x-vercel-signature", hex($0, Made.event))] },
        Made(.zendesk) {
            [
                ("X-Zendesk-Webhook-Signature-Timestamp", "2023-11-14T22:13:20Z"),
                ("X-Zendesk-Webhook-Signature", base64($0, "2023-11-14T22:13:20Z" + Made.event)),
            ]
        },
        Made(.zoom) {
            [
                ("x-zm-request-timestamp", "1700000000"),
                ("x-zm-signature", "v0=" + hex($0, "v0:1700000000:" + Made.event)),
            ]
        },
    ]

    @Test(
        "requests of providers without a published vector are valid when they are made as documented", arguments: made
    )
    func documented(made: Made) throws {
        let secret = made.key ?? Array(made.secret.utf8)
        let key = HMACKey(made.algorithm, key: secret.span)
        let route = try route(made.scheme.route, environment: ["SECRET": made.secret])
        let request = TestRequest(made.body(key), headers: made.headers(key))
        #expect(request.judged(by: route) == "valid")
        let other = HMACKey(made.algorithm, key: Array("another".utf8).span)
        let forged = TestRequest(made.body(other), headers: made.headers(other))
        #expect(forged.judged(by: route).hasSuffix(" does not match any secret of the route"))
    }

    @Test("every scheme of the table is tried")
    func all() {
        let tried = Set(SignatureVector.all.map(\.scheme)).union(Self.made.map(\.scheme))
        #expect(tried == Set(VectorScheme.allCases))
    }
}
