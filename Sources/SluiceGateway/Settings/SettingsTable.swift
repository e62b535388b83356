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
        Setting("https", .listeners, \.https, .listener, "The public listener"),
        Setting(
            "tls.certificate", .listeners, \.tls.certificate, .path(pem),
            "Certificate and chain of the public listener; required while `https` is on (`sluice dev` makes its own); "
                + "read again at each reload"
        ),
        Setting(
            "tls.key", .listeners, \.tls.key, .path(pem),
            "The private key of the certificate; required while `https` is on"),
        Setting(
            "http", .listeners, \.http, .listener, "A listener without TLS, for use behind an ingress that ends TLS"),
        Setting(
            "admin", .listeners, \.admin, .listener,
            "GET `/healthz`, `/readyz` and `/metrics`; nothing that changes anything (the container image sets "
                + "`0.0.0.0:9464`)"
        ),
        Setting(
            "trusted_proxies", .listeners, \.trustedProxies, .addressBlocks,
            "Whose `X-Forwarded-For` is believed: the right-most address in it that is not trusted counts as the "
                + "sender's"
        ),
    ]

    private static let routes: [Setting] = [
        Setting("routes", .routes, \.routes, .path("folder", placeholder: "FOLDER"), "Where the route files are"),
        Setting(
            "public_url", .routes, \.publicURL, .publicServer,
            "How providers see this service; some of them sign the URL"),
        Setting(
            "threads", .routes, \.threads, .number(1...256), "Event loops, each on a thread of its own",
            defaultNote: "processors by affinity and cgroup quota"),
    ]

    private static let outbox: [Setting] = [
        Setting(
            "outbox.path", .outbox, \.outbox.path, .path("file"),
            "The SQLite outbox (the container image sets `/var/lib/sluice/outbox.db`)"
        ),
        Setting(
            "outbox.max_bytes", .outbox, \.outbox.maxBytes, .size(.mebibytes(64)),
            "Undelivered jobs, dead letters and kept requests together; above it requests are answered 503"),
        Setting(
            "outbox.max_dead_bytes", .outbox, \.outbox.maxDeadBytes, .size(.mebibytes(1)),
            "Dead letters and their requests, a part of `outbox.max_bytes`; above it deliveries that would become "
                + "dead letters are answered 503",
            defaultNote: "a quarter of `outbox.max_bytes`"),
        Setting(
            "outbox.max_keys", .outbox, \.outbox.maxKeys, .number(1000...Int.max),
            "Remembered unique keys; over it the oldest go first, with an alarm"),
        Setting(
            "outbox.dedupe_window", .outbox, \.outbox.dedupeWindow, .duration(.seconds(60) ... .days(90)),
            "How long a unique key is remembered"),
        Setting(
            "outbox.keep_delivered", .outbox, \.outbox.keepDelivered, .duration(.zero ... .days(30)),
            "How long delivered jobs stay, with their ids at Zizq"),
        Setting(
            "outbox.keep_delivered_bytes", .outbox, \.outbox.keepDeliveredBytes, .size(ByteCount(bytes: 0)),
            "Delivered jobs and requests kept with them never take more than this"),
    ]

    private static let zizq: [Setting] = [
        Setting("zizq.url", .zizq, \.zizq.url, .server, "The queue server"),
        Setting(
            "zizq.ca", .zizq, \.zizq.ca, .path(pem), "A private authority that the server's certificate may come from"),
        Setting(
            "zizq.certificate", .zizq, \.zizq.certificate, .path(pem),
            "The gateway's own certificate, where the server asks for one"),
        Setting("zizq.key", .zizq, \.zizq.key, .path(pem), "That certificate's private key"),
        Setting("zizq.batch_jobs", .zizq, \.zizq.batchJobs, .number(1...10_000), "Jobs in one bulk enqueue, at most"),
        Setting(
            "zizq.batch_bytes", .zizq, \.zizq.batchBytes, .size(.kibibytes(64), .mebibytes(64)),
            "Bytes in one bulk enqueue, at most; a larger job goes alone"),
        Setting(
            "zizq.timeout", .zizq, \.zizq.timeout, .duration(.seconds(1) ... .seconds(600)),
            "How long an answer may take"),
        Setting(
            "zizq.headers_file", .zizq, \.zizq.headersFile, .path("file of `Name: value` lines"),
            "Headers that are sent along, a proxy's token for one"),
        Setting("zizq.concurrency", .zizq, \.zizq.concurrency, .number(1...16), "Batches in flight at once"),
        Setting(
            "zizq.unique_keys", .zizq, \.zizq.uniqueKeys, .word,
            "Whether `unique_key` is sent along; `auto` stops when the server has no licence for it"),
    ]

    private static let limits: [Setting] = [
        Setting(
            "limits.body", .limits, \.limits.body, .size(.kibibytes(1), .mebibytes(100)),
            "The largest body; a route's `body_limit` goes before it"),
        Setting(
            "limits.connections", .limits, \.limits.connections, .number(1...1_000_000),
            "Connections open at once; at this number a new one takes the place of one without an accepted request"),
        Setting(
            "limits.head", .limits, \.limits.head, .duration(shortWait),
            "To complete a request head, and the TLS handshake"),
        Setting(
            "limits.body_time", .limits, \.limits.bodyTime, .duration(.milliseconds(100) ... .seconds(3600)),
            "To complete a body"),
        Setting(
            "limits.idle", .limits, \.limits.idle, .duration(.seconds(1) ... .seconds(3600)),
            "A connection without a request"),
        Setting("limits.write", .limits, \.limits.write, .duration(shortWait), "For a sender to take its answer"),
        Setting(
            "limits.commit", .limits, \.limits.commit, .duration(.milliseconds(100) ... .seconds(60)),
            "From a request being received to being inside a transaction, else 503"),
        Setting(
            "limits.memory", .limits, \.limits.memory, .size(.mebibytes(16)),
            "Bodies, pending commits and unsent answers together, else 503"),
        Setting(
            "limits.connections_per_address", .limits, \.limits.connectionsPerAddress, .number(0...Int.max),
            "Connections open at once from one address or IPv6 /64, `trusted_proxies` excepted; 0 is no limit"),
        Setting(
            "limits.drain", .limits, \.limits.drain, .duration(.zero ... .seconds(300)),
            "To serve on after SIGTERM, while load balancers look away"),
        Setting(
            "limits.shutdown", .limits, \.limits.shutdown, .duration(.zero ... .seconds(600)),
            "To drain, finish and flush, together"),
    ]

    private static let shortWait: ClosedRange<Duration> = .milliseconds(100) ... .seconds(300)

    private static let logging: [Setting] = [
        Setting("log.level", .logging, \.log.level, .word, "The least grave records that are written"),
        Setting("log.format", .logging, \.log.format, .word, "`auto` is text on a terminal and JSON elsewhere"),
    ]
}

extension Duration {
    fileprivate static func days(_ count: Int) -> Duration { .seconds(count * 86400) }
}
