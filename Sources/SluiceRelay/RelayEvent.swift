package import SluiceBase
internal import SluiceOutbox

/// An event of the relay, for logs and metrics. Contains no payload.
package enum RelayEvent: Sendable, Hashable {
    /// Zizq accepted a batch; its jobs, in the order in which they were stored.
    case batchAccepted([RelayedJob])
    /// An older job in Zizq, in this status, holds the gateway's own key of a job that was sent for the first time:
    /// Zizq dropped the new one.
    case heldByOlderJob(job: Int64, olderZizqID: String, olderStatus: String)
    /// Jobs went to the dead letters.
    case deadLettered(job: Int64, reason: DeadLetterReason, detail: String)
    /// Zizq refused a batch, or a job alone that is set aside as a suspect.
    case batchRefused(jobs: Int, text: String)
    /// Jobs that need `batch` were parked.
    case parked(jobs: Int)
    /// A job was parked because it is refused while others are accepted, and not by Zizq itself. It is retried from
    /// time to time.
    case setAside(job: Int64, text: String)
    /// A queue was held because its jobs are refused one after the other while others are accepted: they are parked
    /// without being sent, and one is retried from time to time.
    case queueHeld(String, text: String)
    /// The hold of a queue ended: all its held jobs were sent.
    case queueReleased(String)
    /// The outcome of a batch is unknown: it may have been stored.
    case outcomeUnknown(jobs: Int, inARow: Int)
    /// The same jobs are sent again after this wait. `isAsked`: the server asked for a wait.
    case retrying(after: Duration, isAsked: Bool, text: String)
    /// Zizq has accepted no job since it refused some alone: one of them is sent again after this wait, or after the
    /// next accepted job. The text is that of the last refusal.
    case waitingForProof(atMost: Duration, text: String)
    /// An operator has to act; sent once, when the condition begins.
    case alarmRaised(RelayAlarm, text: String)
    /// The condition of an alarm ended.
    case alarmCleared(RelayAlarm)
    /// No job is pending: those that were refused are parked or dead letters, which ended these alarms.
    case nothingLeft(ended: [RelayAlarm])
    /// The outbox could not be read or written; retried after this wait.
    case outboxFailed(after: Duration, text: String)
}

/// A job that Zizq has accepted, for logs and metrics.
package struct RelayedJob: Sendable, Hashable {
    /// The job's number in the outbox.
    package let job: Int64
    package let type: String
    package let queue: String
    /// The identifier that Zizq gave it; if `duplicate` is true, that of the older job.
    package let zizqID: String
    /// Whether Zizq said that an older job has the key.
    package let duplicate: Bool
    /// Whether that was the first send, so that the older job is a different one and Zizq dropped this one.
    package let isDropped: Bool
    /// When it was stored, by the wall clock, in milliseconds since the UNIX epoch.
    package let storedAtMilliseconds: Int64

    var acknowledgement: Acknowledgement { Acknowledgement(job: job, zizqID: zizqID, isDropped: isDropped) }
}

