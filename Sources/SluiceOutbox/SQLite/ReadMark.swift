internal import CSluiceSQLite

/// Holds a read mark of the write-ahead log at a frame of one's choice, so that a checkpoint copies the log up to there
/// and no further. SQLite itself has no limit for one checkpoint, and a long log would be copied in one go.
///
/// A mark says that somebody may still read the database as it was at that frame. Setting one never breaks anything: it
/// can only hold a checkpoint back. Where the marks lie and how they are locked is described in section 2.3 of
/// <https://sqlite.org/walformat.html>; this follows the steps of a reader.
@safe final class ReadMark {
    private static let firstMark = 100
    /// Marks 1 to 4; mark 0 is for readers that do not use the log.
    private static let slots: ClosedRange<Int32> = 1...4
    /// The lock of mark 0; that of another one is as many places behind it.
    private static let firstLock: Int32 = 3
    /// SQLite maps the index of the log in pieces of this size.
    private static let pieceBytes: Int32 = 32768

    /// Of its own: SQLite expects that one connection takes each lock once.
    private let connection: Connection
    private let file: UnsafeMutablePointer<sqlite3_file>
    private var held: Int32?

    /// - Parameters:
    ///   - path: the database file, which is in use and has a log.
    init(path: String, vfs: String?) throws(SQLiteError) {
        connection = try Connection(path: path, vfs: vfs, access: .readWrite)
        // Maps the index of the log.
        _ = try connection.integer("SELECT count(*) FROM progress")
        unsafe file = try connection.file()
    }

    deinit { release() }

    /// Holds checkpoints to the first `frame` frames of the log, until `release`.
    ///
    /// - Returns: false when every mark is in use by a reader.
    func hold(at frame: Int) -> Bool {
        release()
        guard let methods = unsafe file.pointee.pMethods, let mark = UInt32(exactly: frame) else { return false }
        var piece: UnsafeMutableRawPointer?
        // The index exists, because a log of more than one piece's frames is in use: nothing is extended.
        guard unsafe methods.pointee.xShmMap(file, 0, Self.pieceBytes, 0, &piece) == SQLITE_OK, let index = unsafe piece
        else { return false }
        held = Self.slots.last { unsafe set($0, to: mark, in: index) }
        return held != nil
    }

    /// Lets checkpoints go on to the end of the log.
    func release() {
        guard let slot = held else { return }
        lock(slot, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED)
        held = nil
    }

    /// Sets one mark as a reader does: with its exclusive lock, and it counts if it is unchanged under the shared one.
    private func set(_ slot: Int32, to mark: UInt32, in index: UnsafeMutableRawPointer) -> Bool {
        guard lock(slot, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) else { return false }
        let offset = Self.firstMark + Int(slot) * MemoryLayout<UInt32>.size
        // Inside the piece: the marks end at byte 120 of it. Nobody else may write this one under the lock.
        unsafe index.storeBytes(of: mark, toByteOffset: offset, as: UInt32.self)
        lock(slot, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE)
        guard lock(slot, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED) else { return false }
        if unsafe index.load(fromByteOffset: offset, as: UInt32.self) == mark { return true }
        lock(slot, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED)
        return false
    }

    @discardableResult
    private func lock(_ slot: Int32, _ flags: Int32) -> Bool {
        // The file belongs to the connection, which lives as long as this object.
        unsafe file.pointee.pMethods.pointee.xShmLock(file, Self.firstLock + slot, 1, flags) == SQLITE_OK
    }
}
