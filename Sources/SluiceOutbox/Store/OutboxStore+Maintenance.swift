internal import SluiceBase

extension OutboxStore {
    /// Delivered jobs removed in one step.
    private static let trimStep = 1000
    /// Free pages that are kept for later use: 64 MiB, or a quarter of the file; none if the disk is short of space.
    /// Giving a page back means moving another one.
    private static let freePagesKept: Int64 = 4096
    /// Pages given back to the file system in one step.
    private static let vacuumStep = 128

    /// Does the work that is needed between two batches even under load: checking that the files are still in place,
    /// and copying the log when it is long enough. Costs nothing if that is not due.
    package func maintain() {
        checkFiles()
        checkLock()
        // Each transaction would wait for the lock, and deliveries for the transaction.
        if isLocked, fault == nil { return }
        recoverIfDue()
        guard knowsItsFile else { return }
        do throws(SQLiteError) {
            if fault == nil { try dropDeadRuns() }
            if damage != nil { try refreshPendingMark() }
            // Also on a full disk, where each acknowledgement would make the log longer.
            try checkpointIfDue()
        } catch {
            note(error)
        }
    }

    /// Does one short step of the work that can wait until the outbox is idle: old delivered jobs, expired keys, free
    /// pages.
    ///
    /// - Returns: whether another step can run immediately.
    package func maintainIdle() -> Bool {
        maintain()
        if isLocked, fault == nil { return false }
        do throws(SQLiteError) {
            switch fault?.kind {
            case .failing, .misplaced: return false
            case .diskFull: return try makeRoom()
            case nil:
                if try trimDelivered() { return true }
                if try forget() { return true }
                if try expireQuarantined() { return true }
                if try deleteFreeChunks() { return true }
                if try vacuum() { return true }
                return try shortenLog()
            }
        } catch {
            note(error)
            return false
        }
    }

    /// One step of forgetting deliveries.
    private func forget() throws(SQLiteError) -> Bool {
        let isDue = isForgettingDue
        let isOverLimit = isLimitDue
        let isSweepDue = time.monotonicNanoseconds() >= ledger.sweep.dueAt
        guard isDue || isOverLimit || isSweepDue else { return false }
        try transaction { () throws(SQLiteError) in
            if isDue { try forgetExpired() }
            if isOverLimit { try forgetOverLimit() }
            if isSweepDue { try sweep() }
        }
        try dropDeadRuns()
        return isForgettingDue || isLimitDue
    }

    /// One step towards room for the reserve on a disk that the outbox itself may have filled: gives back the log, the
    /// delivered jobs even before their time, and every free page. Accepting webhooks has priority over showing
    /// delivered jobs.
    ///
    /// - Returns: whether there is more to do.
    private func makeRoom() throws(SQLiteError) -> Bool {
        // The log is emptied before anything is written to it; this alone makes it shorter.
        guard try truncateLog() else { return false }
        fault = setAside(besides: DiskRoom.regular)
        if fault == nil { return true }
        if try transaction({ () throws(SQLiteError) in try trimDelivered(at: .max, limit: Self.trimStep) }) {
            return true
        }
        if try vacuum(keeping: 0) { return true }
        fault = setAside(besides: DiskRoom.least)
        return fault == nil
    }

    // MARK: Delivered jobs

    private func trimDelivered() throws(SQLiteError) -> Bool {
        let now = clock.retention
        if let oldest = ledger.oldestDeliveredAt, oldest > now { try refreshOldestDelivered() }
        guard isTrimDue(at: now) else { return false }
        return try transaction { () throws(SQLiteError) in try trimDelivered(at: now, limit: Self.trimStep) }
    }

    private func isTrimDue(at now: Int64) -> Bool {
        // A damaged page among them would make every acknowledgement fail.
        guard damage == nil, ledger.oldestJob < ledger.firstPending else { return false }
        return hasOldJobs(at: now) || ledger.deliveredBytes > configuration.keepDeliveredBytes.bytes
    }

    private func hasOldJobs(at now: Int64) -> Bool {
        ledger.oldestDeliveredAt.map { $0 <= now - configuration.keepDelivered.wholeMilliseconds } ?? false
    }

    /// Removes the oldest delivered jobs that are over the limits of time or size. Inside a transaction.
    ///
    /// - Returns: whether any were removed.
    func trimDelivered(at now: Int64, limit: Int) throws(SQLiteError) -> Bool {
        guard isTrimDue(at: now) else { return false }
        let byTime =
            try session.selectTimeCut.first(
                ledger.firstPending, Int64(limit), now - configuration.keepDelivered.wholeMilliseconds,
                hasOldJobs(at: now) ? ledger.futureDeliveredEnd : 0
            ) { $0.int64(0) } ?? 0
        let byBytes =
            if ledger.deliveredRequests > 0 {
                try bytesCutWithRequests(limit)
            } else {
                try session.selectBytesCut.first(
                    ledger.firstPending, Int64(limit),
                    ledger.pendingPosition - Int64(configuration.keepDeliveredBytes.bytes)
                ) { $0.int64(0) } ?? 0
            }
        let last = max(byTime, byBytes)
        guard last > 0 else { return false }
        try session.deleteJobsThrough.run(last)
        try session.deleteDeliveredThrough.run(last)
        try refreshOldest()
        guard ledger.oldestJob > last else { throw neverDelivered(ledger.oldestJob) }
        return true
    }

    // MARK: Free pages

    private func vacuum() throws(SQLiteError) -> Bool {
        if isDiskShort { return try vacuum(keeping: Int64(Self.vacuumStep)) }
        let pages = try session.connection.integer("PRAGMA page_count") ?? 0
        return try vacuum(keeping: max(Self.freePagesKept, pages / 4) + Int64(Self.vacuumStep))
    }

    /// - Parameter kept: the number of free pages to keep.
    private func vacuum(keeping kept: Int64) throws(SQLiteError) -> Bool {
        let free = try session.connection.integer("PRAGMA freelist_count") ?? 0
        guard free > kept else { return false }
        try session.connection.execute("PRAGMA incremental_vacuum(\(Self.vacuumStep))")
        return true
    }
}