/// A condition that needs attention. The raw value is in metrics and logs.
package enum RelayAlarm: String, Sendable, CaseIterable {
    /// The server that answers is not a usable Zizq server. The relay pauses.
    case setUpWrong = "zizq_set_up_wrong"
    /// Zizq rejects one job after the other and accepts none. The relay pauses, and sends a few jobs after each pause.
    case everythingRefused = "zizq_refuses_everything"
    /// Three batches in a row were sent and not answered.
    case outcomesUnknown = "zizq_outcomes_unknown"
    /// Zizq is not licensed for unique jobs: jobs are sent without their keys.
    case uniqueJobsUnlicensed = "zizq_unique_jobs_unlicensed"
    /// Zizq is not licensed for batched jobs: those that need it are parked.
    case batchedJobsUnlicensed = "zizq_batched_jobs_unlicensed"

    /// Whether nothing is sent until an operator changes something.
    package var pausesDelivery: Bool {
        switch self {
        case .setUpWrong, .everythingRefused: true
        case .outcomesUnknown, .uniqueJobsUnlicensed, .batchedJobsUnlicensed: false
        }
    }

    /// The meaning as a sentence for the log.
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

/// The state of sending.
package enum RelayCondition: Sendable, Hashable {
    /// Jobs of all queues are sent.
    case sending
    /// Jobs of all queues except these are sent; the text is the answer to a job of the first.
    case holding([String], text: String)
    /// Nothing is sent until an operator acts, except for tests, the next one after this time; the last answer.
    case paused(RelayAlarm, Duration, text: String)
    /// The server asked for a wait of this length from now on; its answer.
    case asked(Duration, text: String)
    /// The same jobs are sent again after this time; the last answer.
    case retrying(Duration, text: String)

    /// Whether nothing is sent until an operator changes something, or because the server asked for it.
    package var isPaused: Bool {
        switch self {
        case .sending, .holding, .retrying: false
        case .paused, .asked: true
        }
    }

    /// The state in one line for an operator.
    package var sentence: String {
        switch self {
        case .sending: "sending"
        case .holding(let queues, let text):
            "sending, except \(queues.map { "queue \"\($0)\"" }.joined(separator: ", ")): \(text)"
        case .paused(let alarm, let wait, let text):
            "\(alarm.sentence.replacing("relay paused", with: "paused")); \(Self.retrying(wait)): \(text)"
        case .asked(let wait, let text): "paused for \(DurationText.format(wait)), as requested by the server: \(text)"
        case .retrying(let wait, let text): "\(Self.retrying(wait)): \(text)"
        }
    }

    private static func retrying(_ wait: Duration) -> String {
        wait == .zero ? "retrying now" : "retrying in \(DurationText.format(wait))"
    }
}

/// The combined state of all lanes. Each lane raises and clears its own alarms.
struct RelayHealth {
    private struct Retry {
        let until: Int64
        let isAsked: Bool
        let text: String

        /// In whole seconds, rounded up.
        func wait(_ now: Int64) -> Duration { .seconds(max(0, (until - now + 999_999_999) / 1_000_000_000)) }
    }

    private var lanes: [RelayAlarm: Int] = [:]
    private var texts: [RelayAlarm: String] = [:]
    private var retry: Retry?
    /// The next test whether Zizq still refuses everything.
    private var test: Retry?
    private var held: [String: String] = [:]

    /// Active in at least one lane.
    var alarms: Set<RelayAlarm> { Set(lanes.filter { $0.value > 0 }.keys) }

    /// - Parameters:
    ///   - hasJobs: whether any are pending: without, nothing is paused.
    ///   - now: the monotonic clock in nanoseconds, as below.
    func condition(hasJobs: Bool = true, now: Int64) -> RelayCondition {
        if hasJobs, let alarm = RelayAlarm.allCases.first(where: { $0.pausesDelivery && alarms.contains($0) }) {
            let next = alarm == .everythingRefused ? test : retry
            return .paused(alarm, next?.wait(now) ?? .zero, text: next?.text ?? texts[alarm] ?? "")
        }
        guard hasJobs, let retry else {
            let queues = held.keys.sorted()
            return queues.first.map { .holding(queues, text: held[$0] ?? "") } ?? .sending
        }
        let wait = retry.wait(now)
        return retry.isAsked && wait > .zero ? .asked(wait, text: retry.text) : .retrying(wait, text: retry.text)
    }

    /// Applies an event of one lane.
    mutating func record(_ event: RelayEvent, now: Int64) {
        switch event {
        case .alarmRaised(let alarm, let text):
            lanes[alarm, default: 0] += 1
            texts[alarm] = text
        case .alarmCleared(let alarm): lanes[alarm, default: 0] -= 1
        case .retrying(let wait, let isAsked, let text):
            retry = Retry(until: now + wait.wholeNanoseconds, isAsked: isAsked, text: text)
        case .waitingForProof(let wait, let text):
            test = Retry(until: now + wait.wholeNanoseconds, isAsked: false, text: text)
        case .batchAccepted: (retry, test) = (nil, nil)
        case .nothingLeft(let ended):
            (retry, test) = (nil, nil)
            for alarm in ended { lanes[alarm, default: 0] -= 1 }
        case .queueHeld(let queue, let text): held[queue] = text
        case .queueReleased(let queue): held[queue] = nil
        case .heldByOlderJob, .deadLettered, .batchRefused, .parked, .setAside, .outcomeUnknown, .outboxFailed:
            break
        }
    }
}
