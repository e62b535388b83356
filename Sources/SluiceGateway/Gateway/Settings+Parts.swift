internal import Logging
internal import SluiceBase
internal import SluiceHTTP
internal import SluiceOutbox
package import SluiceRoutes

/// The settings in the terms of the parts that they are for.
extension OutboxConfiguration {
    init(_ settings: Settings) {
        self.init(path: settings.outbox.path)
        maximumBytes = settings.outbox.maxBytes
        maximumDeadBytes = settings.outbox.maxDeadBytes
        maximumKeys = settings.outbox.maxKeys
        keepDelivered = settings.outbox.keepDelivered
        keepDeliveredBytes = settings.outbox.keepDeliveredBytes
        commitDeadline = settings.limits.commit
    }
}

extension HTTPLimits {
    init(_ limits: Settings.Limits) {
        self.init()
        headTime = limits.head
        bodyTime = limits.bodyTime
        idleTime = limits.idle
        writeTime = limits.write
    }
}

extension HTTPServerConfiguration {
    /// For the listeners that people and machines of the house use: few connections and little memory of their own, so
    /// that a flood of deliveries cannot take them away.
    static func small() -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration(memory: MemoryBudget(limit: .mebibytes(16)))
        configuration.maximumConnections = 256
        return configuration
    }
}

extension RouteOptions {
    /// What the settings say of every route.
    ///
    /// - Parameter allowsInlineSecrets: whether route files may hold secrets themselves.
    package init(_ settings: Settings, allowsInlineSecrets: Bool) {
        self.init()
        bodyLimit = settings.limits.body
        memory = settings.limits.memory
        dedupeWindow = settings.outbox.dedupeWindow
        publicURL = settings.publicURL.flatMap { PublicURL(parsing: $0.description) }
        self.allowsInlineSecrets = allowsInlineSecrets
    }
}

extension Settings {
    func certificateKeeper(_ time: any TimeSource, _ logger: Logger) throws(StartupError) -> CertificateKeeper? {
        guard https != .off, let certificate = tls.certificate, let key = tls.key else { return nil }
        return try CertificateKeeper(certificatePath: certificate, keyPath: key, time: time, logger: logger)
    }
}

extension OutboxCondition {
    /// The word with which `/readyz` says why nothing can be stored; nothing where it can.
    var reasonNotReady: String? {
        switch self {
        case .storing: nil
        case .full: "outbox_full"
        case .diskFull: "disk_full"
        case .failing: "outbox_failing"
        }
    }
}
