/// The schemes of providers that sign with HMAC, as `verify` says them.
enum VectorScheme: String, CaseIterable, Sendable {
    case airtable, atlassian, calendly, docusign, hubspot, intercom, line, linear, mailgun, mollie, paddle, pagerduty,
        razorpay, sentry,
        shopify, slack, square, standardWebhooks, stripe, svix, twitch, typeform, vercel, zendesk, zoom

    /// A route on `/hook` with the scheme and the secret in `SECRET`.
    var route: String {
        let url = needsURL ? "  public_url: https://\(self == .hubspot ? "www.example.com" : "example.com")\n" : ""
        return
            "routes:\n- path: /hook\n\(url)  verify: { \(verify) }\n  secrets: [ { env: SECRET } ]\n  jobs: [ { type: "
            + "t } ]\n"
    }

    private var needsURL: Bool { self == .hubspot || self == .square }

    private var verify: String {
        switch self {
        case .airtable:
            Self.plain("X-Airtable-Content-MAC", prefix: "hmac-sha256=") + #", key_encoding: base64"#
        case .atlassian, .mollie:
            Self.plain(self == .mollie ? "X-Mollie-Signature" : "X-Hub-Signature", prefix: "sha256=")
                + (self == .mollie ? #", signature_split: ",""# : "")
        case .calendly: Self.stripe("Calendly-Webhook-Signature")
        case .docusign: Self.plain("X-DocuSign-Signature-*") + ", signature_encoding: base64"
        case .hubspot:
            Self.plain("X-HubSpot-Signature-v3") + ", signature_encoding: base64, "
                + #"timestamp_from: "${header.X-HubSpot-Request-Timestamp}", timestamp_format: unix_ms, "#
                + #"signed: "${method}${url}${body}${timestamp}""#
        case .intercom: Self.plain("X-Hub-Signature", prefix: "sha1=", algorithm: "hmac-sha1")
        case .line: Self.plain("x-line-signature") + ", signature_encoding: base64"
        case .linear:
            Self.plain("Linear-Signature")
                + #", timestamp_from: "${body.webhookTimestamp}", timestamp_format: unix_ms, tolerance: 1m"#
        case .mailgun:
            #"alg: hmac-sha256, signature_from: "${body.signature.signature}", timestamp_from: "${body.signature.timestamp}", "#
                + #"signed: "${timestamp}${body.signature.token}""#
        case .paddle:
            Self.plain("Paddle-Signature", prefix: "h1=")
                + #", signature_split: ";", timestamp_from: "${header.Paddle-Signature}", timestamp_prefix: "ts=", tolerance: 5s, "#
                + #"signed: "${timestamp}:${body}""#
        case .pagerduty: Self.plain("X-PagerDuty-Signature", prefix: "v1=") + #", signature_split: ",""#
        case .razorpay: Self.plain("X-Razorpay-Signature")
        case .sentry: Self.plain("Sentry-Hook-Signature")
        case .shopify: Self.plain("X-Shopify-Hmac-Sha256") + ", signature_encoding: base64"
        case .slack: Self.slack("X-Slack-Signature", "X-Slack-Request-Timestamp")
        case .square:
            Self.plain("x-square-hmacsha256-signature") + #", signature_encoding: base64, signed: "${url}${body}""#
        case .standardWebhooks: Self.standard("webhook")
        case .stripe: Self.stripe("Stripe-Signature")
        case .svix: Self.standard("svix")
        case .twitch:
            Self.plain("Twitch-Eventsub-Message-Signature", prefix: "sha256=")
                + #", timestamp_from: "${header.Twitch-Eventsub-Message-Timestamp}", timestamp_format: rfc3339, tolerance: 10m, "#
                + #"id_from: "${header.Twitch-Eventsub-Message-Id}", signed: "${id}${timestamp}${body}""#
        case .typeform: Self.plain("Typeform-Signature", prefix: "sha256=") + ", signature_encoding: base64"
        case .vercel: Self.plain("x-vercel-signature", algorithm: "hmac-sha1")
        case .zendesk:
            Self.plain("X-Zendesk-Webhook-Signature")
                + #", signature_encoding: base64, timestamp_from: "${header.X-Zendesk-Webhook-Signature-Timestamp}", "#
                + #"timestamp_format: rfc3339, signed: "${timestamp}${body}""#
        case .zoom: Self.slack("x-zm-signature", "x-zm-request-timestamp")
        }
    }

    private static func plain(_ header: String, prefix: String = "", algorithm: String = "hmac-sha256") -> String {
        #"alg: \#(algorithm), signature_from: "${header.\#(header)}""#
            + (prefix.isEmpty ? "" : #", signature_prefix: "\#(prefix)""#)
    }

    private static func stripe(_ header: String) -> String {
        plain(header, prefix: "v1=")
            + #", signature_split: ",", timestamp_from: "${header.\#(header)}", timestamp_prefix: "t=", signed: "${timestamp}.${body}""#
    }

    private static func slack(_ header: String, _ timestamp: String) -> String {
        plain(header, prefix: "v0=")
            + #", timestamp_from: "${header.\#(timestamp)}", signed: "v0:${timestamp}:${body}""#
    }

    private static func standard(_ stem: String) -> String {
        plain("\(stem)-signature", prefix: "v1,")
            + #", signature_split: " ", signature_encoding: base64, key_encoding: base64, key_strip_prefix: whsec_, "#
            + #"timestamp_from: "${header.\#(stem)-timestamp}", id_from: "${header.\#(stem)-id}", "#
            + #"signed: "${id}.${timestamp}.${body}""#
    }
}
