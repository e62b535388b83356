package import SluiceBase

/// The location and the limits of the outbox. The names are those of the settings.
package struct OutboxConfiguration: Sendable {
    /// The database file. `.lock`, `.reserve`, `-wal` and `-shm` are next to it.
    package var path: String
    /// The name of a registered SQLite VFS; nil for the system's. Tests inject faults with it.
    package var vfs: String?
    /// The limit of pending and parked jobs, dead letters and their requests together; above it, deliveries are refused
    /// with `outbox_full`.
    package var maximumBytes = ByteCount.gibibytes(10)
    /// The limit of dead letters and their requests, a part of `maximumBytes`; above it, deliveries that would become
    /// dead letters are refused with `dead_letters_full`. Nil for a quarter of `maximumBytes`.
    package var maximumDeadBytes: ByteCount?
    /// The limit of quarantined requests of all routes together, apart from `maximumBytes`; above it they are not kept.
    package var maximumQuarantineBytes = ByteCount.mebibytes(256)
    /// The maximum number of remembered deliveries, counted by their parts; above it, the oldest without a job in the
    /// outbox are forgotten.
    package var maximumKeys = 100_000_000
    /// How long delivered jobs are kept.
    package var keepDelivered = Duration.seconds(3600)
    /// The maximum size of kept delivered jobs and their requests.
    package var keepDeliveredBytes = ByteCount.gibibytes(1)
    /// How long a delivery waits for a transaction before it is refused with `commit_too_slow`.
    package var commitDeadline = Duration.seconds(5)
    /// How long opening waits until another process releases the lock.
    package var lockWait = Duration.seconds(30)
    /// Whether a network file system is accepted anyway.
    package var allowsNetworkFilesystem = false
    /// Whether a damaged file is set aside and its readable rows are saved into a new one, instead of refusing to open
    /// it.
    package var salvagesDamage = false
    /// Called before a salvage begins, which can take minutes, on the thread of the outbox.
    package var salvageBegan: (@Sendable () -> Void)?
    /// Whether an operator asked for a salvage: the whole file is then checked, and the salvage succeeds however little
    /// can be read.
    package var isSalvageAsked = false
    /// Whether a missing outbox is created.
    package var createsOutbox = true
    /// Whether root may open an outbox whose folder and files belong to another user, to read it.
    package var trustsFolderOwner = false
    /// The file next to the database that is released when the disk is full.
    package var reserve = ByteCount.mebibytes(64)
    /// SQLite's page cache for the writer.
    package var cache = ByteCount.mebibytes(8)
    /// The size of the write-ahead log at which it is copied into the database file.
    package var checkpointEvery = ByteCount.mebibytes(32)
    /// Keys held in memory before they are written to the index.
    package var recentKeys = 65_536

    package init(path: String) { self.path = path }

    /// `maximumDeadBytes`, or its default.
    package var deadLimit: ByteCount { maximumDeadBytes ?? ByteCount(bytes: maximumBytes.bytes / 4) }
}

/// The figures of the outbox, all as of one moment between two transactions.
package struct OutboxStatus: Sendable, Hashable {
    /// Jobs that Zizq has not acknowledged, not counting parked ones.
    package var pendingJobs = 0
    /// When the oldest of them was stored, in milliseconds since the epoch; nil if there is none.
    package var oldestPendingAtMilliseconds: Int64?
    /// Bytes of pending and parked jobs, of dead letters, and of the requests kept with them: the amount that
    /// `outbox.max_bytes` limits.
    package var undeliveredBytes = 0
    /// Jobs removed from the sending order.
    package var parkedJobs = 0
    /// Groups of neighbouring jobs that are finished while an older job is pending.
    package var finishedGroups = 0
    /// Dead letters, with a job or a request.
    package var deadLetters = 0
    /// Bytes of dead letters and of their requests: the amount that `outbox.max_dead_bytes` limits.
    package var deadBytes = 0
    /// Whether a delivery that would have become a dead letter was refused, and there was no room for one since.
    package var isDeadLimitReached = false
    /// Bytes of kept delivered jobs, and of requests that only they need.
    package var deliveredBytes = 0
    /// Deliveries remembered with their unique key, counted by their parts: the number that `outbox.max_keys` limits.
    package var rememberedKeys = 0
    /// The last job stored; 0 before the first one.
    package var lastJobID: Int64 = 0
    /// Keys dropped before they expired since the outbox was opened, because `outbox.max_keys` was reached.
    package var keysForgottenEarly = 0
    /// Whether keys were dropped early within the last hour.
    package var isKeyLimitReached = false
    /// How far the wall clock was set since the start, in milliseconds, if that is too far to forget keys; otherwise 0.
    package var clockDriftMilliseconds: Int64 = 0
    /// Whether the outbox can store, or the cause if it cannot.
    package var condition = OutboxCondition.storing
    /// Whether the open files are no longer at the outbox's path, one cause of `failing`.
    package var isMisplaced = false
    /// Damaged files of this outbox that were set aside and still exist.
    package var damagedFiles = 0
    /// Bytes of the database file and of its write-ahead log.
    package var fileBytes = 0
    package var walBytes = 0
    /// Bytes of the log that a reader prevents from being copied into the database file, so that the log grows.
    package var heldLogBytes = 0
    /// Whether `heldLogBytes` needs an operator's attention.
    package var isLogHeld: Bool { heldLogBytes >= 128 << 20 }

    package init() {}
}

/// Whether the outbox can store, and if not, the cause.
package enum OutboxCondition: String, Sendable {
    case storing
    /// `outbox.max_bytes` is reached: a delivery was refused, and there was no room for one since.
    case full
    /// The disk is full: acknowledgements are still written, from the reserve.
    case diskFull = "disk_full"
    /// A write or a sync failed or takes too long, or another program has the file locked.
    case failing
}

/// The cause of a failed operation on the outbox. Nothing of it is stored.
package enum OutboxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no space left; a retry is possible.
    case diskFull(SQLiteError)
    /// A read, a write or a sync failed; a retry is possible.
    case failed(SQLiteError)
    /// There is no row of this kind with this id.
    case notFound
    /// The dead letter contains a request and no job: its route must render it again.
    case needsRendering
    /// The job was changed since it was stored: its checksum differs.
    case checksumMismatch
    /// The job with this id is being sent at this moment.
    case beingSent(Int64)
    /// The outbox is closed.
    case closed
    /// The operation is not possible: one sentence says why.
    case refused(String)

    init(_ error: SQLiteError) { self = error.kind == .diskFull ? .diskFull(error) : .failed(error) }

    package var description: String {
        switch self {
        case .diskFull(let error): "The outbox's disk is full: \(error)."
        case .failed(let error): "The outbox failed: \(error)."
        case .notFound: "Nothing with this id in the outbox."
        case .needsRendering: "This dead letter contains a request and no job; its route must process it again."
        case .checksumMismatch: "The contents differ from what was stored (wrong checksum), so they are not sent."
        case .beingSent(let job):
            "Job \(job) is being sent to Zizq at this moment; retry after the answer, or after zizq.timeout."
        case .closed: "The outbox is closed."
        case .refused(let sentence): sentence
        }
    }
}
