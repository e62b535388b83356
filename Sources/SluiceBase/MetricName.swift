/// Every metric; the raw value is its name in `/metrics`. `docs/reference/metrics.md` has an entry for each.
package enum MetricName: String, CaseIterable, Sendable {
    // Incoming deliveries
    case received = "sluice_received_total"
    case refused = "sluice_refused_total"
    case ignored = "sluice_ignored_total"
    case handshakes = "sluice_handshakes_total"
    case duplicates = "sluice_duplicates_total"
    case changedBodies = "sluice_changed_bodies_total"
    case keysMissing = "sluice_keys_missing_total"
    case repairedSurrogates = "sluice_repaired_surrogates_total"
    case mislabelledJSON = "sluice_mislabelled_json_total"
    case committed = "sluice_jobs_committed_total"
    case dead = "sluice_dead_letters_total"
    case senderDisconnected = "sluice_answered_nobody_total"
    case receiveToDurable = "sluice_receive_to_durable_seconds"
    case lastDeliveryAge = "sluice_last_delivery_age_seconds"

    // Outgoing jobs
    case queued = "sluice_jobs_queued_total"
    case queueDuplicates = "sluice_queue_duplicates_total"
    case droppedJobs = "sluice_jobs_dropped_total"
    case durableToQueued = "sluice_durable_to_queued_seconds"
    case ambiguousBatches = "sluice_batches_ambiguous_total"
    case failedBatches = "sluice_batches_failed_total"
    case deliveryPaused = "sluice_delivery_paused"
    case relaySuspects = "sluice_relay_suspects"
    case uniqueKeysWithheld = "sluice_unique_keys_withheld"

    // The outbox
    case outboxJobs = "sluice_outbox_jobs"
    case outboxParkedJobs = "sluice_outbox_parked_jobs"
    case outboxDeadLetters = "sluice_outbox_dead_letters"
    case outboxDeadBytes = "sluice_outbox_dead_bytes"
    case outboxDamagedFiles = "sluice_outbox_damaged_files"
    case outboxDeadLimitBytes = "sluice_outbox_dead_limit_bytes"
    case outboxKeys = "sluice_outbox_keys"
    case outboxBytes = "sluice_outbox_bytes"
    case outboxLimitBytes = "sluice_outbox_limit_bytes"
    case outboxOldestAge = "sluice_outbox_oldest_undelivered_age_seconds"
    case outboxLogBytes = "sluice_outbox_log_bytes"
    case outboxLogHeldBytes = "sluice_outbox_log_held_bytes"
    case outboxClockDrift = "sluice_outbox_clock_drift_seconds"
    case evictedKeys = "sluice_outbox_evicted_keys_total"
    case quarantineRequests = "sluice_quarantine_requests"
    case quarantineBytes = "sluice_quarantine_bytes"
    case quarantined = "sluice_quarantined_total"
    case quarantineDropped = "sluice_quarantine_dropped_total"

    // The gateway itself
    case connections = "sluice_connections"
    case connectionsLimit = "sluice_connections_limit"
    case connectionsClosedForNewer = "sluice_connections_closed_for_newer_total"
    case idleRaces = "sluice_idle_races_total"
    case connectionsRefused = "sluice_connections_refused_total"
    case handshakeFailures = "sluice_tls_handshake_failures_total"
    case loopStalls = "sluice_loop_stalls_total"
    case memoryInUse = "sluice_memory_in_use_bytes"
    case tableVersion = "sluice_route_table_version"
    case tableTime = "sluice_route_table_timestamp_seconds"
    case tableRoutes = "sluice_routes"
    case reloads = "sluice_reloads_total"
    case reloadTime = "sluice_reload_timestamp_seconds"
    case reloadFailing = "sluice_reload_failing"
    case reloadProblems = "sluice_reload_problems"
    case certificateExpiry = "sluice_certificate_expiry_days"
    case certificateFailing = "sluice_certificate_failing"
    case droppedLogRecords = "sluice_log_records_dropped_total"

    // The process, under the names that every Prometheus client library uses
    case processResidentMemory = "process_resident_memory_bytes"
    case processOpenDescriptors = "process_open_fds"
    case processDescriptorLimit = "process_max_fds"
    case outboxDamaged = "sluice_outbox_damaged"
}

