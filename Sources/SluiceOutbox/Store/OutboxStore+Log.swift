internal import SluiceBase

/// The progress of copying the write-ahead log into the database file.
struct LogProgress {
    /// The number of frames in the database file.
    var copied = 0
    /// The number of later frames that a reader prevents from being copied.
    var held = 0
    /// While a reader holds frames, the copy is retried at this length of the log in frames or at this monotonic time,
    /// whichever comes first.
    var tryAtFrames = 0
    var tryAt: Int64 = 0
}

extension OutboxStore {
    /// The nanoseconds between retries while a reader holds frames.
    private static let holdPause: Int64 = 1_000_000_000

    /// Copies a part of the log into the database file if `checkpointEvery` frames are not copied, or an eighth of that
    /// if the disk is short of space. After a complete copy the next transaction restarts the log, in the same blocks
    /// of the disk.
    ///
    /// - Returns: whether there is more to copy immediately.
    @discardableResult
    func checkpointIfDue() throws(SQLiteError) -> Bool {
        let frames = session.connection.walFrames
        if frames < log.copied { log = LogProgress() }
        var step = configuration.checkpointEvery.bytes / Pragmas.pageSize
        let short = max(1, step / 8)
        if frames - log.copied >= short, isDiskShort { step = short }
        guard frames - log.copied >= step else { return false }
        guard log.held == 0 || frames >= log.tryAtFrames || time.monotonicNanoseconds() >= log.tryAt else {
            return false
        }
        return try checkpoint(frames: frames, step: step)
    }

    /// Copies in short steps, between which deliveries are stored: after a long read there may be gigabytes to copy.
    private func checkpoint(frames: Int, step: Int) throws(SQLiteError) -> Bool {
        let end = frames - log.copied > 2 * step ? log.copied + max(1, step / 4) : frames
        let mark = end < frames ? try? ReadMark(path: path, vfs: configuration.vfs) : nil
        // If no mark is free, readers hold the log anyway.
        _ = mark?.hold(at: end)
        let result = try session.connection.checkpoint(.passive)
        mark?.release()
        log.copied = result.copied
        log.held = result.copied < end ? result.frames - result.copied : 0
        log.tryAtFrames = frames + max(1, step / 8)
        log.tryAt = time.monotonicNanoseconds() + Self.holdPause
        return log.held == 0 && result.copied < frames
    }

    /// Copies the rest of a long log, and releases the blocks that only a reader made necessary. To be called when
    /// idle.
    ///
    /// - Returns: whether there is more to do immediately.
    func shortenLog() throws(SQLiteError) -> Bool {
        if try checkpointIfDue() { return true }
        let length = OutboxFile.size(of: path + "-wal")
        guard log.held == 0, length > Pragmas.logBytesKept || length > DiskRoom.least && isDiskShort else {
            return false
        }
        do throws(SQLiteError) {
            _ = try truncateLog(waits: false)
        } catch  where error.kind == .busy {
            // A reader has started: retry when idle again.
        }
        return false
    }

    /// Copies the whole log and empties it.
    ///
    /// - Parameter waits: whether to wait for readers, for at most a second.
    /// - Returns: whether it succeeded.
    func truncateLog(waits: Bool = true) throws(SQLiteError) -> Bool {
        if !waits { session.connection.setBusyTimeout(milliseconds: 0) }
        defer { if !waits { session.connection.setBusyTimeout(milliseconds: Connection.busyTimeout) } }
        let result = try session.connection.checkpoint(.truncate)
        guard result.frames == result.copied else { return false }
        log = LogProgress()
        return true
    }
}
