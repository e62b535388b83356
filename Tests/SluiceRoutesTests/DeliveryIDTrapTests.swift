import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Warnings of unique keys made from headers that number no deliveries.
@Suite(.serialized) struct DeliveryIDTrapTests {
    @Test(
        "a header that is not a delivery id is warned of, with an alternative",
        arguments: [
            ("${header.X-Hook-UUID}", "identifies the subscription", "${header.X-Request-UUID}"),
            ("${header.X-Attempt-Number}", "counts attempts", "${header.X-Request-UUID}"),
            ("${header.X-GitHub-Hook-ID}", "identifies the subscription", "${header.X-GitHub-Delivery}"),
            ("${header.X-Gitlab-Webhook-UUID}", "identifies the subscription", "${header.Idempotency-Key}"),
            ("${header.x-gitlab-event-uuid}", "several deliveries of one event share", "${header.Idempotency-Key}"),
            ("${header.X-Shopify-Event-Id}", "several deliveries of one event share", "${header.X-Shopify-Webhook-Id}"),
            ("${header.X-WC-Webhook-ID}", "identifies the subscription", "${sha256.body}"),
            ("${header.X-WC-Webhook-Delivery-ID}", "two deliveries in the same second share", "${sha256.body}"),
            (
                "${header.X-Zendesk-Webhook-Id}", "identifies the subscription",
                "${header.X-Zendesk-Webhook-Invocation-Id}"
            ),
            ("${header.X-Atlassian-Webhook-Retry}", "counts attempts", "${header.X-Atlassian-Webhook-Identifier}"),
            ("${header.X-Slack-Retry-Num}", "counts attempts", "${body.event_id}"),
            ("${header.X-Zm-Request-Timestamp}", "is a time and not a delivery id", "a retry has another one"),
        ])
    func traps(key: String, complaint: String, instead: String) {
        let found = warnings(openRoute("unique_key: '\(key)'"))
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("r.yaml:5:17: warning: the unique key uses the header ") == true)
        #expect(found.first?.contains(complaint) == true)
        #expect(found.first?.contains(instead) == true)
    }

    @Test(
        "a key that tells deliveries apart by something else is fine",
        arguments: [
            "'${header.X-GitHub-Delivery}'", "['${header.X-WC-Webhook-Delivery-ID}', '${sha256.body}']",
            "['${header.X-Gitlab-Event-UUID}', '${body.object_kind}']",
            "['${header.X-Hook-UUID}', '${sha256.body}']", "'${body.id}'",
        ])
    func fine(key: String) {
        #expect(warnings(openRoute("unique_key: \(key)")) == [])
    }

    @Test(
        "providers that number nothing are known by the header of their signature",
        arguments: [
            ("X-Zm-Signature", "Zoom"), ("X-Airtable-Content-MAC", "Airtable"), ("X-Dropbox-Signature", "Dropbox"),
            ("X-Hook-Signature", "Asana"),
            ("Calendly-Webhook-Signature", "Calendly"), ("X-Twitter-Webhooks-Signature", "X"),
            ("Plaid-Verification", "Plaid"),
        ])
    func withoutID(header: String, provider: String) {
        let verify =
            "verify: { alg: hmac-sha256, signature_from: '${header.\(header)}' }\n    secrets: [ { env: SECRET } ]"
        let text = openRoute("unique_key: '${header.X-Request-Id}'").replacing("verify: none", with: verify)
        #expect(
            warnings(text).contains(
                "r.yaml:6:17: warning: \(provider) sends no header with a delivery id; use ${sha256.body} as "
                    + "the unique key"
            ))
        #expect(warnings(text.replacing("header.X-Request-Id", with: "sha256.body")) == [])
    }

    @Test("the digest of a body that is always empty is no key")
    func emptyBody() {
        func found(_ lines: String) -> [String] { warnings(openRoute(lines)).filter { $0.contains("an empty body") } }
        #expect(
            found("methods: [GET]\nunique_key: '${sha256.body}'") == [
                "r.yaml:6:17: warning: the unique key is only the digest of the body, and requests with GET have an empty "
                    + "body: all but the first would be dropped; add a query parameter or a header"
            ])
        #expect(found("methods: [GET, POST]\nunique_key: '${sha256.body}'") == [])
        #expect(found("methods: [GET]\nunique_key: ['${sha256.body}', '${query.id}']") == [])
        #expect(found("methods: [GET]\nunique_key: '${query.id}'") == [])
    }

    private func warnings(_ text: String) -> [String] { compile([("r.yaml", text)]).warnings.map(\.description) }
}
