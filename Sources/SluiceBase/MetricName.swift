/// Every metric, by the name under which `/metrics` shows it. `docs/reference/metrics.md` has an entry for each.
package enum MetricName: String, CaseIterable, Sendable {
    // Deliveries, as they come in
    case received = "sluice_received_total"
    case refused = "sluice_refused_total"
    case ignored = "sluice_ignored_total"
    case duplicates = "sluice_duplicates_total"
    case changedBodies = "sluice_changed_bodies_total"
    case keysMissing = "sluice_keys_missing_total"
    case repairedSurrogates = "sluice_repaired_surrogates_total"
    case committed = "sluice_jobs_committed_total"
    case dead = "sluice_dead_letters_total"
    case answeredNobody = "sluice_answered_nobody_total"
    case receiveToDurable = "sluice_receive_to_durable_seconds"
    case lastDeliveryAge = "sluice_last_delivery_age_seconds"

    // Jobs, as they go out
    case queued = "sluice_jobs_queued_total"
    case queueDuplicates = "sluice_queue_duplicates_total"
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
    case outboxDeadLimitBytes = "sluice_outbox_dead_limit_bytes"
    case outboxKeys = "sluice_outbox_keys"
    case outboxBytes = "sluice_outbox_bytes"
    case outboxLimitBytes = "sluice_outbox_limit_bytes"
    case outboxOldestAge = "sluice_outbox_oldest_undelivered_age_seconds"
    case evictedKeys = "sluice_outbox_evicted_keys_total"

    // The gateway itself
    case connections = "sluice_connections"
    case connectionsLimit = "sluice_connections_limit"
    case connectionsClosedForNewer = "sluice_connections_closed_for_newer_total"
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
    case droppedLogRecords = "sluice_log_records_dropped_total"

    // The process, under the names that every Prometheus client library uses
    case processResidentMemory = "process_resident_memory_bytes"
    case processOpenDescriptors = "process_open_fds"
    case processDescriptorLimit = "process_max_fds"
}

extension MetricName {
    /// What a metric is to Prometheus.
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    package var kind: Kind {
        if rawValue.hasSuffix("_total") { return .counter }
        return self == .receiveToDurable || self == .durableToQueued ? .histogram : .gauge
    }

    /// The names of its labels, in the order in which their values are given.
    package var labels: [String] {
        switch self {
        case .received, .ignored, .duplicates, .changedBodies, .keysMissing, .repairedSurrogates, .committed,
            .lastDeliveryAge:
            ["route"]
        case .refused: ["route", "code"]
        case .dead: ["route", "reason"]
        case .connections: ["listener"]
        case .connectionsRefused: ["reason"]
        case .handshakeFailures: ["cause"]
        case .loopStalls: ["loop"]
        case .reloads: ["result"]
        case .answeredNobody, .receiveToDurable, .durableToQueued, .queued, .queueDuplicates, .ambiguousBatches,
            .failedBatches,
            .deliveryPaused, .relaySuspects, .uniqueKeysWithheld,
            .outboxJobs, .outboxParkedJobs, .outboxDeadLetters, .outboxDeadBytes, .outboxDeadLimitBytes, .outboxKeys,
            .outboxBytes, .outboxLimitBytes, .outboxOldestAge,
            .evictedKeys,
            .connectionsLimit, .connectionsClosedForNewer, .memoryInUse, .tableVersion, .tableTime, .tableRoutes,
            .reloadTime,
            .reloadFailing, .reloadProblems, .certificateExpiry, .droppedLogRecords, .processResidentMemory,
            .processOpenDescriptors,
            .processDescriptorLimit:
            []
        }
    }

    /// One sentence, shown as `# HELP`.
    package var help: String {
        switch self {
        case .received: "Requests that reached a route."
        case .refused: "Requests that were refused, by error code; the route is empty where none was reached."
        case .ignored: "Genuine deliveries that a rule says to ignore."
        case .duplicates: "Deliveries that were answered as seen before, and elements of others that were."
        case .changedBodies: "Deliveries whose unique key was seen before with another body."
        case .keysMissing: "Deliveries that were accepted without a unique key."
        case .repairedSurrogates: "Deliveries in which a lone surrogate was replaced by U+FFFD."
        case .committed: "Jobs that are in a committed, synced transaction of the outbox."
        case .dead: "Dead letters made, by reason."
        case .answeredNobody: "Deliveries that were stored while their sender had gone."
        case .receiveToDurable: "Time from a request being complete to its jobs being durable."
        case .lastDeliveryAge:
            "Time since the route last stored a delivery, or since the start where it has stored none yet."
        case .queued: "Jobs that Zizq has acknowledged."
        case .queueDuplicates: "Jobs that Zizq dropped on first sending because an older job held their unique key."
        case .durableToQueued: "Time from a job being durable to Zizq acknowledging it."
        case .ambiguousBatches: "Batches of which it is unknown whether Zizq took them; they were sent again."
        case .failedBatches: "Batches that Zizq did not take and that are tried again."
        case .deliveryPaused:
            "1 while the relay is paused because Zizq rejects every job, or because the answers are not those of a "
                + "Zizq server."
        case .relaySuspects:
            "Jobs that Zizq rejected and that are set aside until another job shows whether they are the cause."
        case .uniqueKeysWithheld: "1 while unique keys are not sent along because the server has no licence for them."
        case .outboxJobs: "Jobs in the outbox that Zizq has not acknowledged."
        case .outboxParkedJobs: "Jobs in the outbox that wait for a licence of the server."
        case .outboxDeadLetters: "Dead letters in the outbox."
        case .outboxDeadBytes: "Size of the dead letters in the outbox and of the requests that they need."
        case .outboxDeadLimitBytes:
            "Size of dead letters above which deliveries that would become dead letters are refused."
        case .outboxKeys: "Unique keys that are remembered."
        case .outboxBytes: "Size of the undelivered jobs and dead letters in the outbox."
        case .outboxLimitBytes: "Size of undelivered jobs and dead letters above which requests are refused."
        case .outboxOldestAge: "Time since the oldest undelivered job was received; 0 when there is none."
        case .evictedKeys: "Unique keys that were forgotten before their time because too many were remembered."
        case .connections: "Open connections, by listener."
        case .connectionsLimit: "Open connections above which one is closed for a new one."
        case .connectionsClosedForNewer: "Connections that were closed to make room for new ones."
        case .connectionsRefused: "Connections that were turned away, by reason."
        case .handshakeFailures: "TLS handshakes that failed, by cause."
        case .loopStalls:
            "Turns of an event loop that took longer than 50 ms, or 20 ms of processor time, by the loop's thread."
        case .memoryInUse: "Memory held by bodies, pending commits and unsent answers."
        case .tableVersion: "Number of the route table in force; it grows by one with each that is loaded."
        case .tableTime: "When the route table in force was put in force, in seconds since 1970."
        case .tableRoutes: "Routes in the table in force."
        case .reloads: "Attempts to load a new route table, by result."
        case .reloadTime: "When loading a route table was last tried, in seconds since 1970."
        case .reloadFailing: "1 while the route files on disk cannot be loaded and the last good table stays in force."
        case .reloadProblems:
            "Problems that the last attempt to load a route table ended with; 0 where it was put in force."
        case .certificateExpiry: "Days until the certificate of the https listener expires; negative once it has."
        case .droppedLogRecords: "Log records that were lost because nobody read standard error fast enough."
        case .processResidentMemory: "Resident memory size in bytes."
        case .processOpenDescriptors: "Number of open file descriptors."
        case .processDescriptorLimit: "Maximum number of open file descriptors."
        }
    }
}
