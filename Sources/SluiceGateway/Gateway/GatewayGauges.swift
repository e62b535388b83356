internal import SluiceBase
internal import SluiceOutbox
internal import SluiceRelay
internal import SluiceRoutes

/// What `/metrics` reads at each scrape.
struct GatewayGauges {
    let outbox: OutboxWriter
    let reload: RouteReloadService
    let certificate: CertificateKeeper?
    let memory: MemoryBudget
    let settings: Settings
    let relay: Relay
    let time: any TimeSource

    func register(
        in registry: MetricsRegistry, connections: @escaping @Sendable () -> Int,
        adminConnections: @escaping @Sendable () -> Int
    ) {
        registerOutbox(in: registry)
        registerGateway(in: registry)
        let limit = Double(settings.limits.connections)
        registry.gauge(.connections) {
            [.init(labels: ["public"], Double(connections())), .init(labels: ["admin"], Double(adminConnections()))]
        }
        registry.gauge(.connectionsLimit, value: { limit })
        ProcessGauges.register(in: registry)
    }

    private func registerOutbox(in registry: MetricsRegistry) {
        registry.gauge(.outboxJobs, value: { [outbox] in Double(outbox.status.pendingJobs) })
        registry.gauge(.outboxParkedJobs, value: { [outbox] in Double(outbox.status.parkedJobs) })
        registry.gauge(.outboxDeadLetters, value: { [outbox] in Double(outbox.status.deadLetters) })
        registry.gauge(.outboxDeadBytes, value: { [outbox] in Double(outbox.status.deadBytes) })
        let deadLimit = Double(OutboxConfiguration(settings).deadLimit.bytes)
        registry.gauge(.outboxDeadLimitBytes, value: { deadLimit })
        registry.gauge(.outboxKeys, value: { [outbox] in Double(outbox.status.rememberedDeliveries) })
        registry.gauge(.outboxBytes, value: { [outbox] in Double(outbox.status.undeliveredBytes) })
        registry.counter(.evictedKeys, value: { [outbox] in outbox.status.keysForgottenEarly })
        let limit = Double(settings.outbox.maxBytes.bytes)
        registry.gauge(.outboxLimitBytes, value: { limit })
        registry.gauge(
            .outboxOldestAge,
            value: { [outbox, time] in
                guard let oldest = outbox.status.oldestPendingAtMilliseconds else { return 0 }
                return Double(max(0, time.wallMilliseconds() - oldest)) / 1000
            })
    }

    private func registerGateway(in registry: MetricsRegistry) {
        registry.gauge(.memoryInUse, value: { [memory] in Double(memory.bytesInUse) })
        registerReload(in: registry)
        registry.gauge(.certificateExpiry, value: { [certificate, time] in certificate?.daysToExpiry(at: time) })
        registry.gauge(
            .deliveryPaused,
            value: { [relay] in relay.alarms.isDisjoint(with: [.setUpWrong, .everythingRefused]) ? 0 : 1 })
        registry.gauge(.relaySuspects, value: { [relay] in Double(relay.suspects) })
        registry.gauge(.uniqueKeysWithheld, value: { [relay] in relay.alarms.contains(.uniqueJobsUnlicensed) ? 1 : 0 })
    }

    private func registerReload(in registry: MetricsRegistry) {
        registry.gauge(.tableVersion, value: { [reload] in Double(reload.status.version) })
        registry.gauge(.tableTime, value: { [reload] in reload.status.loadedAtMilliseconds.map { Double($0) / 1000 } })
        registry.gauge(.tableRoutes, value: { [reload] in reload.activeRoutes.map { Double($0.table.routes.count) } })
        registry.gauge(.reloadTime, value: { [reload] in reload.status.triedAtMilliseconds.map { Double($0) / 1000 } })
        registry.gauge(.reloadFailing, value: { [reload] in reload.status.problems.isEmpty ? 0 : 1 })
        registry.gauge(.reloadProblems, value: { [reload] in Double(reload.status.problems.count) })
    }
}
