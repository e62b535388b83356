package import SluiceBase

/// What a gateway is started with.
package struct GatewayConfiguration: Sendable {
    package var settings: SettingsInForce
    /// The process's own, or with additions: where routes find the secrets that they name by `env:`.
    package var environment: [String: String]
    /// Whether route files may hold secrets themselves.
    package var allowsInlineSecrets = false
    /// The key of each secret whose environment variable is not set; `nil` where that is a mistake, as it is but for
    /// trying out.
    package var secretStandIn: String?
    /// Whether the outbox may lie on a network file system.
    package var allowsNetworkFilesystem = false
    package var time: any TimeSource = SystemTime()
    /// Where log records go, for the counts that it keeps; nothing where somebody else's log is used.
    package var log: LogOutput?
    /// Called for each thing that happens to a delivery; for a person at a terminal.
    package var show: (@Sendable (DeliveryJournal.Entry) -> Void)?

    package init(settings: SettingsInForce, environment: [String: String]) {
        self.settings = settings
        self.environment = environment
    }
}
