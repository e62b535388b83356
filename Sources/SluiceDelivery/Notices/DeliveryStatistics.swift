/// Counts since the start, and the alarms that are on, made from notices.
package struct DeliveryStatistics: Sendable, Hashable {
    /// Batches that Zizq took.
    package private(set) var batches = 0
    /// Jobs that Zizq took, duplicates among them.
    package private(set) var jobs = 0
    /// Jobs of which Zizq said that an older one held their key.
    package private(set) var duplicates = 0
    /// Those of them that were sent for the first time.
    package private(set) var heldByOlderJob = 0
    /// Jobs that went to the dead letters on the way to Zizq.
    package private(set) var deadLetters = 0
    /// Batches that Zizq refused without saying which job it meant.
    package private(set) var refusedBatches = 0
    /// Jobs that were parked for want of a licence.
    package private(set) var parked = 0
    /// Batches of which nobody knows whether they were stored.
    package private(set) var ambiguousBatches = 0
    /// How often the same jobs were sent again after a wait.
    package private(set) var retries = 0
    /// How often the outbox could not be read or written.
    package private(set) var outboxFailures = 0
    /// In how many lanes each alarm is on.
    private var lanesInAlarm: [DeliveryAlarm: Int] = [:]

    /// The alarms that are on.
    package var alarms: Set<DeliveryAlarm> { Set(lanesInAlarm.filter { $0.value > 0 }.keys) }

    /// Whether delivery stands still until somebody has repaired something.
    package var isPaused: Bool { alarms.contains(where: \.pausesDelivery) }

    /// Whether jobs go without their unique keys because the server has no licence for them.
    package var withholdsUniqueKeys: Bool { alarms.contains(.uniqueJobsUnlicensed) }

    package init() {}

    /// Counts one notice.
    package mutating func record(_ notice: DeliveryNotice) {
        switch notice {
        case .batchAccepted(let delivered):
            batches += 1
            jobs += delivered.count
            duplicates += delivered.count(where: \.duplicate)
        case .heldByOlderJob: heldByOlderJob += 1
        case .deadLettered: deadLetters += 1
        case .batchRefused: refusedBatches += 1
        case .parked(let jobs): parked += jobs
        case .outcomeUnknown: ambiguousBatches += 1
        case .retrying, .waitingForProof: retries += 1
        case .alarmRaised(let alarm, _): lanesInAlarm[alarm, default: 0] += 1
        case .alarmCleared(let alarm): lanesInAlarm[alarm, default: 0] -= 1
        case .outboxFailed: outboxFailures += 1
        }
    }
}
