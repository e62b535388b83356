internal import CSluiceSQLite
internal import SluiceBase

/// What prevents the store from writing, and when it attempts to recover.
struct StoreFault: Equatable {
    enum Kind: Equatable {
        /// No space is left. The reserve has been released, so acknowledgements may still be written.
        case diskFull
        /// A write or a sync failed: the state of the last transaction on disk is not known.
        case failing
        /// The open files are no longer at the outbox's path: writes to them would be lost after a restart.
        case misplaced
    }

    /// Nanoseconds between two attempts to recover.
    static let pause: Int64 = 1_000_000_000

    let kind: Kind
    /// On the monotonic clock.
    var retryAt: Int64
}

/// The space that must be free on the disk in addition to the reserve, in bytes.
enum DiskRoom {
    /// For the write-ahead log at its full length. With less, the log is kept short and free pages are given back.
    static let regular = Pragmas.logBytesKept
    /// The minimum if nothing else can be given back: a log that is kept short, and its copy.
    static let least = 8 << 20
}

extension OutboxStore {
    /// Handles the error of a transaction or a checkpoint.
    func note(_ error: SQLiteError) {
        unreportedError = error
        if error.meansFullDisk { reserve.release() }
        switch error.kind {
        case .diskFull:
            if knowsItsFile {
                fault = StoreFault(kind: .diskFull, retryAt: time.monotonicNanoseconds() + StoreFault.pause)
            }
        case .damaged:
            if toleratesDamage, damage == nil { damage = error }
            fault = StoreFault(kind: .failing, retryAt: time.monotonicNanoseconds())
        case .failed: fault = StoreFault(kind: .failing, retryAt: time.monotonicNanoseconds())
        case .busy: break
        }
    }

    /// Why a delivery cannot be attempted now; `nil` if it can.
    func refusal() -> ErrorCode? {
        recoverIfDue()
        return switch fault?.kind {
        case .diskFull: .diskFull
        case .failing, .misplaced: .commitFailed
        case nil: nil
        }
    }

    /// Attempts a recovery if it is due.
    func recoverIfDue() {
        guard let fault, time.monotonicNanoseconds() >= fault.retryAt else { return }
        switch fault.kind {
        case .diskFull: self.fault = setAside(besides: DiskRoom.regular)
        case .failing: try? recover()
        case .misplaced: break
        }
    }

    /// Reserves the space again after a write found the disk full. The additional room proves that deliveries fit
    /// again: the reserve alone may be the space that was released.
    ///
    /// - Returns: the remaining fault; nil if there is none.
    func setAside(besides room: Int) -> StoreFault? {
        reserve.acquire(besides: room)
            ? nil : StoreFault(kind: .diskFull, retryAt: time.monotonicNanoseconds() + StoreFault.pause)
    }

    /// Whether the disk has little free space.
    var isDiskShort: Bool { OutboxFile.freeBytes(at: path).map { $0 < DiskRoom.regular } ?? false }

    /// Clears `isLocked` if no other program has the file locked any longer, without waiting for it.
    func checkLock() {
        guard isLocked, fault == nil else { return }
        session.connection.setBusyTimeout(milliseconds: 0)
        defer { session.connection.setBusyTimeout(milliseconds: Connection.busyTimeout) }
        guard (try? session.begin.run()) != nil else { return }
        try? session.rollback.run()
        isLocked = false
    }

    /// Checks once a second whether the open files were deleted or replaced, which SQLite does not notice. Deliveries
    /// are then refused, while stored jobs are still sent.
    func checkFiles() {
        let now = time.monotonicNanoseconds()
        guard files != nil, now >= filesCheckedAt + StoreFault.pause else { return }
        filesCheckedAt = now
        let areInPlace = OutboxFile.identity(of: path) == files
        if !areInPlace, fault?.kind != .misplaced {
            fault = StoreFault(kind: .misplaced, retryAt: .max)
            unreportedError = misplaced
        } else if areInPlace, fault?.kind == .misplaced {
            // Problems before or in the meantime were not checked: only a recovery can find them.
            fault = StoreFault(kind: .failing, retryAt: now)
        }
    }

    /// Whether the contents of the file are known and it is the right file, even if the disk is full.
    var knowsItsFile: Bool { fault == nil || fault?.kind == .diskFull }

    private var misplaced: SQLiteError {
        SQLiteError(
            code: SQLITE_CANTOPEN,
            message:
                "the outbox files were deleted, moved or replaced while in use; put the same files back, or "
                + "restart"
        )
    }

    /// For operations that cannot wait for the next attempt.
    func recoverIfFailing() throws(SQLiteError) {
        if fault?.kind == .failing { try recover() }
    }

    /// Returns to a known state after a failed write or sync. On a full disk, the reserve is released and the recovery
    /// retried immediately: emptying the log may make the database file grow.
    private func recover() throws(SQLiteError) {
        do throws(SQLiteError) {
            do throws(SQLiteError) {
                try reopen()
            } catch {
                guard error.meansFullDisk, reserve.isHeld else { throw error }
                reserve.release()
                try reopen()
            }
            fault = setAside(besides: DiskRoom.least)
        } catch {
            unreportedError = error
            fault = StoreFault(kind: .failing, retryAt: time.monotonicNanoseconds() + StoreFault.pause)
            throw error
        }
    }

    /// In this order (DESIGN.md, "A failed sync"): everything committed is copied from the log into the database file
    /// and synced, and the log is emptied, on the connection that knows the end of the last valid transaction; only
    /// then is the connection opened again and the state in memory read again.
    private func reopen() throws(SQLiteError) {
        // A file that is opened by its name again could be another outbox.
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
