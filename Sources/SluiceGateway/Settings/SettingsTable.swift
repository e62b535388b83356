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
            "Certificate and chain of the public listener; required if `https` is on (`sluice dev` creates its own); "
                + "reloaded when it changes"
        ),
        Setting(
            "tls.key", .listeners, \.tls.key, .path(pem),
            "Private key of the certificate; required if `https` is on"),
        Setting(
            "http", .listeners, \.http, .listener, "Listener without TLS, for use behind a proxy that terminates TLS"),
        Setting(
            "admin", .listeners, \.admin, .listener,
            "Listener for GET `/healthz`, `/readyz` and `/metrics`; it changes nothing (the container image sets "
                + "`0.0.0.0:9464`)"
        ),
        Setting(
            "trusted_proxies", .listeners, \.trustedProxies, .addressBlocks,
            "Proxies whose `X-Forwarded-For` is trusted: the right-most address in it that is not trusted is the "
                + "sender's address"
        ),
    ]

    private static let routes: [Setting] = [
        Setting("routes", .routes, \.routes, .path("folder", placeholder: "FOLDER"), "Folder with the route files"),
        Setting(
            "public_url", .routes, \.publicURL, .publicServer,
            "URL of this service as providers know it; some of them sign the URL"),
        Setting(
            "threads", .routes, \.threads, .number(1...256), "Number of event loops, each on its own thread",
            defaultNote: "processors by affinity and cgroup quota"),
    ]

    private static let outbox: [Setting] = [
        Setting(
            "outbox.path", .outbox, \.outbox.path, .path("file"),
            "The SQLite outbox (the container image sets `/var/lib/sluice/outbox.db`)"
        ),
        Setting(
            "outbox.max_bytes", .outbox, \.outbox.maxBytes, .size(.mebibytes(64)),
            "Limit for undelivered jobs, dead letters and kept requests together; above it, requests are answered 503"),
        Setting(
            "outbox.max_dead_bytes", .outbox, \.outbox.maxDeadBytes, .size(.mebibytes(1)),
            "Limit for dead letters and their requests, part of `outbox.max_bytes`; above it, deliveries that would "
                + "become dead letters are answered 503",
            defaultNote: "a quarter of `outbox.max_bytes`"),
        Setting(
            "outbox.max_keys", .outbox, \.outbox.maxKeys, .number(1000...Int.max),
            "Maximum number of remembered unique keys; above it, the oldest are dropped, with an alarm"),
        Setting(
            "outbox.dedupe_window", .outbox, \.outbox.dedupeWindow, .duration(.seconds(60) ... .days(90)),
            "How long a unique key is remembered"),
        Setting(
            "outbox.keep_delivered", .outbox, \.outbox.keepDelivered, .duration(.zero ... .days(30)),
            "How long delivered jobs are kept, with their Zizq ids"),
        Setting(
            "outbox.keep_delivered_bytes", .outbox, \.outbox.keepDeliveredBytes, .size(ByteCount(bytes: 0)),
            "Limit for delivered jobs and the requests kept with them"),
    ]

    private static let zizq: [Setting] = [
        Setting("zizq.url", .zizq, \.zizq.url, .server, "The queue server"),
        Setting(
            "zizq.ca", .zizq, \.zizq.ca, .path(pem), "Additional certificate authority for the server's certificate"),
        Setting(
            "zizq.certificate", .zizq, \.zizq.certificate, .path(pem),
            "Client certificate, if the server requests one"),
        Setting("zizq.key", .zizq, \.zizq.key, .path(pem), "Private key of the client certificate"),
        Setting(
            "zizq.batch_jobs", .zizq, \.zizq.batchJobs, .number(1...10_000),
            "Maximum number of jobs in one bulk enqueue"),
        Setting(
            "zizq.batch_bytes", .zizq, \.zizq.batchBytes, .size(.kibibytes(64), .mebibytes(64)),
            "Maximum size of one bulk enqueue; a larger job is sent alone"),
        Setting(
            "zizq.timeout", .zizq, \.zizq.timeout, .duration(.seconds(1) ... .seconds(600)),
            "Timeout for an answer"),
        Setting(
            "zizq.headers_file", .zizq, \.zizq.headersFile, .path("file of `Name: value` lines"),
            "Additional request headers, such as a token for a proxy"),
        Setting("zizq.concurrency", .zizq, \.zizq.concurrency, .number(1...16), "Number of concurrent batches"),
        Setting(
            "zizq.unique_keys", .zizq, \.zizq.uniqueKeys, .word,
            "Whether to send `unique_key`; `auto` stops if the server has no licence for it"),
    ]

    private static let limits: [Setting] = [
        Setting(
            "limits.body", .limits, \.limits.body, .size(.kibibytes(1), .mebibytes(100)),
            "Maximum body size; a route's `body_limit` overrides it"),
        Setting(
            "limits.connections", .limits, \.limits.connections, .number(1...1_000_000),
            "Maximum number of open connections; a new one then replaces one without an accepted request"),
        Setting(
            "limits.head", .limits, \.limits.head, .duration(shortWait),
            "Timeout for a request head, including the TLS handshake"),
        Setting(
            "limits.body_time", .limits, \.limits.bodyTime, .duration(.milliseconds(100) ... .seconds(3600)),
            "Timeout for a body"),
        Setting(
            "limits.idle", .limits, \.limits.idle, .duration(.seconds(1) ... .seconds(3600)),
            "Timeout for a connection without a request"),
        Setting(
            "limits.write", .limits, \.limits.write, .duration(shortWait), "Timeout for a sender to read its answer"),
        Setting(
            "limits.commit", .limits, \.limits.commit, .duration(.milliseconds(100) ... .seconds(60)),
            "Timeout from receiving a request to its transaction; then 503"),
        Setting(
            "limits.memory", .limits, \.limits.memory, .size(.mebibytes(16)),
            "Limit for bodies, pending commits and unsent answers together; then 503"),
        Setting(
            "limits.connections_per_address", .limits, \.limits.connectionsPerAddress, .number(0...Int.max),
            "Maximum number of connections from one address or IPv6 /64, except `trusted_proxies`; 0 means no limit"),
        Setting(
            "limits.drain", .limits, \.limits.drain, .duration(.zero ... .seconds(300)),
            "How long to keep serving after SIGTERM so that load balancers can drain"),
        Setting(
            "limits.shutdown", .limits, \.limits.shutdown, .duration(.zero ... .seconds(600)),
            "Time to drain, finish requests and send jobs, in total"),
    ]

    private static let shortWait: ClosedRange<Duration> = .milliseconds(100) ... .seconds(300)

    private static let logging: [Setting] = [
        Setting("log.level", .logging, \.log.level, .word, "Minimum log level"),
        Setting("log.format", .logging, \.log.format, .word, "`auto` is text on a terminal and JSON elsewhere"),
    ]
}

extension Duration {
    fileprivate static func days(_ count: Int) -> Duration { .seconds(count * 86400) }
}
