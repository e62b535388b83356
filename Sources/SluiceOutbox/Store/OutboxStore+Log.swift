internal import SluiceBase

/// How far the write-ahead log has been copied into the database file.
struct LogProgress {
    /// Frames that are in the database file.
    var copied = 0
    /// Frames behind these that a reader keeps from being copied.
    var held = 0
    /// The length of the log, in frames, and the time on the monotonic clock from which on it is tried again while a
    /// reader holds frames; the earlier one counts.
    var tryAtFrames = 0
    var tryAt: Int64 = 0
}

extension OutboxStore {
    /// While a reader holds frames it is tried again after this many nanoseconds.
    private static let holdPause: Int64 = 1_000_000_000

    /// Copies a part of the log into the database file once `checkpointEvery` of it is not copied, or an eighth on a
    /// disk that is short of space. A log that is copied whole is restarted by the next transaction, in the same blocks
    /// of the disk.
    ///
    /// - Returns: whether there is more to copy at once.
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

    /// A reader that has gone may have left gigabytes: these are copied in short steps, between which deliveries are
    /// stored.
    private func checkpoint(frames: Int, step: Int) throws(SQLiteError) -> Bool {
        let end = frames - log.copied > 2 * step ? log.copied + max(1, step / 4) : frames
        let mark = end < frames ? try? ReadMark(path: path, vfs: configuration.vfs) : nil
        // Where no mark is free readers hold the log anyway.
        _ = mark?.hold(at: end)
        let result = try session.connection.checkpoint(.passive)
        mark?.release()
        log.copied = result.copied
        log.held = result.copied < end ? result.frames - result.copied : 0
        log.tryAtFrames = frames + max(1, step / 8)
        log.tryAt = time.monotonicNanoseconds() + Self.holdPause
        return log.held == 0 && result.copied < frames
    }

    /// In a quiet moment: copies what is left of a long log, and gives back the blocks that only a reader made it need.
    ///
    /// - Returns: whether there is more to do at once.
    func tendLog() throws(SQLiteError) -> Bool {
        if try checkpointIfDue() { return true }
        let length = OutboxFile.size(of: path + "-wal")
        guard log.held == 0, length > Pragmas.logBytesKept || length > DiskRoom.least && isDiskShort else {
            return false
        }
        do throws(SQLiteError) {
            _ = try truncateLog(waits: false)
        } catch  where error.kind == .busy {
            // A reader has come: the next quiet moment will do.
        }
        return false
    }

    /// Copies the whole log and empties it.
    ///
    /// - Parameter waits: whether to wait for readers, for at most a second.
    /// - Returns: whether that succeeded.
    func truncateLog(waits: Bool = true) throws(SQLiteError) -> Bool {
        if !waits { session.connection.setBusyTimeout(milliseconds: 0) }
        defer { if !waits { session.connection.setBusyTimeout(milliseconds: Connection.busyTimeout) } }
        let result = try session.connection.checkpoint(.truncate)
        guard result.frames == result.copied else { return false }
        log = LogProgress()
        return true
    }
}
