internal import SluiceBase

extension OutboxStore {
    /// Delivered jobs removed in one step.
    private static let trimStep = 1000
    /// Free pages that stay for what comes next: 64 MiB, or a quarter of the file; none on a disk that is short of
    /// space. To give a page back costs moving another one.
    private static let freePagesKept: Int64 = 4096
    /// Pages given back to the file system in one step.
    private static let vacuumStep = 128

    /// What must be done between two batches even under load: copying the log when it is long enough. Costs nothing
    /// when that is not due.
    package func maintain() {
        overcomeTrouble()
        guard knowsItsFile else { return }
        do throws(SQLiteError) {
            if trouble == nil { try dropDeadRuns() }
            // Also on a full disk, where each acknowledgement would make the log longer.
            try checkpointIfDue()
        } catch {
            note(error)
        }
    }

    /// One short step of what can wait for a quiet moment: delivered jobs whose time is over, expired keys, free pages.
    ///
    /// - Returns: whether another step has something to do at once.
    package func maintainIdle() -> Bool {
        seekFiles()
        seekLock()
        // Each transaction would wait for the lock, and deliveries for it.
        if isLocked, trouble == nil { return false }
        maintain()
        do throws(SQLiteError) {
            switch trouble?.kind {
            case .failing, .misplaced: return false
            case .diskFull: return try makeRoom()
            case nil:
                if try trimDelivered() { return true }
                if try forget() { return true }
                if try expireQuarantined() { return true }
                if try deleteFreeChunks() { return true }
                if try vacuum() { return true }
                return try tendLog()
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
    /// delivered jobs, whose time is over or not, and every free page. To take webhooks is worth more than to show what
    /// has been delivered.
    ///
    /// - Returns: whether another step has something to do.
    private func makeRoom() throws(SQLiteError) -> Bool {
        // Emptied before anything is written to it, and the file becomes shorter by this alone.
        guard try truncateLog() else { return false }
        trouble = setAside(besides: DiskRoom.regular)
        if trouble == nil { return true }
        if try transaction({ () throws(SQLiteError) in try trimDelivered(at: .max, limit: Self.trimStep) }) {
            return true
        }
        if try vacuum(keeping: 0) { return true }
        trouble = setAside(besides: DiskRoom.least)
        return trouble == nil
    }

    // MARK: Delivered jobs

    private func trimDelivered() throws(SQLiteError) -> Bool {
        let now = clock.now
        guard isTrimDue(at: now) else { return false }
        return try transaction { () throws(SQLiteError) in try trimDelivered(at: now, limit: Self.trimStep) }
    }

    private func isTrimDue(at now: Int64) -> Bool {
        // A damaged page among them would make every acknowledgement fail.
        guard damage == nil, ledger.oldestJob < ledger.firstPending else { return false }
        let isOld = ledger.oldestDeliveredAt.map { $0 <= now - configuration.keepDelivered.wholeMilliseconds } ?? false
        return isOld || ledger.deliveredBytes > configuration.keepDeliveredBytes.bytes
    }

    /// Removes the oldest delivered jobs that are kept for too long or are too many. Inside a transaction.
    ///
    /// - Returns: whether some were removed.
    func trimDelivered(at now: Int64, limit: Int) throws(SQLiteError) -> Bool {
        guard isTrimDue(at: now) else { return false }
        let byTime = try cut(session.selectTimeCut, limit, bound: now - configuration.keepDelivered.wholeMilliseconds)
        let byBytes =
            if ledger.deliveredRequests > 0 {
                try bytesCutWithRequests(limit)
            } else {
                try cut(
                    session.selectBytesCut, limit,
                    bound: ledger.pendingPosition - Int64(configuration.keepDeliveredBytes.bytes))
            }
        let last = max(byTime, byBytes)
        guard last > 0 else { return false }
        session.deleteJobsThrough.bind(last, at: 1)
        try session.deleteJobsThrough.run()
        session.deleteDeliveredThrough.bind(last, at: 1)
        try session.deleteDeliveredThrough.run()
        try refreshOldest()
        return true
    }

    private func cut(_ statement: Statement, _ limit: Int, bound: Int64) throws(SQLiteError) -> Int64 {
        statement.bind(ledger.firstPending, at: 1)
        statement.bind(Int64(limit), at: 2)
        statement.bind(bound, at: 3)
        defer { statement.reset() }
        return try statement.step() ? statement.int64(0) : 0
    }

    // MARK: Free pages

    private func vacuum() throws(SQLiteError) -> Bool {
        if isDiskShort { return try vacuum(keeping: Int64(Self.vacuumStep)) }
        let pages = try session.connection.integer("PRAGMA page_count") ?? 0
        return try vacuum(keeping: max(Self.freePagesKept, pages / 4) + Int64(Self.vacuumStep))
    }

    /// - Parameter kept: free pages that stay.
    private func vacuum(keeping kept: Int64) throws(SQLiteError) -> Bool {
        let free = try session.connection.integer("PRAGMA freelist_count") ?? 0
        guard free > kept else { return false }
        try session.connection.execute("PRAGMA incremental_vacuum(\(Self.vacuumStep))")
        return true
    }
}
