internal import CSluiceSQLite
package import SluiceBase

/// The outbox: one SQLite file, one writing connection, no thread of its own.
///
/// Everything here is synchronous and belongs to one thread at a time: that of `OutboxWriter`, or of a command while no
/// gateway runs. Each operation is one transaction with a full sync, so everything that returns without an error is
/// durable. DESIGN.md next to this folder has the reasons, and what happens in a crash.
package final class OutboxStore {
    /// The configuration as given.
    package let configuration: OutboxConfiguration
    let time: any TimeSource
    /// Whether the file system keeps data reliably.
    package let filesystem: Filesystem.Verdict
    let reserve: ReserveFile
    /// The report of the salvage when the outbox was opened; nil if it was not damaged.
    package private(set) var salvaged: SalvageReport?
    /// Damaged files that were set aside, now or earlier, and still exist next to the outbox.
    package private(set) var damagedFiles: [String]
    /// Those that this start did not leave.
    var earlierDamagedFiles: [String] {
        let new = damagedLog?.copyPath.split(separator: "/").last
        return damagedFiles.filter { $0.split(separator: "/").last != new }
    }

    /// The files next to the outbox that list webhooks whose jobs a salvage could not save.
    package var lostLists: [String] { Salvage.lostLists(configuration.path) }

    /// Whether a new outbox was created although there was one before, whose file is missing.
    package let replacesOutbox: Bool
    /// Whether wrong bits of the file's header were corrected when the outbox was opened.
    package let isHeaderCorrected: Bool
    /// The unreadable part of the write-ahead log when the outbox was opened; nil if nothing was damaged.
    package let damagedLog: DamagedLog?

    var session: Session
    /// Declared after the session, so that the file is closed before the lock is released.
    private let lock: OutboxLock
    var ledger = Ledger()
    var keys = KeyIndex()
    /// Recent keys that this transaction set, with the row that each had before.
    var keyUndo: [(key: Fingerprint, before: Int64?)] = []
    var bodies = KeyBodies()
    var shares = RouteShares()
    var texts = TextScratch()
    /// The time for expiry.
    var clock: OutboxClock
    /// Milliseconds to add to the times of receipt in this batch, because the wall clock is behind.
    var receiptShift: Int64 = 0
    /// Entries of the index to write, and rows to check for forgetting, in the next transactions.
    var keyDebt = 0
    var forgetDebt = 0
    /// Keys over the limit to forget in the next transactions.
    var limitDebt = 0
    /// Whether deliveries were deleted since the last search for runs of the index without rows.
    var mayHaveDeadRuns = true
    /// The size of the smallest delivery that was refused since one was stored: the room that ends `full`.
    var smallestRefused: Int?
    /// The same for the size that deliveries would have added to the dead letters.
    var smallestDeadRefused: Int?
    /// Jobs that are being sent, and buried jobs.
    package let sending: SendingJobs
    /// The queues of the jobs stored by this process.
    package let queues: QueueMap
    /// The figures of the quarantine.
    package let quarantine: QuarantineFigures
    /// When the first quarantined request expires, in milliseconds since the epoch; nil if there is none.
    var quarantineExpiry: Int64?
    /// Those that seemed to be received in the future when the outbox was opened, and when they expire, on the
    /// monotonic clock; nil if there are none.
    var futureQuarantined: (receivedAfter: Int64, last: Int64, dueAt: Int64)?
    /// The queues of the jobs that this transaction stored.
    var queueNotes: [(id: Int64, queue: String)] = []
    var log = LogProgress()
    /// The threads that read filters in the background.
    let prefetch = Monitor((threads: 0, isStopped: false))

    /// The running backup.
    var backup: PageCopy?

    /// The identity of the open files.
    var files: [OutboxFile.FileIdentity]?
    /// When the files were last checked, on the monotonic clock.
    var filesCheckedAt: Int64 = .min

    /// Whether to continue in spite of damage: not while the outbox is opened, when it can be salvaged.
    var toleratesDamage = false
    /// Damage found since the outbox was opened. SQLite then fails every write of the same transaction, so optional
    /// rows are no longer read. The file must be salvaged.
    var damage: SQLiteError?
    /// What prevents the store from writing; nil if nothing does.
    var fault: StoreFault?
    /// Whether deliveries were refused because another program has the file locked, and none was stored since.
    var isLocked = false
    /// The last error, for the log; cleared by the code that logs it.
    package var unreportedError: SQLiteError?

    /// Opens or creates the outbox at `configuration.path`.
    ///
    /// - Parameters:
    ///   - time: for expiry, retention and deadlines.
    ///   - sending: the jobs that the lanes of this process are sending.
    ///   - queues: receives the queues of the stored jobs.
    ///   - quarantine: counts the quarantined requests; nil to create the figures here.
    ///   - pause: waits between two attempts to lock; nil for the system's sleep.
    ///   - held: called with a sentence if another process has the lock and is waited for.
    ///   - salvaging: called with the reason before a salvage begins.
    /// - Throws: a sentence with exit status 1 if the file is not an outbox of a version that this program knows, 69 if
    ///   the file, its folder or its lock is not available.
    package init(
        _ configuration: OutboxConfiguration, time: any TimeSource, sending: SendingJobs = SendingJobs(),
        queues: QueueMap = QueueMap(), quarantine: QuarantineFigures? = nil, pause: ((Duration) -> Void)? = nil,
        held: ((String) -> Void)? = nil, salvaging: ((SQLiteError) -> Void)? = nil
    )
        throws(StartupError)
    {
        self.configuration = configuration
        (self.sending, self.queues) = (sending, queues)
        self.quarantine = quarantine ?? QuarantineFigures(limit: configuration.maximumQuarantineBytes)
        self.time = time
        clock = OutboxClock(time)
        try OutboxFolder.check(FileAccess.folder(of: configuration.path), trustsOwner: configuration.trustsFolderOwner)
        let wasLocked = OutboxFile.modified(configuration.path + ".lock") != nil
        lock = try OutboxLock(
            of: configuration.path, trustsOwner: configuration.trustsFolderOwner,
            waitingFor: configuration.lockWait, needsStop: configuration.isSalvageAsked,
            time: time, pause: pause, held: held)
        filesystem = Filesystem.verdict(forFolder: FileAccess.folder(of: configuration.path))
        if case .unsuitable(let sentence) = filesystem, !configuration.allowsNetworkFilesystem {
            throw StartupError(.unavailable, sentence)
        }
        do throws(SQLiteError) { try Salvage.finish(configuration.path) } catch {
            throw Self.problem(error, opening: configuration.path)
        }
        reserve = ReserveFile(
            path: configuration.path + ".reserve", size: configuration.reserve,
            trustsOwner: configuration.trustsFolderOwner)
        replacesOutbox = try Self.requireContents(configuration) && wasLocked
        isHeaderCorrected = try OutboxFile.prepare(
            configuration.path, trustsOwner: configuration.trustsFolderOwner)
        damagedLog = try DamagedLog.setAside(configuration.path, on: reserve, time: time)
        (session, salvaged) = try Self.openChecked(configuration, on: reserve, time: time, tell: salvaging)
        damagedFiles = Salvage.setAside(configuration.path)
        try loadOrSalvage(tell: salvaging)
        prefetchFilters()
        queues.start(after: lastJobID)
        toleratesDamage = true
        files = OutboxFile.identity(of: configuration.path)
        fault = setAside(besides: DiskRoom.least)
        lock.keep()
    }

    /// Loads the figures; salvages the file if damage shows only then.
    private func loadOrSalvage(tell: ((SQLiteError) -> Void)?) throws(StartupError) {
        do throws(SQLiteError) {
            try load()
            if configuration.isSalvageAsked {
                try checkKeys()
                try checkDelivered()
            }
        } catch {
            var error = error
            // An overflowing sum of figures means damage.
            if error.code == SQLITE_ERROR { error = SQLiteError(code: SQLITE_CORRUPT, message: error.message) }
            session.connection.close()
            salvaged = try Self.salvage(after: error, configuration, time: time, tell: tell)
            damagedFiles = Salvage.setAside(configuration.path)
            do throws(SQLiteError) {
                session = try Self.openSession(configuration, on: reserve)
                try load()
            } catch {
                throw Self.problem(error, opening: configuration.path)
            }
        }
    }

    /// Closes the file after copying the log into it. The store must not be used afterwards.
    package func close() {
        endBackup()
        // A connection that is open keeps the log.
        stopPrefetch()
        // A log that remains is read at the next start, so an error here loses nothing.
        if knowsItsFile { _ = try? truncateLog() }
        session.connection.close()
    }

    /// The path of the database file.
    package var path: String { configuration.path }

    /// The last job stored; 0 before the first one.
    package var lastJobID: Int64 { ledger.nextJob - 1 }

    /// The first job that is not delivered, parked or dead, with which sending continues after a start.
    package var firstPendingJobID: Int64 { ledger.firstPending }

    /// The figures of the outbox.
    package var status: OutboxStatus {
        var status = OutboxStatus()
        status.pendingJobs = ledger.pendingJobs
        status.finishedGroups = ledger.finished.groups.count
        status.oldestPendingAtMilliseconds = ledger.pendingMark?.storedAt
        status.undeliveredBytes = ledger.undeliveredBytes
        status.parkedJobs = Int(ledger.parked)
        status.deadLetters = Int(ledger.deadLetters)
        status.deadBytes = ledger.deadBytes
        status.isDeadLimitReached = isDeadLimitReached
        status.deliveredBytes = ledger.deliveredBytes
        status.rememberedKeys = ledger.rememberedKeys
        status.lastJobID = lastJobID
        status.keysForgottenEarly = ledger.keysForgottenEarly
        status.isKeyLimitReached = isKeyLimitReached
        status.clockDriftMilliseconds = clock.isTrusted ? 0 : clock.drift
        status.condition = condition
        status.isMisplaced = fault?.kind == .misplaced
        status.damagedFiles = damagedFiles.count
        status.fileBytes = OutboxFile.size(of: path)
        status.walBytes = OutboxFile.size(of: path + "-wal")
        status.heldLogBytes = log.held * Pragmas.pageSize
        return status
    }

    var condition: OutboxCondition {
        switch fault?.kind {
        case .diskFull: .diskFull
        case .failing, .misplaced: .failing
        case nil where isLocked: .failing
        case nil:
            hasRoom(for: smallestRefused ?? 0) && ledger.undeliveredBytes < configuration.maximumBytes.bytes
                ? .storing : .full
        }
    }

    /// Whether a key was dropped early within the last hour.
    private var isKeyLimitReached: Bool {
        ledger.keyForgottenEarlyAt.map { time.monotonicNanoseconds() - $0 < 3_600_000_000_000 } ?? false
    }

    private var isDeadLimitReached: Bool { smallestDeadRefused.map { !hasRoom(forDead: $0) } ?? false }

    /// Runs `body` inside a transaction; all writes use it. When it returns, the transaction is on the disk; if it
    /// throws, memory and file are as before.
    func transaction<Result>(_ body: () throws(SQLiteError) -> Result) throws(SQLiteError) -> Result {
        let before = ledger
        keyUndo.removeAll(keepingCapacity: true)
        queueNotes.removeAll(keepingCapacity: true)
        do throws(SQLiteError) {
            try session.begin.run()
            let result = try body()
            try saveProgress()
            try session.commit.run()
            ledger.isChanged = false
            isLocked = false
            queues.add(queueNotes)
            return result
        } catch {
            if !session.connection.isInAutocommit { try? session.rollback.run() }
            ledger = before
            undoKeys()
            note(error)
            throw error
        }
    }

    /// As `transaction`, for writes that must also succeed on a full disk: releases the reserve and retries once.
    /// Recovers first after a failed write.
    func urgentTransaction<Result>(_ body: () throws(SQLiteError) -> Result) throws(OutboxError) -> Result {
        do throws(SQLiteError) {
            try recoverIfFailing()
            do throws(SQLiteError) {
                return try transaction(body)
            } catch {
                guard error.kind == .diskFull || isNewDamage(error) else { throw error }
                return try transaction(body)
            }
        } catch {
            throw OutboxError(error)
        }
    }

    /// Whether `note` has just recorded this damage, after which delivered jobs are no longer removed.
    private func isNewDamage(_ error: SQLiteError) -> Bool { error.kind == .damaged && damage == error }

    private func undoKeys() {
        for (key, before) in keyUndo.reversed() { keys.undo(key, before: before) }
        keyUndo.removeAll(keepingCapacity: true)
        // Ids of rows that were rolled back are used again.
        bodies = KeyBodies()
    }

    /// Writes the row of `progress` if a value that is stored only there has changed.
    private func saveProgress() throws(SQLiteError) {
        guard ledger.isChanged else { return }
        let figures = [
            ledger.firstPending, ledger.lastFinished, ledger.nextDelivery, ledger.seenEnd, Int64(ledger.keys.flushed),
            ledger.deadLetters, ledger.deadLetterBytes, ledger.parked, ledger.parkedBytes,
            ledger.nextPosition, ledger.keys.flushedEnd,
        ]
        let finished = ledger.finished.encoded
        for (index, figure) in figures.enumerated() { session.updateProgress.bind(figure, at: Int32(index + 1)) }
        session.updateProgress.bind(finished, at: 12)
        session.updateProgress.bind(Progress.checksum(figures, finished), at: 13)
        try session.updateProgress.run()
        ledger.isSealed = true
    }
}

extension OutboxStore: OutboxListing {
    package var queries: Queries { Queries(connection: session.connection) }
}
