internal import CSluiceSQLite

/// Holds a read mark of the write-ahead log at a chosen frame, so that a checkpoint copies the log up to this frame.
/// SQLite has no limit for one checkpoint, and would copy a long log at once.
///
/// A mark means that a reader may still use the database at that frame. Setting one is always safe: it can only delay a
/// checkpoint. Section 2.3 of <https://sqlite.org/walformat.html> describes the positions and locks of the marks; this
/// follows the steps of a reader.
@safe final class ReadMark {
    private static let firstMark = 100
    /// Marks 1 to 4; mark 0 is for readers that do not use the log.
    private static let slots: ClosedRange<Int32> = 1...4
    /// The lock of mark 0; that of mark N is N places after it.
    private static let firstLock: Int32 = 3
    /// SQLite maps the index of the log in pieces of this size.
    private static let pieceBytes: Int32 = 32768

    /// A separate connection: SQLite expects each connection to take a lock once.
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

    /// Limits checkpoints to the first `frame` frames of the log, until `release`.
    ///
    /// - Returns: `false` if readers use all marks.
    func hold(at frame: Int) -> Bool {
        release()
        guard let methods = unsafe file.pointee.pMethods, let mark = UInt32(exactly: frame) else { return false }
        var piece: UnsafeMutableRawPointer?
        // The index exists, because the log has more than one piece of frames: nothing is extended.
        guard unsafe methods.pointee.xShmMap(file, 0, Self.pieceBytes, 0, &piece) == SQLITE_OK, let index = unsafe piece
        else { return false }
        held = Self.slots.last { unsafe set($0, to: mark, in: index) }
        return held != nil
    }

    /// Lets checkpoints continue to the end of the log.
    func release() {
        guard let slot = held else { return }
        lock(slot, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED)
        held = nil
    }

    /// Sets one mark as a reader does: under its exclusive lock. The mark counts if it is unchanged under the shared
    /// lock.
    private func set(_ slot: Int32, to mark: UInt32, in index: UnsafeMutableRawPointer) -> Bool {
        guard lock(slot, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) else { return false }
        let offset = Self.firstMark + Int(slot) * MemoryLayout<UInt32>.size
        // Inside the piece: the marks end at byte 120. Nobody else may write this one under the lock.
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