extension MetricName {
    /// The type of a metric for Prometheus.
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    package var kind: Kind {
        if rawValue.hasSuffix("_total") { return .counter }
        return self == .receiveToDurable || self == .durableToQueued ? .histogram : .gauge
    }

    /// The names of its labels, in the order of their values.
    package var labels: [String] {
        switch self {
        case .received, .ignored, .duplicates, .changedBodies, .keysMissing, .repairedSurrogates, .mislabelledJSON,
            .committed, .lastDeliveryAge, .quarantineRequests, .quarantineBytes, .quarantined:
            ["route"]
        case .refused: ["route", "code"]
        case .handshakes: ["route", "result"]
        case .dead, .quarantineDropped: ["route", "reason"]
        case .connections: ["listener"]
        case .connectionsRefused: ["reason"]
        case .handshakeFailures: ["cause"]
        case .loopStalls: ["loop"]
        case .reloads: ["result"]
        case .senderDisconnected, .receiveToDurable, .durableToQueued, .queued, .queueDuplicates, .droppedJobs,
            .ambiguousBatches,
            .failedBatches,
            .deliveryPaused, .relaySuspects, .uniqueKeysWithheld,
            .outboxJobs, .outboxParkedJobs, .outboxDeadLetters, .outboxDeadBytes, .outboxDeadLimitBytes, .outboxKeys,
            .outboxDamaged, .outboxDamagedFiles,
            .outboxBytes, .outboxLimitBytes, .outboxOldestAge, .outboxLogBytes, .outboxLogHeldBytes,
            .outboxClockDrift,
            .evictedKeys,
            .connectionsLimit, .connectionsClosedForNewer, .idleRaces, .memoryInUse, .tableVersion, .tableTime,
            .tableRoutes,
            .reloadTime,
            .reloadFailing, .reloadProblems, .certificateExpiry, .certificateFailing, .droppedLogRecords,
            .processResidentMemory,
            .processOpenDescriptors,
            .processDescriptorLimit:
            []
        }
    }

