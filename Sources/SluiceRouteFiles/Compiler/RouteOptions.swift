package import SluiceBase
package import SluiceRoutes

/// What the settings say about every route.
package struct RouteOptions: Sendable {
    /// `limits.body`: where neither the route nor its provider says; 10 MiB.
    package var bodyLimit = ByteCount.mebibytes(10)
    /// `outbox.dedupe_window`; 7 days.
    package var dedupeWindow = Duration.seconds(7 * 86_400)
    /// `limits.memory`, where it is known.
    package var memory: ByteCount?
    /// `public_url`
    package var publicURL: PublicURL?
    /// `--allow-inline-secrets`
    package var allowsInlineSecrets = false
    /// Where secrets come from: for examples they are made up.
    package var secrets = SecretSupply.configured

    package init() {}
}
