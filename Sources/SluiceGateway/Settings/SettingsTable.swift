internal import Logging
internal import SluiceBase

/// All settings. The keys of the file, the variables of the environment, the options of the command line, the output of
/// `--print-settings` and `docs/reference/settings.md` are generated from this table; `Settings` has the defaults.
package enum SettingsTable {
    /// In the order of the output.
    package static let all: [Setting] = listeners + routes + outbox + zizq + limits + logging

    /// The setting with this key.
    package static func setting(_ key: String) -> Setting? { byKey[key] }

    private static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    private static let pem = "PEM file"

    private static let listeners: [Setting] = [
        Setting("https", \.https, in: .listeners, format: .listener, meaning: "The public listener"),
        Setting(
            "tls.certificate", \.tls.certificate, in: .listeners, format: .path(pem),
            meaning:
                "Certificate and chain of the public listener; required if `https` is on (`sluice dev` creates its "
                + "own); reloaded when it changes"),
        Setting(
            "tls.key", \.tls.key, in: .listeners, format: .path(pem),
            meaning: "Private key of the certificate; required if `https` is on"),
        Setting(
            "http", \.http, in: .listeners, format: .listener,
            meaning: "Listener without TLS, for use behind a proxy that terminates TLS"),
        Setting(
            "admin", \.admin, in: .listeners, format: .listener,
            meaning:
                "Listener for GET `/healthz`, `/readyz` and `/metrics`; it changes nothing (the container image sets "
                + "`0.0.0.0:9464`)"),
        Setting(
            "trusted_proxies", \.trustedProxies, in: .listeners, format: .addressBlocks,
            meaning:
                "Proxies whose `X-Forwarded-For` is trusted: the right-most address in it that is not trusted is the "
                + "sender's address. At most 32 are read, from the right"),
    ]

    private static let routes: [Setting] = [
        Setting(
            "routes", \.routes, in: .routes, format: .path("folder", placeholder: "FOLDER"),
            meaning: "Folder with the route files"),
        Setting(
            "routes_grace", \.routesGrace, in: .routes, format: .duration(.zero ... .seconds(600)),
            meaning: "How long to keep the routes of a deleted route file; `sluice reload` removes them immediately"),
        Setting(
            "public_url", \.publicURL, in: .routes, format: .publicServer,
            meaning: "URL of this service as providers know it; some of them sign the URL"),
        Setting(
            "threads", \.threads, in: .routes, format: .number(1...256),
            meaning: "Number of event loops, each on its own thread",
            defaultNote: "processors by affinity and cgroup quota"),
    ]

    private static let outbox: [Setting] = [
        Setting(
            "outbox.path", \.outbox.path, in: .outbox, format: .path("file"),
            meaning: "The SQLite outbox (the container image sets `/var/lib/sluice/outbox.db`)"),
        Setting(
            "outbox.max_bytes", \.outbox.maxBytes, in: .outbox, format: .size(.mebibytes(64)),
            meaning:
                "Limit for undelivered jobs, dead letters and kept requests together; above it, requests are answered "
                + "503"
        ),
        Setting(
            "outbox.max_dead_bytes", \.outbox.maxDeadBytes, in: .outbox, format: .size(.mebibytes(1)),
            meaning:
                "Limit for dead letters and their requests, part of `outbox.max_bytes`; above it, deliveries that "
                + "would become dead letters are answered 503", defaultNote: "a quarter of `outbox.max_bytes`"),
        Setting(
            "outbox.max_quarantine_bytes", \.outbox.maxQuarantineBytes, in: .outbox, format: .size(ByteCount(bytes: 0)),
            meaning:
                "Limit for the quarantined requests of all routes, in addition to `outbox.max_bytes`; above it, none "
                + "are kept"),
        Setting(
            "outbox.max_keys", \.outbox.maxKeys, in: .outbox, format: .number(1000...Int.max),
            meaning: "Maximum number of remembered unique keys; above it, the oldest are dropped, with an alarm"),
        Setting(
            "outbox.dedupe_window", \.outbox.dedupeWindow, in: .outbox, format: .duration(.seconds(60) ... .days(90)),
            meaning: "How long a unique key is remembered"),
        Setting(
            "outbox.keep_delivered", \.outbox.keepDelivered, in: .outbox, format: .duration(.zero ... .days(30)),
            meaning: "How long delivered jobs are kept, with their Zizq ids"),
        Setting(
            "outbox.keep_delivered_bytes", \.outbox.keepDeliveredBytes, in: .outbox, format: .size(ByteCount(bytes: 0)),
            meaning: "Limit for delivered jobs and the requests kept with them"),
    ]

    private static let zizq: [Setting] = [
        Setting("zizq.url", \.zizq.url, in: .zizq, format: .server, meaning: "The queue server"),
        Setting(
            "zizq.ca", \.zizq.ca, in: .zizq, format: .path(pem),
            meaning: "Additional certificate authority for the server's certificate"),
        Setting(
            "zizq.certificate", \.zizq.certificate, in: .zizq, format: .path(pem),
            meaning: "Client certificate, if the server requests one"),
        Setting(
            "zizq.key", \.zizq.key, in: .zizq, format: .path(pem), meaning: "Private key of the client certificate"),
        Setting(
            "zizq.batch_jobs", \.zizq.batchJobs, in: .zizq, format: .number(1...10_000),
            meaning: "Maximum number of jobs in one bulk enqueue"),
        Setting(
            "zizq.batch_bytes", \.zizq.batchBytes, in: .zizq, format: .size(.kibibytes(64), .mebibytes(64)),
            meaning: "Maximum size of one bulk enqueue, less if all batches would take more than a quarter of "
                + "`limits.memory`; a larger job is sent alone"),
        Setting(
            "zizq.timeout", \.zizq.timeout, in: .zizq, format: .duration(.seconds(1) ... .seconds(600)),
            meaning: "Timeout for an answer"),
        Setting(
            "zizq.headers_file", \.zizq.headersFile, in: .zizq, format: .path("file of `Name: value` lines"),
            meaning: "Additional request headers, such as a token for a proxy"),
        Setting(
            "zizq.concurrency", \.zizq.concurrency, in: .zizq, format: .number(1...16),
            meaning: "Number of concurrent batches"),
        Setting(
            "zizq.unique_keys", \.zizq.uniqueKeys, in: .zizq, format: .word,
            meaning: "Whether to send `unique_key`; `auto` stops if the server has no licence for it"),
    ]

    private static let limits: [Setting] = [
        Setting(
            "limits.body", \.limits.body, in: .limits, format: .size(.kibibytes(1), .mebibytes(100)),
            meaning: "Maximum body size; a route's `body_limit` overrides it"),
        Setting(
            "limits.connections", \.limits.connections, in: .limits, format: .number(1...1_000_000),
            meaning: "Maximum number of open connections; at the limit, a new one replaces one without an accepted "
                + "request"),
        Setting(
            "limits.head", \.limits.head, in: .limits, format: .duration(shortWait),
            meaning: "Timeout for a request head, including the TLS handshake"),
        Setting(
            "limits.body_time", \.limits.bodyTime, in: .limits,
            format: .duration(.milliseconds(100) ... .seconds(3600)),
            meaning: "Timeout for a body"),
        Setting(
            "limits.idle", \.limits.idle, in: .limits, format: .duration(.seconds(1) ... .seconds(3600)),
            meaning: "Timeout for a connection without a request"),
        Setting(
            "limits.write", \.limits.write, in: .limits, format: .duration(shortWait),
            meaning: "Timeout for a sender to read its answer"),
        Setting(
            "limits.commit", \.limits.commit, in: .limits, format: .duration(.milliseconds(100) ... .seconds(60)),
            meaning: "Timeout from receiving a request to its transaction; then 503"),
        Setting(
            "limits.memory", \.limits.memory, in: .limits, format: .size(.mebibytes(16)),
            meaning: "Limit for bodies, pending commits and unsent answers together; then 503"),
        Setting(
            "limits.connections_per_address", \.limits.connectionsPerAddress, in: .limits, format: .number(0...Int.max),
            meaning: """
                Maximum number of connections from one address or IPv6 /64, except `trusted_proxies`; at the limit a \
                new one replaces the oldest that has had no request accepted, and is refused if there is none; 0 means \
                no limit
                """
        ),
        Setting(
            "limits.drain", \.limits.drain, in: .limits, format: .duration(.zero ... .seconds(300)),
            meaning: "How long to keep serving after SIGTERM so that load balancers can drain"),
        Setting(
            "limits.shutdown", \.limits.shutdown, in: .limits, format: .duration(.zero ... .seconds(600)),
            meaning: "Time to drain, finish requests and send jobs, in total"),
    ]

    private static let shortWait: ClosedRange<Duration> = .milliseconds(100) ... .seconds(300)

    private static let logging: [Setting] = [
        Setting("log.level", \.log.level, in: .logging, format: .word, meaning: "Minimum log level"),
        Setting(
            "log.format", \.log.format, in: .logging, format: .word,
            meaning: "`auto` is text on a terminal and JSON elsewhere"),
    ]
}

extension Duration {
    fileprivate static func days(_ count: Int) -> Duration { .seconds(count * 86400) }
}
