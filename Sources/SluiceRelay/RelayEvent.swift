package import SluiceBase

/// What has happened on the way to Zizq, for logs and metrics. Nothing in it holds a payload.
package enum RelayEvent: Sendable, Hashable {
    /// Zizq took a batch; its jobs, in the order in which they were stored.
    case batchAccepted([RelayedJob])
    /// An older job in Zizq held the key of one that was sent for the first time: it was not enqueued again.
    case heldByOlderJob(job: Int64, olderZizqID: String)
    /// Jobs went to the dead letters.
    case deadLettered(job: Int64, reason: DeadLetterReason, detail: String)
    /// Zizq refused a batch, or a job alone that is set aside as a suspect.
    case batchRefused(jobs: Int, text: String)
    /// Jobs that need `batch` were parked.
    case parked(jobs: Int)
    /// A job is refused while others are accepted, and not by Zizq's own word: it is parked, and tried now and then.
    case setAside(job: Int64, text: String)
    /// Nobody knows whether a batch was stored.
    case outcomeUnknown(jobs: Int, inARow: Int)
    /// The same jobs go again after this wait.
    case retrying(after: Duration, text: String)
    /// Zizq has accepted no job since it refused some alone: one of them is sent again after this wait, or after the
    /// next accepted job.
    case waitingForProof(atMost: Duration)
    /// Something needs a person; said once, when it begins.
    case alarmRaised(RelayAlarm, text: String)
    /// It is over.
    case alarmCleared(RelayAlarm)
    /// The outbox could not be read or written; tried again after this wait.
    case outboxFailed(after: Duration, text: String)
}

/// A job that Zizq has taken, for the log and for metrics.
package struct RelayedJob: Sendable, Hashable {
    /// The job's number in the outbox.
    package let job: Int64
    package let type: String
    package let queue: String
    /// The identifier that Zizq gave it; where `duplicate` holds, that of the older job.
    package let zizqID: String
    /// Whether Zizq said that an older job held the key.
    package let duplicate: Bool
    /// When it was stored, by the wall clock; milliseconds since the UNIX epoch.
    package let storedAtMilliseconds: Int64
}

/// What a person has to look at. The raw value stands in metrics and logs.
package enum RelayAlarm: String, Sendable, CaseIterable {
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
        case .setUpWrong: "relay paused: the server at zizq.url is not a Zizq server that accepts jobs"
        case .everythingRefused: "relay paused: Zizq rejects every job, so the jobs are probably not the cause"
        case .outcomesUnknown: "Zizq has not answered three batches in a row"
        case .uniqueJobsUnlicensed:
            "the Zizq server is not licensed for unique jobs: sending jobs without their unique keys"
        case .batchedJobsUnlicensed: "the Zizq server is not licensed for batched jobs: parking the jobs that need it"
        }
    }
}

/// The alarms that are on. Each lane raises and clears its own.
struct RaisedAlarms {
    private var lanes: [RelayAlarm: Int] = [:]

    /// On in at least one lane.
    var all: Set<RelayAlarm> { Set(lanes.filter { $0.value > 0 }.keys) }

    /// Follows one lane's notice.
    mutating func record(_ notice: RelayEvent) {
        switch notice {
        case .alarmRaised(let alarm, _): lanes[alarm, default: 0] += 1
        case .alarmCleared(let alarm): lanes[alarm, default: 0] -= 1
        case .batchAccepted, .heldByOlderJob, .deadLettered, .batchRefused, .parked, .setAside, .outcomeUnknown,
            .retrying, .waitingForProof, .outboxFailed:
            break
        }
    }
}
