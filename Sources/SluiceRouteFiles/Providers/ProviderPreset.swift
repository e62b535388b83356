internal import SluiceBase
internal import SluiceRoutes

/// What `provider:` brings: everything that is the same for all who receive webhooks of that provider.
struct ProviderPreset {
    let name: String
    /// As `verify` would say it.
    let signature: SignatureSettings
    /// Where the delivery id stands, which is the unique key.
    let uniqueKeyHeader: HeaderName
    /// As `event` would say it.
    let event: String
    let bodyLimit: ByteCount
    /// Whether the provider can send its JSON in the field `payload` of a form.
    let unwrapsFormPayload: Bool
    /// More headers that hold what only the sender should know.
    let credentialHeaders: [HeaderName]

    static let all = [github]

    /// Providers of the language that this version does not have.
    static let later = [
        "adyen", "airtable", "asana", "auth0", "bigcommerce", "bitbucket", "calendly", "clerk", "contentful", "datadog",
        "discord",
        "docusign", "dropbox", "forgejo", "gitea", "gitlab", "hubspot", "intercom", "jira", "line", "linear", "mailgun",
        "meta", "mollie",
        "monday", "msgraph", "notion", "okta", "openai", "paddle", "pagerduty", "paypal", "plaid", "postmark",
        "razorpay", "sendgrid",
        "sentry", "shopify", "slack", "sns", "square", "standard-webhooks", "stripe", "svix", "telegram", "twilio",
        "twitch", "typeform",
        "vercel", "woocommerce", "x", "zendesk", "zoom",
    ]

    /// The signature is over the body as received, in forms too; the delivery id stays the same when GitHub delivers
    /// again; bodies have at most 25 MB (GitHub, "Validating webhook deliveries" and "Best practices for using
    /// webhooks").
    private static let github = ProviderPreset(
        name: "github",
        signature: SignatureSettings(signatureFrom: "${header.X-Hub-Signature-256}", signaturePrefix: "sha256="),
        uniqueKeyHeader: "x-github-delivery", event: "${header.X-GitHub-Event}", bodyLimit: .mebibytes(25),
        unwrapsFormPayload: true,
        credentialHeaders: ["x-hub-signature"])
}

/// The values of the keys of `verify`, as a provider's preset or a route writes them.
struct SignatureSettings: Sendable {
    var algorithm = SignatureAlgorithm.hmacSHA256
    var signatureFrom: String?
    var signaturePrefix = ""
    var signatureSplit: String?
    var signatureEncoding = SignatureEncoding.hex
    var keyForm = KeyForm()
    var timestampFrom: String?
    var timestampPrefix: String?
    var timestampFormat = TimestampFormat.unix
    var tolerance = Duration.seconds(300)
    var idFrom: String?
    var idPattern = IDPattern.standard
    var signed = "${body}"
}
