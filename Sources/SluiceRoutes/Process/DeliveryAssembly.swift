internal import SluiceBase

/// What a delivery becomes, while its elements go through the rules one after the other.
struct DeliveryAssembly {
    /// So many jobs come of one delivery at most.
    static let mostJobs = 10_000

    /// Why a delivery goes no further.
    enum End: Error {
        /// It is refused.
        case refused(RouteOutcome)
        /// All of it is one dead letter.
        case dead(DeadLetter)
    }

    /// Where the steps are written down; `nil` where nobody asks.
    let recorder: DeliveryRecorder?
    /// What was taken for it from the memory budget.
    var charge: MemoryCharge
    private(set) var parts: [Delivery.Part] = []
    /// The first reason for which something left no trace.
    private(set) var ignored: AcknowledgementReason?
    var missingKeys = 0
    private var jobs = 0
    /// The bytes of their payloads.
    private var bytes = 0

    init(_ recorder: DeliveryRecorder?, _ charge: MemoryCharge) {
        self.recorder = recorder
        self.charge = charge
    }

    mutating func ignore(_ reason: AcknowledgementReason) { ignored = ignored ?? reason }

    /// Begins what has a key of its own.
    mutating func begin(_ part: Delivery.Part) { parts.append(part) }

    /// Adds a job to what was begun last.
    ///
    /// - Parameter limit: how many bytes the payloads of one delivery may have together.
    mutating func add(_ job: Job, upTo limit: Int) throws(End) {
        jobs += 1
        bytes += job.payload.count
        guard jobs <= Self.mostJobs else {
            throw .dead(.tooMany("the delivery would make more than \(Self.mostJobs) jobs"))
        }
        guard jobs == 1 || bytes <= limit else {
            throw .dead(.tooMany("the payloads of its jobs would exceed \(limit >> 20) MiB in total"))
        }
        parts[parts.count - 1].jobs.append(job)
    }

    /// Adds a dead letter to what was begun last.
    mutating func add(_ letter: DeadLetter) { parts[parts.count - 1].deadLetters.append(letter) }
}

extension DeadLetter {
    static func tooMany(_ detail: String) -> DeadLetter {
        DeadLetter(reason: .tooManyJobs, detail: detail, share: .all)
    }
}