    /// One sentence, shown as `# HELP`.
    package var help: String {
        switch self {
        case .received: "Requests that reached a route."
        case .refused: "Refused requests, by error code; the route is empty if the request reached none."
        case .ignored: "Verified deliveries that a rule ignores."
        case .handshakes: "Handshakes of providers, by result: accepted or refused."
        case .duplicates: "Deliveries answered as duplicates, and duplicate elements of other deliveries."
        case .changedBodies: "Deliveries whose unique key was seen before with a different body."
        case .keysMissing: "Deliveries accepted without a unique key."
        case .repairedSurrogates: "Deliveries in which a lone surrogate was replaced by U+FFFD."
        case .mislabelledJSON: "Bodies that look like JSON and were not parsed as JSON because of their content type."
        case .committed: "Jobs in a committed, synced transaction of the outbox."
        case .dead: "Dead letters created, by reason."
        case .senderDisconnected: "Deliveries stored after their sender had disconnected."
        case .receiveToDurable: "Time from a complete request to its jobs being durable."
        case .lastDeliveryAge: "Time since the route last stored a delivery, or since the start if it has stored none."
        case .queued: "Jobs that Zizq has acknowledged."
        case .queueDuplicates: "Jobs dropped by Zizq on the first attempt: an older job holds their unique key."
        case .droppedJobs: "Jobs that Zizq dropped because an older job holds the key that the gateway gave them."
        case .durableToQueued: "Time from a job being durable to its acknowledgement by Zizq."
        case .ambiguousBatches: "Batches without an answer that says whether Zizq accepted them; they are sent again."
        case .failedBatches: "Batches that Zizq did not accept and that are sent again."
        case .deliveryPaused:
            "1 while the relay is paused because Zizq rejects every job, or because the answers do not come from a "
                + "Zizq server, or because the server asked for a wait."
        case .relaySuspects: "Rejected jobs that are held back until another job shows whether they are the cause."
        case .uniqueKeysWithheld: "1 while unique keys are not sent because the server has no licence for them."
        case .outboxJobs: "Jobs in the outbox that Zizq has not acknowledged."
        case .outboxParkedJobs: "Jobs that wait for a licence, or that are refused while others are accepted."
        case .outboxDeadLetters: "Dead letters in the outbox."
        case .outboxDeadBytes: "Size of the dead letters in the outbox and the requests they need."
        case .outboxDamaged: "1 if a page of the outbox was found damaged since the start."
        case .outboxDamagedFiles: "Renamed files of damaged outboxes that are still next to the outbox."
        case .outboxDeadLimitBytes: "Limit for dead letters; above it, deliveries that would become one are refused."
        case .outboxKeys: "Remembered unique keys."
        case .outboxBytes: "Size of the undelivered jobs and dead letters in the outbox."
        case .outboxLimitBytes: "Limit for undelivered jobs and dead letters, above which requests are refused."
        case .outboxOldestAge: "Age of the oldest undelivered job; 0 if there is none."
        case .outboxLogBytes: "Size of the outbox's write-ahead log."
        case .outboxLogHeldBytes: "Write-ahead log bytes that cannot be checkpointed because of a reader."
        case .evictedKeys: "Unique keys dropped before they expired because outbox.max_keys was reached."
        case .quarantineRequests: "Requests in the quarantine: no secret of their route matches their signature."
        case .quarantineBytes: "Size of the requests in the quarantine, with 512 bytes for each."
        case .quarantined: "Requests that were put into the quarantine."
        case .quarantineDropped: "Requests that were not put into the quarantine, by reason."
        case .connections: "Open connections, by listener."
        case .connectionsLimit:
            "Maximum number of open connections; at the limit, one is closed to make room for a new one."
        case .connectionsClosedForNewer: "Connections closed to make room for new ones."
        case .idleRaces: "Connections on which a request arrived just after they were closed because they were idle."
        case .connectionsRefused: "Refused connections, by reason."
        case .handshakeFailures: "Failed TLS handshakes, by cause."
        case .loopStalls:
            "Turns of an event loop that took longer than 50 ms, or 20 ms of processor time, by the loop's thread."
        case .memoryInUse: "Memory used by bodies, pending commits and unsent answers."
        case .tableVersion: "Number of the loaded route table; increases by one with each load."
        case .tableTime: "When the current route table was loaded, in seconds since 1970."
        case .tableRoutes: "Number of routes in the loaded table."
        case .reloads: "Attempts to load a new route table, by result."
        case .reloadTime: "When loading a route table was last attempted, in seconds since 1970."
        case .reloadFailing:
            "1 while the route files on disk cannot be loaded and the gateway keeps the last good table."
        case .reloadProblems: "Number of problems in the last attempt to load a route table; 0 if it was loaded."
        case .certificateExpiry: "Days until the certificate of the https listener expires; negative after that."
        case .certificateFailing:
            "1 while the certificate or key on disk cannot be loaded and the gateway serves with the previous pair."
        case .droppedLogRecords: "Log records lost because standard error was not read fast enough."
        default: otherHelp
        }
    }

    private var otherHelp: String {
        switch self {
        case .outboxClockDrift: "Seconds by which the wall clock was set since the start, while no keys are forgotten."
        case .processResidentMemory: "Resident memory size in bytes."
        case .processOpenDescriptors: "Number of open file descriptors."
        default: "Maximum number of open file descriptors."
        }
    }
}
