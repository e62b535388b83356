internal import Logging
internal import SluiceBase

/// Every setting there is. The file's keys, the environment's variables, the command line's options, what
/// `--print-settings` prints and `docs/reference/settings.md` are all made from this table; the defaults stand in
/// `Settings`.
package enum SettingsTable {
    /// In the order in which they are shown.
    package static let all: [Setting] = listeners + routes + outbox + zizq + limits + logging

    /// The setting with this key.
    package static func setting(_ key: String) -> Setting? { byKey[key] }

    private static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    private static let pem = "PEM file"

    private static let listeners: [Setting] = [
        Setting("https", \.https, in: .listeners, form: .listener, meaning: "The public listener"),
        Setting(
            "tls.certificate", \.tls.certificate, in: .listeners, form: .path(pem),
            meaning:
                "Certificate and chain of the public listener; required while `https` is on (`sluice dev` makes its "
                + "own); read again at each reload"),
        Setting(
            "tls.key", \.tls.key, in: .listeners, form: .path(pem),
            meaning: "The private key of the certificate; required while `https` is on"),
        Setting(
            "http", \.http, in: .listeners, form: .listener,
            meaning: "A listener without TLS, for use behind an ingress that ends TLS"),
        Setting(
            "admin", \.admin, in: .listeners, form: .listener,
            meaning:
                "GET `/healthz`, `/readyz` and `/metrics`; nothing that changes anything (the container image sets "
                + "`0.0.0.0:9464`)"),
        Setting(
            "trusted_proxies", \.trustedProxies, in: .listeners, form: .addressBlocks,
            meaning:
                "Whose `X-Forwarded-For` is believed: the right-most address in it that is not trusted counts as the "
                + "sender's"),
    ]

    private static let routes: [Setting] = [
        Setting(
            "routes", \.routes, in: .routes, form: .path("folder", placeholder: "FOLDER"),
            meaning: "Where the route files are"),
        Setting(
            "public_url", \.publicURL, in: .routes, form: .publicServer,
            meaning: "How providers see this service; some of them sign the URL"),
        Setting(
            "threads", \.threads, in: .routes, form: .number(1...256),
            meaning: "Event loops, each on a thread of its own",
            defaultNote: "processors by affinity and cgroup quota"),
    ]

    private static let outbox: [Setting] = [
        Setting(
            "outbox.path", \.outbox.path, in: .outbox, form: .path("file"),
            meaning: "The SQLite outbox (the container image sets `/var/lib/sluice/outbox.db`)"),
        Setting(
            "outbox.max_bytes", \.outbox.maxBytes, in: .outbox, form: .size(.mebibytes(64)),
            meaning: "Undelivered jobs, dead letters and kept requests together; above it requests are answered 503"),
        Setting(
            "outbox.max_dead_bytes", \.outbox.maxDeadBytes, in: .outbox, form: .size(.mebibytes(1)),
            meaning:
                "Dead letters and their requests, a part of `outbox.max_bytes`; above it deliveries that would become "
                + "dead letters are answered 503", defaultNote: "a quarter of `outbox.max_bytes`"),
        Setting(
            "outbox.max_keys", \.outbox.maxKeys, in: .outbox, form: .number(1000...Int.max),
            meaning: "Remembered unique keys; over it the oldest go first, with an alarm"),
        Setting(
            "outbox.dedupe_window", \.outbox.dedupeWindow, in: .outbox, form: .duration(.seconds(60) ... .days(90)),
            meaning: "How long a unique key is remembered"),
        Setting(
            "outbox.keep_delivered", \.outbox.keepDelivered, in: .outbox, form: .duration(.zero ... .days(30)),
            meaning: "How long delivered jobs stay, with their ids at Zizq"),
        Setting(
            "outbox.keep_delivered_bytes", \.outbox.keepDeliveredBytes, in: .outbox, form: .size(ByteCount(bytes: 0)),
            meaning: "Delivered jobs and requests kept with them never take more than this"),
    ]

    private static let zizq: [Setting] = [
        Setting("zizq.url", \.zizq.url, in: .zizq, form: .server, meaning: "The queue server"),
        Setting(
            "zizq.ca", \.zizq.ca, in: .zizq, form: .path(pem),
            meaning: "A private authority that the server's certificate may come from"),
        Setting(
            "zizq.certificate", \.zizq.certificate, in: .zizq, form: .path(pem),
            meaning: "The gateway's own certificate, where the server asks for one"),
        Setting("zizq.key", \.zizq.key, in: .zizq, form: .path(pem), meaning: "That certificate's private key"),
        Setting(
            "zizq.batch_jobs", \.zizq.batchJobs, in: .zizq, form: .number(1...10_000),
            meaning: "Jobs in one bulk enqueue, at most"),
        Setting(
            "zizq.batch_bytes", \.zizq.batchBytes, in: .zizq, form: .size(.kibibytes(64), .mebibytes(64)),
            meaning: "Bytes in one bulk enqueue, at most; a larger job goes alone"),
        Setting(
            "zizq.timeout", \.zizq.timeout, in: .zizq, form: .duration(.seconds(1) ... .seconds(600)),
            meaning: "How long an answer may take"),
        Setting(
            "zizq.headers_file", \.zizq.headersFile, in: .zizq, form: .path("file of `Name: value` lines"),
            meaning: "Headers that are sent along, a proxy's token for one"),
        Setting(
            "zizq.concurrency", \.zizq.concurrency, in: .zizq, form: .number(1...16),
            meaning: "Batches in flight at once"),
        Setting(
            "zizq.unique_keys", \.zizq.uniqueKeys, in: .zizq, form: .word,
            meaning: "Whether `unique_key` is sent along; `auto` stops when the server has no licence for it"),
    ]

    private static let limits: [Setting] = [
        Setting(
            "limits.body", \.limits.body, in: .limits, form: .size(.kibibytes(1), .mebibytes(100)),
            meaning: "The largest body; a route's `body_limit` goes before it"),
        Setting(
            "limits.connections", \.limits.connections, in: .limits, form: .number(1...1_000_000),
            meaning:
                "Connections open at once; at this number a new one takes the place of one without an accepted "
                + "request"),
        Setting(
            "limits.head", \.limits.head, in: .limits, form: .duration(shortWait),
            meaning: "To complete a request head, and the TLS handshake"),
        Setting(
            "limits.body_time", \.limits.bodyTime, in: .limits, form: .duration(.milliseconds(100) ... .seconds(3600)),
            meaning: "To complete a body"),
        Setting(
            "limits.idle", \.limits.idle, in: .limits, form: .duration(.seconds(1) ... .seconds(3600)),
            meaning: "A connection without a request"),
        Setting(
            "limits.write", \.limits.write, in: .limits, form: .duration(shortWait),
            meaning: "For a sender to take its answer"),
        Setting(
            "limits.commit", \.limits.commit, in: .limits, form: .duration(.milliseconds(100) ... .seconds(60)),
            meaning: "From a request being received to being inside a transaction, else 503"),
        Setting(
            "limits.memory", \.limits.memory, in: .limits, form: .size(.mebibytes(16)),
            meaning: "Bodies, pending commits and unsent answers together, else 503"),
        Setting(
            "limits.connections_per_address", \.limits.connectionsPerAddress, in: .limits, form: .number(0...Int.max),
            meaning:
                "Connections open at once from one address or IPv6 /64, `trusted_proxies` excepted; 0 is no limit"),
        Setting(
            "limits.drain", \.limits.drain, in: .limits, form: .duration(.zero ... .seconds(300)),
            meaning: "To serve on after SIGTERM, while load balancers look away"),
        Setting(
            "limits.shutdown", \.limits.shutdown, in: .limits, form: .duration(.zero ... .seconds(600)),
            meaning: "To drain, finish and flush, together"),
    ]

    private static let shortWait: ClosedRange<Duration> = .milliseconds(100) ... .seconds(300)

    private static let logging: [Setting] = [
        Setting(
            "log.level", \.log.level, in: .logging, form: .word, meaning: "The least grave records that are written"),
        Setting(
            "log.format", \.log.format, in: .logging, form: .word,
            meaning: "`auto` is text on a terminal and JSON elsewhere"),
    ]
}

extension Duration {
    fileprivate static func days(_ count: Int) -> Duration { .seconds(count * 86400) }
}
