package import Logging
package import SluiceBase
package import SluiceRelay

/// All settings, with the defaults of `sluice serve`. `SettingsTable` has the key, format and meaning of each member;
/// `Settings+Validation.swift` has the rules between them.
package struct Settings: Sendable, Equatable {
    package var https = ListenerSetting.at(PeerAddress(ipv4: (0, 0, 0, 0), port: 8443))
    package var http = ListenerSetting.off
    package var admin = ListenerSetting.at(PeerAddress(ipv4: (127, 0, 0, 1), port: 9464))
    package var tls = TLS()
    /// The addresses whose `X-Forwarded-For` is trusted.
    package var trustedProxies: [AddressBlock] = []
    package var routes = "routes"
    package var routesGrace = Duration.seconds(30)
    package var publicURL: ServerURL?
    /// The number of event loops; `nil`: that of `ProcessorCount`.
    package var threads: Int?
    package var outbox = Outbox()
    package var zizq = QueueServer()
    package var limits = Limits()
    package var log = Log()

    package init() {}

    /// The certificate of the `https` listener, as paths of PEM files.
    package struct TLS: Sendable, Equatable {
        package var certificate: String?
        package var key: String?
    }

    /// The SQLite file and its limits.
    package struct Outbox: Sendable, Equatable {
        package var path = "sluice.db"
        package var maxBytes = ByteCount.gibibytes(10)
        /// `nil`: a quarter of `maxBytes`.
        package var maxDeadBytes: ByteCount?
        package var maxQuarantineBytes = ByteCount.mebibytes(256)
        package var maxKeys = 100_000_000
        package var dedupeWindow = Duration.seconds(7 * 86400)
        package var keepDelivered = Duration.seconds(3600)
        package var keepDeliveredBytes = ByteCount.gibibytes(1)
    }

    /// The queue server, and the size of batches.
    package struct QueueServer: Sendable, Equatable {
        package var url = ServerURL(scheme: .http, host: "127.0.0.1", port: 7890)
        package var ca: String?
        package var certificate: String?
        package var key: String?
        package var batchJobs = 1000
        package var batchBytes = ByteCount.mebibytes(8)
        package var timeout = Duration.seconds(30)
        package var headersFile: String?
        package var concurrency = 1
        package var uniqueKeys = UniqueKeyPolicy.auto
    }

    /// The limits of one sender, and of all of them together.
    package struct Limits: Sendable, Equatable {
        package var body = ByteCount.mebibytes(10)
        package var connections = 10_000
        package var head = Duration.seconds(10)
        package var bodyTime = Duration.seconds(30)
        package var idle = Duration.seconds(75)
        package var write = Duration.seconds(10)
        package var commit = Duration.seconds(5)
        package var memory = ByteCount.mebibytes(256)
        /// 0: no limit.
        package var connectionsPerAddress = 256
        package var drain = Duration.seconds(5)
        package var shutdown = Duration.seconds(25)
    }

    /// The settings `log.…`.
    package struct Log: Sendable, Equatable {
        package var level = Logger.Level.info
        package var format = LogFormat.auto
    }
}

extension Settings {
    /// The defaults of `sluice dev`: only on this machine, all files under `.sluice/`, no drain and no grace time.
    package static var development: Settings {
        var settings = Settings()
        settings.https = .at(PeerAddress(ipv4: (127, 0, 0, 1), port: 8443))
        settings.tls.certificate = ".sluice/certificate.pem"
        settings.tls.key = ".sluice/key.pem"
        settings.outbox.path = ".sluice/outbox.db"
        settings.limits.drain = .zero
        settings.routesGrace = .zero
        // Deliveries are shown anyway.
        settings.log.level = .warning
        return settings
    }
}

/// The format of log records.
package enum LogFormat: String, CaseIterable, Sendable {
    /// One JSON object per line.
    case json
    /// One line for people.
    case text
    /// Text on a terminal, otherwise JSON.
    case auto
}

/// The address of a listener, or that it is off.
package enum ListenerSetting: Sendable, Hashable {
    case off
    /// A numeric address and a port; port 0 lets the system choose one.
    case at(PeerAddress)

    /// Parses `ADDRESS:PORT`, `[ADDRESS]:PORT` or `off`; `nil` for anything else, including host names, because their
    /// address can change between two starts.
    package init?(parsing text: String) {
        if text == "off" {
            self = .off
        } else if let address = PeerAddress(parsing: text) {
            self = .at(address)
        } else {
            return nil
        }
    }

    /// The address; `nil` when it is off.
    package var address: PeerAddress? {
        switch self {
        case .off: nil
        case .at(let address): address
        }
    }
}

extension ListenerSetting: CustomStringConvertible {
    package var description: String { address?.hostAndPort ?? "off" }
}
