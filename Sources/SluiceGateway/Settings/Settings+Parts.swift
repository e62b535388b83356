internal import SluiceBase
internal import SluiceHTTP
internal import SluiceOutbox
package import SluiceRouteFiles
internal import SluiceRoutes

/// The settings as configurations of the parts.
extension OutboxConfiguration {
    init(_ settings: Settings) {
        self.init(path: settings.outbox.path)
        maximumBytes = settings.outbox.maxBytes
        maximumDeadBytes = settings.outbox.maxDeadBytes
        maximumQuarantineBytes = settings.outbox.maxQuarantineBytes
        maximumKeys = settings.outbox.maxKeys
        keepDelivered = settings.outbox.keepDelivered
        keepDeliveredBytes = settings.outbox.keepDeliveredBytes
        commitDeadline = settings.limits.commit
    }
}

extension OutboxReader {
    /// A connection to the outbox of these settings, opened.
    ///
    /// - Parameter onDamage: called with the error when unreadable jobs are skipped.
    static func open(
        _ settings: Settings, onDamage: (@Sendable (SQLiteError) -> Void)? = nil
    ) throws(StartupError) -> sending OutboxReader {
        do throws(OutboxError) {
            return try OutboxReader(OutboxConfiguration(settings), onDamage: onDamage)
        } catch {
            throw StartupError(.unavailable, "\(settings.outbox.path) cannot be read: \(error)")
        }
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

extension RouteOptions {
    /// The settings that apply to every route.
    ///
    /// - Parameter allowsInlineSecrets: whether route files may contain secrets.
    package init(_ settings: Settings, allowsInlineSecrets: Bool) {
        self.init()
        bodyLimit = settings.limits.body
        memory = settings.limits.memory
        dedupeWindow = settings.outbox.dedupeWindow
        publicURL = settings.publicURL.flatMap { PublicURL(parsing: $0.description) }
        self.allowsInlineSecrets = allowsInlineSecrets
    }
}

extension OutboxCondition {
    /// The reason in `/readyz` why nothing can be stored; `nil` if it can.
    var reasonNotReady: String? {
        switch self {
        case .storing: nil
        case .full: "outbox_full"
        case .diskFull: "disk_full"
        case .failing: "outbox_failing"
        }
    }
}
