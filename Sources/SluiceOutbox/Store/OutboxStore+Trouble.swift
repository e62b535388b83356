internal import CSluiceSQLite
internal import SluiceBase

/// What keeps the store from writing, and when it is worth another try.
struct Trouble: Equatable {
    enum Kind: Equatable {
        /// No space is left. The reserve has been given up, so acknowledgements may still be written.
        case diskFull
        /// A write or a sync failed: what the disk holds of the last transaction is not known.
        case failing
        /// The files that are open are no longer the ones at the outbox's path: what is written to them now, nobody
        /// finds after a start.
        case misplaced
    }

    /// Nanoseconds between two tries.
    static let pause: Int64 = 1_000_000_000

    let kind: Kind
    /// On the monotonic clock.
    var retryAt: Int64

    init(_ kind: Kind, retryAt: Int64) {
        self.kind = kind
        self.retryAt = retryAt
    }
}

/// How much space there must be on the disk besides the reserve, in bytes.
enum DiskRoom {
    /// For the write-ahead log at its full length. With less, the log is kept short and free pages are given back.
    static let regular = Pragmas.logBytesKept
    /// What the outbox works with if nothing else can be given back: a log that is kept short, and what it is copied to.
    static let least = 8 << 20
}

extension OutboxStore {
    /// Draws the consequence of an error that a transaction or a checkpoint ended with.
    func note(_ error: SQLiteError) {
        unreportedError = error
        if error.meansFullDisk { reserve.release() }
        switch error.kind {
        case .diskFull:
            if knowsItsFile {
                trouble = Trouble(.diskFull, retryAt: time.monotonicNanoseconds() + Trouble.pause)
            }
        case .failed, .damaged: trouble = Trouble(.failing, retryAt: time.monotonicNanoseconds())
        case .busy: break
        }
    }

    /// Why a delivery cannot even be tried now; nil when it can.
    func refusal() -> ErrorCode? {
        overcomeTrouble()
        return switch trouble?.kind {
        case .diskFull: .diskFull
        case .failing, .misplaced: .commitFailed
        case nil: nil
        }
    }

    /// Tries to get out of trouble if there is any and its time has come.
    func overcomeTrouble() {
        guard let trouble, time.monotonicNanoseconds() >= trouble.retryAt else { return }
        switch trouble.kind {
        case .diskFull:
            self.trouble = setAside(besides: DiskRoom.regular)
        case .failing: try? recover()
        case .misplaced: break
        }
    }

    /// Sets the reserve aside again after a write found the disk full. The room besides it proves that deliveries fit
    /// again: the reserve alone may be the space that was released for it.
    ///
    /// - Returns: the trouble that is left; nil if there is none.
    func setAside(besides room: Int) -> Trouble? {
        reserve.acquire(besides: room)
            ? nil : Trouble(.diskFull, retryAt: time.monotonicNanoseconds() + Trouble.pause)
    }

    /// Whether the disk has little space besides what the outbox has.
    var isDiskShort: Bool { OutboxFile.freeBytes(at: path).map { $0 < DiskRoom.regular } ?? false }

    /// Ends `isLocked` when another program no longer has the file locked, without waiting for it.
    func seekLock() {
        guard isLocked, trouble == nil else { return }
        session.connection.setBusyTimeout(milliseconds: 0)
        defer { session.connection.setBusyTimeout(milliseconds: Connection.busyTimeout) }
        guard (try? session.begin.run()) != nil else { return }
        try? session.rollback.run()
        isLocked = false
    }

    /// Looks once a second whether the files that are open are still at their place: somebody may have deleted or
    /// replaced them, and SQLite writes on without noticing. No delivery is taken then, while those that are stored
    /// still go out.
    func seekFiles() {
        let now = time.monotonicNanoseconds()
        guard files != nil, now >= filesSoughtAt + Trouble.pause else { return }
        filesSoughtAt = now
        let areInPlace = OutboxFile.identity(of: path) == files
        if !areInPlace, trouble?.kind != .misplaced {
            trouble = Trouble(.misplaced, retryAt: .max)
            unreportedError = misplaced
        } else if areInPlace, trouble?.kind == .misplaced {
            // What was wrong before or went wrong meanwhile was not looked at: only a recovery knows.
            trouble = Trouble(.failing, retryAt: now)
        }
    }

    /// Whether nothing is wrong but, perhaps, that the disk is full: what the file holds is known, and it is the right
    /// one.
    var knowsItsFile: Bool { trouble == nil || trouble?.kind == .diskFull }

    private var misplaced: SQLiteError {
        SQLiteError(
            code: SQLITE_CANTOPEN,
            message:
                "the outbox files were deleted, moved or replaced while in use; put the same files back, or "
                + "restart"
        )
    }

    /// For operations that may not wait for the next try.
    func recoverIfFailing() throws(SQLiteError) {
        if trouble?.kind == .failing { try recover() }
    }

    /// Gets back to a known state after a failed write or sync. Where that meets a full disk the reserve is given up
    /// and it is tried again at once: the log can only be emptied into a database file that may grow.
    private func recover() throws(SQLiteError) {
        do throws(SQLiteError) {
            do throws(SQLiteError) {
                try reopen()
            } catch {
                guard error.meansFullDisk, reserve.isHeld else { throw error }
                reserve.release()
                try reopen()
            }
            trouble = setAside(besides: DiskRoom.least)
        } catch {
            unreportedError = error
            trouble = Trouble(.failing, retryAt: time.monotonicNanoseconds() + Trouble.pause)
            throw error
        }
    }

    /// In this order (DESIGN.md, "A failed sync"): everything committed is copied from the log into the database file
    /// and synced, and the log is emptied, on the connection that knows where the last good transaction ended; only
    /// then is the connection opened again and everything in memory read again.
    private func reopen() throws(SQLiteError) {
        // Opened again by its name it would be another outbox.
        guard files == nil || OutboxFile.identity(of: path) == files else { throw misplaced }
        guard try truncateLog() else {
            throw SQLiteError(code: SQLITE_BUSY, message: "a reader holds the write-ahead log")
        }
        endBackup()
        let fresh = try Self.openSession(configuration)
        session.connection.close()
        session = fresh
        try load()
        files = OutboxFile.identity(of: path)
    }
}
