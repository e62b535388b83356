import Testing

/// Published vectors for signatures with HMAC, from the documentation pages and test suites that `source` names.
struct SignatureVector: Sendable, CustomTestStringConvertible {
    let scheme: VectorScheme
    let title: String
    let secret: String
    var target = "/hook"
    let headers: [(name: String, value: String)]
    let body: String
    /// Seconds since 1970.
    var clock: Int64 = 1_700_000_000
    /// Code and reason of the refusal; `nil` if the request is valid.
    var refusal: String?
    let source: String

    var testDescription: String { "\(scheme): \(title)" }

    static let all: [SignatureVector] = [
        SignatureVector(
            scheme: .atlassian, title: "the documented example",
            secret: "It's a Secret to Everybody",
            headers: [
                ("X-Hub-Signature", "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9")
            ],
            body: "Hello World!",
            source: "https://developer.atlassian.com/cloud/jira/platform/webhooks/"),
        SignatureVector(
            scheme: .standardWebhooks, title: "several signatures, one of them valid, one of another version",
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            headers: [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", "1614265330"),
                (
                    "webhook-signature",
                    "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
                        + " v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= "
                        + "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc"
                        + "="
                ),
            ],
            body: #"{"test": 2432232314}"#,
            clock: 1_614_265_330,
            source:
                "https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/webhook.test.ts"
        ),
        SignatureVector(
            scheme: .standardWebhooks, title: "an empty signature",
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            headers: [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", "1614265330"),
                ("webhook-signature", "v1,"),
            ],
            body: #"{"test": 2432232314}"#,
            clock: 1_614_265_330,
            refusal: "signature_missing: the header webhook-signature contains no signature after its prefix",
            source:
                "https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/webhook.test.ts"
        ),
        SignatureVector(
            scheme: .standardWebhooks, title: "a signature cut short",
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            headers: [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", "1614265330"),
                ("webhook-signature", "v1,dawfeoifkpqwoekfpqoekf"),
            ],
            body: #"{"test": 2432232314}"#,
            clock: 1_614_265_330,
            refusal: "signature_invalid: the header webhook-signature contains no signature that is base64",
            source:
                "https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/webhook.test.ts"
        ),
        SignatureVector(
            scheme: .svix, title: "the documented example",
            secret: "whsec_plJ3nmyCDGBKInavdOK15jsl",
            headers: [
                ("svix-id", "msg_loFOjxBNrRLzqYUf"),
                ("svix-timestamp", "1731705121"),
                ("svix-signature", "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="),
            ],
            body: #"{"event_type":"ping","data":{"success":true}}"#,
            clock: 1_731_705_121,
            source: "https://docs.svix.com/receiving/verifying-payloads/how-manual"),
        SignatureVector(
            scheme: .slack, title: "the documented example",
            secret: "8f742231b10e8888abcd99yyyzzz85a5",
            headers: [
                ("X-Slack-Request-Timestamp", "1531420618"),
                ("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            body: SignatureVectorBodies.slackCommand,
            clock: 1_531_420_618,
            source:
                "https://docs.slack.dev/authentication/verifying-requests-from-slack/ ; https://github.com/slackapi/p"
                + "ython-slack-sdk/blob/main/tests/slack_sdk/signature/test_signature_verifier.py"),
        SignatureVector(
            scheme: .slack, title: "the same a second too late",
            secret: "8f742231b10e8888abcd99yyyzzz85a5",
            headers: [
                ("X-Slack-Request-Timestamp", "1531420618"),
                ("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ],
            body: SignatureVectorBodies.slackCommand,
            clock: 1_531_420_919,
            refusal: "signature_expired: the timestamp is 301s old, and 'tolerance' is 5m",
            source:
                "https://docs.slack.dev/authentication/verifying-requests-from-slack/ ; https://github.com/slackapi/p"
                + "ython-slack-sdk/blob/main/tests/slack_sdk/signature/test_signature_verifier.py"),
        SignatureVector(
            scheme: .stripe, title: "the suite's event",
            secret: "webhook_secret",
            headers: [
                (
                    "Stripe-Signature",
                    "t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,v0=63f3a72374a"
                        + "733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"
                )
            ],
            body: SignatureVectorBodies.stripeEvent,
            clock: 1_533_204_620,
            source:
                "https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Services/Events/EventUtilityTest"
                + ".cs ; https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Resources/event_test_signa"
                + "ture.json"),
        SignatureVector(
            scheme: .stripe, title: "two signatures, the second not valid",
            secret: "webhook_secret",
            headers: [
                (
                    "Stripe-Signature",
                    "t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,v1=deadbeefdea"
                        + "dbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
                )
            ],
            body: SignatureVectorBodies.stripeEvent,
            clock: 1_533_204_620,
            source:
                "https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Services/Events/EventUtilityTest"
                + ".cs ; https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Resources/event_test_signa"
                + "ture.json"),
        SignatureVector(
            scheme: .stripe, title: "a malformed header of commas",
            secret: "webhook_secret",
            headers: [
                ("Stripe-Signature", "t,,")
            ],
            body: "{}",
            refusal:
                "signature_invalid: the header stripe-signature contains no entry that begins with the "
                + "signature's prefix",
            source:
                "https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Services/Events/EventUtilityTest"
                + ".cs ; https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Resources/event_test_signa"
                + "ture.json"),
        SignatureVector(
            scheme: .stripe, title: "a malformed header without values",
            secret: "webhook_secret",
            headers: [
                ("Stripe-Signature", "t,v1=,v0")
            ],
            body: "{}",
            refusal: "signature_missing: the header stripe-signature contains no signature after its prefix",
            source:
                "https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Services/Events/EventUtilityTest"
                + ".cs ; https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Resources/event_test_signa"
                + "ture.json"),
        SignatureVector(
            scheme: .stripe, title: "an altered body",
            secret: "webhook_secret",
            headers: [
                (
                    "Stripe-Signature",
                    "t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,v0=63f3a72374a"
                        + "733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"
                )
            ],
            body: SignatureVectorBodies.stripeEvent + "this_changes_the_json",
            clock: 1_533_204_620,
            refusal: "signature_invalid: the header stripe-signature does not match any secret of the route",
            source:
                "https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Services/Events/EventUtilityTest"
                + ".cs ; https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Resources/event_test_signa"
                + "ture.json"),
        SignatureVector(
            scheme: .stripe, title: "the same too late",
            secret: "webhook_secret",
            headers: [
                (
                    "Stripe-Signature",
                    "t=1533204620,v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7,v0=63f3a72374a"
                        + "733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"
                )
            ],
            body: SignatureVectorBodies.stripeEvent,
            clock: 1_533_205_020,
            refusal: "signature_expired: the timestamp is 400s old, and 'tolerance' is 5m",
            source:
                "https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Services/Events/EventUtilityTest"
                + ".cs ; https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Resources/event_test_signa"
                + "ture.json"),
        SignatureVector(
            scheme: .stripe, title: "a malformed header of one letter",
            secret: "webhook_secret",
            headers: [
                ("Stripe-Signature", "t")
            ],
            body: "{}",
            refusal:
                "signature_invalid: the header stripe-signature contains no entry that begins with the "
                + "signature's prefix",
            source:
                "https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Services/Events/EventUtilityTest"
                + ".cs ; https://github.com/stripe/stripe-dotnet/blob/master/src/StripeTests/Resources/event_test_signa"
                + "ture.json"),
        SignatureVector(
            scheme: .razorpay, title: "the suite's event",
            secret: "key_secret",
            headers: [
                ("X-Razorpay-Signature", "d60e67fd884556c045e9be7dad57903e33efc7172c17c6e3ef77db42d2b366e9")
            ],
            body: SignatureVectorBodies.razorpayEvent,
            source:
                "https://github.com/razorpay/razorpay-python/blob/master/tests/test_client_utility.py ; https://githu"
                + "b.com/razorpay/razorpay-python/blob/master/tests/mocks/fake_payment_authorized_webhook.json"),
        SignatureVector(
            scheme: .hubspot, title: "version 3 over method, URL, body and timestamp",
            secret: "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
            target: "/webhook_uri",
            headers: [
                ("X-HubSpot-Signature-v3", "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw="),
                ("X-HubSpot-Request-Timestamp", "15000000"),
            ],
            body: "{'example_field':'example_value'}",
            clock: 15_000,
            source: "https://github.com/HubSpot/hubspot-api-python/blob/master/tests/spec/utils/test_signature.py"),
        SignatureVector(
            scheme: .line, title: "the suite's body",
            secret: "test_secret",
            headers: [
                ("x-line-signature", "t7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM=")
            ],
            body: #"{"hello":"world"}"#,
            source: "https://github.com/line/line-bot-sdk-nodejs/blob/master/test/validate-signature.spec.ts"),
        SignatureVector(
            scheme: .line, title: "letter case changed",
            secret: "test_secret",
            headers: [
                ("x-line-signature", "t7Hn4ZDHqs6e+wdvi5TyQivzie0DmMUmuXEBqyyE/tM=")
            ],
            body: #"{"hello":"world"}"#,
            refusal: "signature_invalid: the header x-line-signature does not match any secret of the route",
            source: "https://github.com/line/line-bot-sdk-nodejs/blob/master/test/validate-signature.spec.ts"),
        SignatureVector(
            scheme: .paddle, title: "the suite's body",
            secret: "VALID_SECRET",
            headers: [
                (
                    "Paddle-Signature",
                    "ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9"
                )
            ],
            body: #"{"data": ["1", "2"]}"#,
            clock: 1_698_796_800,
            source:
                "https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/__tests__/notifications/webhooks-validator.test.ts"
        ),
        SignatureVector(
            scheme: .paddle, title: "several signatures and one of an unknown version",
            secret: "VALID_SECRET",
            headers: [
                (
                    "Paddle-Signature",
                    "ts=1698796800;h1=28981e941fae76e53db32f3d2a83cb69db41476595e84e1970a1b5d98f62b261;h1=28981e941f"
                        + "ae76e53db32f3d2a83cb69db41476595e84e1970a1b5d98f62b261;h2=RANDOM_HASH"
                )
            ],
            body: #"{"data": "value"}"#,
            clock: 1_698_796_800,
            source:
                "https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/__tests__/notifications/webhooks-validator.test.ts"
        ),
        SignatureVector(
            scheme: .paddle, title: "the same at the end of the tolerance",
            secret: "VALID_SECRET",
            headers: [
                (
                    "Paddle-Signature",
                    "ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9"
                )
            ],
            body: #"{"data": ["1", "2"]}"#,
            clock: 1_698_796_805,
            source:
                "https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/__tests__/notifications/webhooks-validator.test.ts"
        ),
        SignatureVector(
            scheme: .paddle, title: "no signature of the known version",
            secret: "VALID_SECRET",
            headers: [
                ("Paddle-Signature", "ts=1234;h2=invalid_header")
            ],
            body: #"{"data": ["1", "2"]}"#,
            clock: 1_234,
            refusal:
                "signature_invalid: the header paddle-signature contains no entry that begins with the "
                + "signature's prefix",
            source:
                "https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/__tests__/notifications/webhooks-validator.test.ts"
        ),
        SignatureVector(
            scheme: .paddle, title: "the same days later",
            secret: "VALID_SECRET",
            headers: [
                (
                    "Paddle-Signature",
                    "ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9"
                )
            ],
            body: #"{"data": ["1", "2"]}"#,
            clock: 1_699_142_400,
            refusal:
                "signature_expired: the timestamp is 345600s old (2023-11-01T00:00:00.000Z), and 'tolerance' is 5s",
            source:
                "https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/__tests__/notifications/webhooks-validator.test.ts"
        ),
        SignatureVector(
            scheme: .paddle, title: "another timestamp",
            secret: "VALID_SECRET",
            headers: [
                ("Paddle-Signature", "ts=9876;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9")
            ],
            body: #"{"data": ["1", "2"]}"#,
            clock: 9_876,
            refusal: "signature_invalid: the header paddle-signature does not match any secret of the route",
            source:
                "https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/__tests__/notifications/webhooks-validator.test.ts"
        ),
        SignatureVector(
            scheme: .paddle, title: "another body",
            secret: "pdl_ntfset_01hsdn8d43dt7mezr1ef2jtbaw_hKkRiCGyyRhbFwIUuqiTBgI7gnWoV0Gr",
            headers: [
                (
                    "Paddle-Signature",
                    "ts=1710929255;h1=6c05ef8fa83c44d751be6d259ec955ce5638e2c54095bf128e408e2fce1589c8"
                )
            ],
            body: "{}",
            clock: 1_710_929_255,
            refusal: "signature_invalid: the header paddle-signature does not match any secret of the route",
            source: "https://github.com/PaddleHQ/paddle-go-sdk/blob/main/webhook_verifier_test.go"),
        SignatureVector(
            scheme: .paddle, title: "a timestamp that is no number",
            secret: "pdl_ntfset_01hsdn8d43dt7mezr1ef2jtbaw_hKkRiCGyyRhbFwIUuqiTBgI7gnWoV0Gr",
            headers: [
                ("Paddle-Signature", "ts=x;h1=y")
            ],
            body: SignatureVectorBodies.paddleEvent,
            refusal: "signature_invalid: the header paddle-signature contains no signature that is hex",
            source: "https://github.com/PaddleHQ/paddle-go-sdk/blob/main/webhook_verifier_test.go"),
        SignatureVector(
            scheme: .paddle, title: "the same a second too late",
            secret: "VALID_SECRET",
            headers: [
                (
                    "Paddle-Signature",
                    "ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9"
                )
            ],
            body: #"{"data": ["1", "2"]}"#,
            clock: 1_698_796_806,
            refusal: "signature_expired: the timestamp is 6s old, and 'tolerance' is 5s",
            source:
                "https://github.com/PaddleHQ/paddle-node-sdk/blob/main/src/__tests__/notifications/webhooks-validator.test.ts"
        ),
        SignatureVector(
            scheme: .square, title: "the documented example",
            secret: "asdf1234",
            target: "/webhook",
            headers: [
                ("x-square-hmacsha256-signature", "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=")
            ],
            body: #"{"hello":"world"}"#,
            source: "https://developer.squareup.com/docs/webhooks/step3validate"),
        SignatureVector(
            scheme: .square, title: "another URL, with a slash at the end",
            secret: "asdf1234",
            target: "/webhook/",
            headers: [
                ("x-square-hmacsha256-signature", "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=")
            ],
            body: #"{"hello":"world"}"#,
            refusal:
                "signature_invalid: the header x-square-hmacsha256-signature does not match any secret of the route",
            source: "https://developer.squareup.com/docs/webhooks/step3validate"),
        SignatureVector(
            scheme: .standardWebhooks, title: "OpenAI's event at the end of the tolerance",
            secret: "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=",
            headers: [
                ("webhook-id", "wh_685c059ae39c8190af8c71ed1022a24d"),
                ("webhook-timestamp", "1750861210"),
                ("webhook-signature", "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY="),
            ],
            body: SignatureVectorBodies.openAIEvent,
            clock: 1_750_861_510,
            source: "https://github.com/openai/openai-node/blob/master/tests/api-resources/webhooks.test.ts"),
        SignatureVector(
            scheme: .standardWebhooks, title: "OpenAI's event with two signatures, the second valid",
            secret: "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=",
            headers: [
                ("webhook-id", "wh_685c059ae39c8190af8c71ed1022a24d"),
                ("webhook-timestamp", "1750861210"),
                ("webhook-signature", "v1,invalid_signature v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY="),
            ],
            body: SignatureVectorBodies.openAIEvent,
            clock: 1_750_861_210,
            source: "https://github.com/openai/openai-node/blob/master/tests/api-resources/webhooks.test.ts"),
        SignatureVector(
            scheme: .standardWebhooks, title: "OpenAI's event with a timestamp that is no number",
            secret: "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=",
            headers: [
                ("webhook-id", "wh_685c059ae39c8190af8c71ed1022a24d"),
                ("webhook-timestamp", "not-a-number"),
                ("webhook-signature", "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY="),
            ],
            body: SignatureVectorBodies.openAIEvent,
            refusal:
                "signature_invalid: the timestamp in the header webhook-timestamp is not a number of seconds since "
                + "1970",
            source: "https://github.com/openai/openai-node/blob/master/tests/api-resources/webhooks.test.ts"),
        SignatureVector(
            scheme: .standardWebhooks, title: "OpenAI's event and another secret",
            secret: "bm90LXRoZS1jb3JyZWN0LXNlY3JldC1idXQtbG9uZy1lbm91Z2g=",
            headers: [
                ("webhook-id", "wh_685c059ae39c8190af8c71ed1022a24d"),
                ("webhook-timestamp", "1750861210"),
                ("webhook-signature", "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY="),
            ],
            body: SignatureVectorBodies.openAIEvent,
            clock: 1_750_861_210,
            refusal: "signature_invalid: the header webhook-signature does not match any secret of the route",
            source: "https://github.com/openai/openai-node/blob/master/tests/api-resources/webhooks.test.ts"),
        SignatureVector(
            scheme: .standardWebhooks, title: "OpenAI's event too early",
            secret: "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=",
            headers: [
                ("webhook-id", "wh_685c059ae39c8190af8c71ed1022a24d"),
                ("webhook-timestamp", "1750861210"),
                ("webhook-signature", "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY="),
            ],
            body: SignatureVectorBodies.openAIEvent,
            clock: 1_750_860_810,
            refusal: "signature_expired: the timestamp is 400s ahead of the clock, and 'tolerance' is 5m",
            source: "https://github.com/openai/openai-node/blob/master/tests/api-resources/webhooks.test.ts"),
        SignatureVector(
            scheme: .standardWebhooks, title: "OpenAI's event without its id",
            secret: "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=",
            headers: [
                ("webhook-timestamp", "1750861210"),
                ("webhook-signature", "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY="),
            ],
            body: SignatureVectorBodies.openAIEvent,
            clock: 1_750_861_210,
            refusal: "signature_missing: the header webhook-id, which contains the id, is missing",
            source: "https://github.com/openai/openai-node/blob/master/tests/api-resources/webhooks.test.ts"),
        SignatureVector(
            scheme: .zendesk, title: "an example of an older text, made over body and timestamp in the other order",
            secret: "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=",
            headers: [
                ("X-Zendesk-Webhook-Signature", "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw="),
                ("X-Zendesk-Webhook-Signature-Timestamp", "2021-07-25T10:00:00Z"),
            ],
            body: #"{"say": "hello"}"#,
            clock: 1_627_207_200,
            refusal: "signature_invalid: the header x-zendesk-webhook-signature does not match any secret of the route",
            source:
                "https://developer.zendesk.com/documentation/event-connectors/webhooks/verifying/ (an older text of "
                + "the page)"
        ),
        SignatureVector(
            scheme: .pagerduty, title: "the suite's event",
            secret: "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK",
            headers: [
                ("X-PagerDuty-Signature", "v1=0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd")
            ],
            body: SignatureVectorBodies.pagerDutyEvent,
            source: "https://github.com/PagerDuty/go-pagerduty/blob/main/webhookv3/webhookv3_test.go"),
        SignatureVector(
            scheme: .pagerduty, title: "another signature",
            secret: "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK",
            headers: [
                ("X-PagerDuty-Signature", "v1=7020c8a7ec668a9b7012bc3dd82e483394b038f4230acc6785efbf2a7d8bcaf5")
            ],
            body: SignatureVectorBodies.pagerDutyEvent,
            refusal: "signature_invalid: the header x-pagerduty-signature does not match any secret of the route",
            source: "https://github.com/PagerDuty/go-pagerduty/blob/main/webhookv3/webhookv3_test.go"),
        SignatureVector(
            scheme: .pagerduty, title: "an empty header",
            secret: "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK",
            headers: [
                ("X-PagerDuty-Signature", "")
            ],
            body: SignatureVectorBodies.pagerDutyEvent,
            refusal: "signature_missing: the header x-pagerduty-signature is empty",
            source: "https://github.com/PagerDuty/go-pagerduty/blob/main/webhookv3/webhookv3_test.go"),
    ]
}
