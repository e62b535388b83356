internal import SluiceBase
internal import SluiceHTTP
internal import SluiceOutbox
internal import SluiceRelay
internal import SluiceRouteFiles
internal import SluiceRoutes

/// The gauges of the gateway, read at each scrape of `/metrics`.
extension Gateway {
    func registerGauges() {
        let registry = core.metrics
        registerOutbox(in: registry)
        registerRelay(in: registry)
        registerReload(in: registry)
        registerConnections(in: registry)
        registry.gauge(.memoryInUse, value: { [memory = core.memory] in Double(memory.bytesInUse) })
        ProcessGauges.register(in: registry)
        if let log = configuration.log { registry.adopt(log.droppedLines, as: .droppedLogRecords) }
    }

    private func registerConnections(in registry: MetricsRegistry) {
        registry.gauge(.connections) { [ingest = listeners.ingest, admin = listeners.admin] in
            [
                .init(labels: ["public"], Double(ingest.connectionCount)),
                .init(labels: ["admin"], Double(admin.connectionCount)),
            ]
        }
        let limit = Double(core.settings.limits.connections)
        registry.gauge(.connectionsLimit, value: { limit })
        registry.gauge(
            .certificateExpiry,
            value: { [certificate = reload.certificate, time = core.time] in certificate?.daysToExpiry(at: time) })
        registry.gauge(
            .certificateFailing,
            value: { [certificate = reload.certificate] in certificate.map { $0.problem == nil ? 0 : 1 } })
    }

    private func registerOutbox(in registry: MetricsRegistry) {
        registry.gauge(.outboxJobs, value: { [outbox] in Double(max(0, outbox.status.pendingJobs)) })
        registry.gauge(.outboxParkedJobs, value: { [outbox] in Double(outbox.status.parkedJobs) })
        registry.gauge(.outboxDeadLetters, value: { [outbox] in Double(outbox.status.deadLetters) })
        registry.gauge(.outboxDamagedFiles, value: { [outbox] in Double(outbox.status.damagedFiles) })
        registry.gauge(.outboxDamaged, value: { [outbox] in outbox.isDamaged ? 1 : 0 })
        registry.gauge(.outboxDeadBytes, value: { [outbox] in Double(outbox.status.deadBytes) })
        let deadLimit = Double(OutboxConfiguration(core.settings).deadLimit.bytes)
        registry.gauge(.outboxDeadLimitBytes, value: { deadLimit })
        registry.gauge(.outboxKeys, value: { [outbox] in Double(outbox.status.rememberedKeys) })
        registry.gauge(.outboxBytes, value: { [outbox] in Double(max(0, outbox.status.undeliveredBytes)) })
        registry.gauge(.outboxLogBytes, value: { [outbox] in Double(outbox.status.walBytes) })
        registry.gauge(.outboxLogHeldBytes, value: { [outbox] in Double(outbox.status.heldLogBytes) })
        registry.gauge(.outboxClockDrift, value: { [outbox] in Double(outbox.status.clockDriftMilliseconds) / 1000 })
        registry.gauge(.quarantineRequests) { [outbox, reload] in
            Self.readings(outbox.quarantine, reload.activeRoutes) { $0.requests }
        }
        registry.gauge(.quarantineBytes) { [outbox, reload] in
            Self.readings(outbox.quarantine, reload.activeRoutes) { $0.bytes }
        }
        registry.counter(.evictedKeys, value: { [outbox] in outbox.status.keysForgottenEarly })
        let limit = Double(core.settings.outbox.maxBytes.bytes)
        registry.gauge(.outboxLimitBytes, value: { limit })
        registry.gauge(
            .outboxOldestAge,
            value: { [outbox, time = core.time] in
                guard let oldest = outbox.status.oldestPendingAtMilliseconds else { return 0 }
                return Double(max(0, time.wallMilliseconds() - oldest)) / 1000
            })
    }

    /// Of the routes that have a quarantine, and of those that still have requests in it.
    private static func readings(
        _ figures: QuarantineFigures, _ routes: ActiveRoutes, figure: (QuarantineFigures.Sum) -> Int
    ) -> [MetricsRegistry.Reading] {
        let names = routes.table.routes.filter { $0.quarantine != nil }.map(\.name)
        return Set(names).union(figures.routes).sorted().map { name in
            MetricsRegistry.Reading(labels: [name], Double(figure(figures.sum(ofRoute: name))))
        }
    }

    private func registerRelay(in registry: MetricsRegistry) {
        registry.gauge(
            .deliveryPaused,
            value: { [relay] in relay.condition.isPaused ? 1 : 0 })
        registry.gauge(.relaySuspects, value: { [relay] in Double(relay.suspects) })
        registry.gauge(.uniqueKeysWithheld, value: { [relay] in relay.alarms.contains(.uniqueJobsUnlicensed) ? 1 : 0 })
    }

    private func registerReload(in registry: MetricsRegistry) {
        registry.gauge(.tableVersion, value: { [reload] in Double(reload.status.version) })
        registry.gauge(.tableTime, value: { [reload] in reload.status.loadedAtMilliseconds.map { Double($0) / 1000 } })
        registry.gauge(.tableRoutes, value: { [reload] in Double(reload.activeRoutes.table.routes.count) })
        registry.gauge(.reloadTime, value: { [reload] in reload.status.triedAtMilliseconds.map { Double($0) / 1000 } })
        registry.gauge(.reloadFailing, value: { [reload] in reload.status.problems.isEmpty ? 0 : 1 })
        registry.gauge(.reloadProblems, value: { [reload] in Double(reload.status.problems.count) })
    }
}

/// The kernel's values about this process, with the names of all Prometheus client libraries.
package enum ProcessGauges {
    /// Adds the gauges to a registry, which reads them for each `GET /metrics`.
    package static func register(in registry: MetricsRegistry) {
        registry.gauge(
            .processResidentMemory, value: { FileAccess.text("/proc/self/status").flatMap(residentBytes(status:)) })
        // Reading uses one descriptor, which is closed afterwards.
        registry.gauge(
            .processOpenDescriptors,
            value: { (try? FileAccess.names(inFolder: "/proc/self/fd")).map { Double($0.count - 1) } })
        registry.gauge(
            .processDescriptorLimit, value: { FileAccess.text("/proc/self/limits").flatMap(descriptorLimit(limits:)) })
    }

    /// The line `VmRSS:	   12345 kB` of `/proc/self/status`, in bytes.
    static func residentBytes(status: String) -> Double? {
        words(ofLine: "VmRSS:", in: status).first.flatMap { Double($0) }.map { $0 * 1024 }
    }

    /// The soft limit in the line `Max open files  1024  4096  files` of `/proc/self/limits`.
    static func descriptorLimit(limits: String) -> Double? {
        words(ofLine: "Max open files", in: limits).first.flatMap { $0 == "unlimited" ? .infinity : Double($0) }
    }

    private static func words(ofLine prefix: String, in text: String) -> [Substring] {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) else { return [] }
        return line.dropFirst(prefix.count).split { $0.isWhitespace }
    }
}
