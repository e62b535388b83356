/// What a person has to look at. The raw value stands in metrics and logs.
package enum DeliveryAlarm: String, Sendable, CaseIterable {
    /// Whatever answers is not a Zizq server that works for us. Delivery pauses.
    case setUpWrong = "zizq_set_up_wrong"
    /// Zizq rejects one job after the other and accepts none. The relay pauses, and tries a few jobs after each pause.
    case everythingRefused = "zizq_refuses_everything"
    /// Three batches in a row were sent and not answered.
    case outcomesUnknown = "zizq_outcomes_unknown"
    /// Zizq has no licence for unique jobs: jobs go without their keys.
    case uniqueJobsUnlicensed = "zizq_unique_jobs_unlicensed"
    /// Zizq has no licence for batched jobs: those that need it are parked.
    case batchedJobsUnlicensed = "zizq_batched_jobs_unlicensed"

    /// Whether nothing goes out until somebody has changed something.
    package var pausesDelivery: Bool {
        switch self {
        case .setUpWrong, .everythingRefused: true
        case .outcomesUnknown, .uniqueJobsUnlicensed, .batchedJobsUnlicensed: false
        }
    }

    /// What it means, for a person who reads the log.
    package var sentence: String {
        switch self {
        case .setUpWrong: "delivery stands still: what answers at zizq.url is not a Zizq server that takes our jobs"
        case .everythingRefused: "relay paused: Zizq rejects every job, so the jobs are probably not the cause"
        case .outcomesUnknown: "Zizq has not answered three batches in a row"
        case .uniqueJobsUnlicensed: "Zizq has no licence for unique jobs: jobs go without their unique keys"
        case .batchedJobsUnlicensed: "Zizq has no licence for batched jobs: jobs that need it wait, parked"
        }
    }
}

/// The alarms that are on. Each lane raises and clears its own.
struct RaisedAlarms {
    private var lanes: [DeliveryAlarm: Int] = [:]

    /// On in at least one lane.
    var all: Set<DeliveryAlarm> { Set(lanes.filter { $0.value > 0 }.keys) }

    /// Follows one lane's notice.
    mutating func record(_ notice: DeliveryNotice) {
        switch notice {
        case .alarmRaised(let alarm, _): lanes[alarm, default: 0] += 1
        case .alarmCleared(let alarm): lanes[alarm, default: 0] -= 1
        case .batchAccepted, .heldByOlderJob, .deadLettered, .batchRefused, .parked, .outcomeUnknown, .retrying,
            .waitingForProof,
            .outboxFailed:
            break
        }
    }
}
