internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes
internal import SluiceYAML

/// Values that look like a delivery id but are not: with them as the unique key, new webhooks would be dropped as
/// duplicates, or duplicates accepted as new. The meaning of each header is from the provider's documentation.
struct DeliveryIDLookalikes {
    private enum Trap {
        /// Identifies the subscription, which all deliveries share.
        case subscription(instead: String)
        /// Identifies an event, which several deliveries may report.
        case shared(instead: String)
        /// Two deliveries may share it; together with the body's digest it is unique.
        case collides
        /// Counts attempts.
        case attempt(instead: String)
    }

    private static let traps: [HeaderName: Trap] = [
        // Bitbucket: the webhook's id; and the number of the attempt.
        "x-hook-uuid": .subscription(instead: "${header.X-Request-UUID}"),
        "x-attempt-number": .attempt(instead: "${header.X-Request-UUID}"),
        // GitHub: the webhook's number in the settings of the repository.
        "x-github-hook-id": .subscription(instead: "${header.X-GitHub-Delivery}"),
        // GitLab: the webhook; and the event, which webhooks triggered by webhooks share ("Webhooks", delivery
        // headers).
        "x-gitlab-webhook-uuid": .subscription(instead: "${header.Idempotency-Key}"),
        "x-gitlab-event-uuid": .shared(instead: "${header.Idempotency-Key}"),
        // Shopify: one action of a merchant, reported by several webhooks.
        "x-shopify-event-id": .shared(instead: "${header.X-Shopify-Webhook-Id}"),
        // WooCommerce: the webhook; and a digest of the webhook and the current second (class-wc-webhook.php).
        "x-wc-webhook-id": .subscription(instead: "[ \"${header.X-WC-Webhook-Delivery-ID}\", \"${sha256.body}\" ]"),
        "x-wc-webhook-delivery-id": .collides,
        // Zendesk: the webhook.
        "x-zendesk-webhook-id": .subscription(instead: "${header.X-Zendesk-Webhook-Invocation-Id}"),
        // Atlassian: the number of the attempt.
        "x-atlassian-webhook-retry": .attempt(instead: "${header.X-Atlassian-Webhook-Identifier}"),
        // Slack: the number of the attempt.
        "x-slack-retry-num": .attempt(instead: "${body.event_id}"),
    ]

    /// Providers without delivery ids, by the header of their signature.
    private static let withoutID: [HeaderName: String] = [
        "x-zm-signature": "Zoom", "x-airtable-content-mac": "Airtable", "x-dropbox-signature": "Dropbox",
        "x-hook-signature": "Asana",
        "calendly-webhook-signature": "Calendly", "x-twitter-webhooks-signature": "X", "plaid-verification": "Plaid",
    ]

    /// The headers of the route's signature.
    let signatureHeaders: [HeaderName]

    /// Warns of a key that is generated for each request, so that it is never the same twice.
    ///
    /// - Returns: whether it warned.
    func warn(
        ofChanging key: UniqueKeyTemplate, event: TextTemplate?, at position: YAMLPosition, in context: FileContext
    ) -> Bool {
        let references = key.references.flatMap { $0.behind(event) }
        guard let changing = references.first(where: \.source.changesWithEachRequest) else { return false }
        context.warning(
            position,
            "the unique key uses \(changing.source.noun), which is different for each request: a repeated delivery is "
                + "never a duplicate; use a value that the sender repeats, such as a field of the body")
        return true
    }

    /// Warns of a key that uses such a header.
    func warn(of key: UniqueKeyTemplate, at position: YAMLPosition, in context: FileContext) {
        let headers = key.references.compactMap { if case .header(let name) = $0.source { name } else { nil } }
        for name in headers {
            if let complaint = complaint(about: name, isAlone: headers.count == key.references.count, key) {
                context.warning(position, "the unique key uses the header \(name), \(complaint)")
            }
        }
        guard let provider = signatureHeaders.compactMap({ Self.withoutID[$0] }).first, !headers.isEmpty else { return }
        context.warning(
            position, "\(provider) sends no header with a delivery id; use ${sha256.body} as the unique key")
    }

    /// Warns of a key that is only the digest of the body, if all requests have the same, empty one.
    func warn(ofEmpty key: UniqueKeyTemplate, methods: [String], at position: YAMLPosition, in context: FileContext) {
        guard methods.allSatisfy({ ["GET", "HEAD", "OPTIONS"].contains($0) }),
            !key.references.isEmpty, key.references.allSatisfy({ $0.source == .bodyDigest(.root) })
        else { return }
        context.warning(
            position,
            "the unique key is only the digest of the body, and requests with \(methods.joined(separator: " or ")) "
                + "have an empty body: all but the first would be dropped; add a query parameter or a header")
    }

    private func complaint(about name: HeaderName, isAlone: Bool, _ key: UniqueKeyTemplate) -> String? {
        switch Self.traps[name] {
        case .subscription(let instead):
            guard isAlone else { return nil }
            return
                "which identifies the subscription and is the same in every delivery: all but the first would be "
                + "dropped; use \(instead)"
        case .shared(let instead):
            guard isAlone else { return nil }
            return "which several deliveries of one event share: all but the first would be dropped; use \(instead)"
        case .attempt(let instead):
            return "which counts attempts: a retry would be accepted as new; use \(instead)"
        case .collides:
            guard !key.references.contains(where: \.source.isDigest) else { return nil }
            return
                "which two deliveries in the same second share: one would be dropped; use [ \"${header.\(name)}\", "
                + "\"${sha256.body}\" ]"
        case nil:
            guard name.description.hasSuffix("-timestamp") else { return nil }
            return "which is a time and not a delivery id: two deliveries can share it, and a retry has another one"
        }
    }
}

extension ReferenceSource {
    /// Whether the gateway generates the value for each request, including repeated ones.
    fileprivate var changesWithEachRequest: Bool {
        switch self {
        case .request(let value): value.row.isNewEachTime
        default: false
        }
    }

    /// Whether it distinguishes bodies.
    fileprivate var isDigest: Bool {
        switch self {
        case .bodyDigest, .itemDigest: true
        default: false
        }
    }
}
