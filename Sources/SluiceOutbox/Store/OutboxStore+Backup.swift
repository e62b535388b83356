internal import CSluiceSQLite
internal import SluiceBase

/// A copy of the whole outbox, made in slices between batches of deliveries. It contains everything that was stored
/// when the last slice was copied, because later changes are written to both.
extension OutboxStore {
    /// The maximum delay of waiting deliveries by a slice.
    private static let sliceNanoseconds: Int64 = 3_000_000
    /// Pages copied between two checks of the clock, and by one slice: 2 MiB.
    private static let stepPages: Int32 = 8
    private static let slicePages: Int32 = 128

    /// The approximate size of a backup in bytes.
    package var backupBytes: Int { OutboxFile.size(of: path) + OutboxFile.size(of: path + "-wal") }

    /// - Parameter path: an existing empty file.
    package func beginBackup(to path: String) throws(OutboxError) {
        guard backup == nil else { throw .refused("another backup of this outbox is running") }
        do throws(SQLiteError) { backup = try PageCopy(of: session.connection, to: path) } catch {
            throw Self.backupFailed(error)
        }
    }

    /// Copies one slice.
    ///
    /// - Returns: whether the backup is complete; its file is then closed and must still be synced.
    package func continueBackup() throws(OutboxError) -> Bool {
        guard let backup else { throw .refused("the backup was interrupted: the outbox had to be opened again") }
        let end = time.monotonicNanoseconds() + Self.sliceNanoseconds
        do throws(SQLiteError) {
            for _ in 0..<(Self.slicePages / Self.stepPages) {
                if try backup.step(pages: Self.stepPages) {
                    endBackup()
                    return true
                }
                if time.monotonicNanoseconds() >= end { break }
            }
            return false
        } catch {
            endBackup()
            throw Self.backupFailed(error)
        }
    }

    /// Ends a running backup, complete or not.
    package func endBackup() {
        backup?.finish()
        backup = nil
    }

    private static func backupFailed(_ error: SQLiteError) -> OutboxError { .refused("the backup failed: \(error)") }
}

/// A copy of a whole database, made in steps between which the source connection reads and writes as usual: SQLite
/// repeats its changes in the copy. A change of another connection restarts the copy.
///
/// Belongs to the thread of the source connection.
@safe final class PageCopy {
    // Allocated by SQLite, finished exactly once, before either connection is closed.
    private var handle: OpaquePointer?
    private let copy: Connection

    /// - Parameters:
    ///   - source: must not be closed before `finish`.
    ///   - path: an existing empty file. Nothing is synced: the caller syncs the file when the copy is complete.
    init(of source: Connection, to path: String) throws(SQLiteError) {
        copy = try Connection(path: path, vfs: nil, access: .readWrite)
        // A cache of 64 pages: the copy is written to the file instead of kept in memory.
        for setting in ["synchronous = OFF", "journal_mode = OFF", "cache_size = 64"] {
            try copy.execute("PRAGMA \(setting)")
        }
        // Both handles outlive the copy: `finish` is called before `copy` is closed, and the caller guarantees
        // `source`.
        unsafe handle = source.withHandle { source in
            unsafe copy.withHandle { copy in unsafe sqlite3_backup_init(copy, "main", source, "main") }
        }
        guard unsafe handle != nil else { throw copy.lastError(SQLITE_ERROR) }
    }

    deinit { finish() }

    /// Copies up to this number of pages.
    ///
    /// - Returns: whether the copy is complete. A source that is locked for a moment is not an error.
    func step(pages: Int32) throws(SQLiteError) -> Bool {
        let code = unsafe sqlite3_backup_step(handle, pages)
        switch code {
        case SQLITE_DONE: return true
        case SQLITE_OK, SQLITE_BUSY, SQLITE_LOCKED: return false
        default: throw copy.lastError(code)
        }
    }

    /// Ends the copy, complete or not, and closes its file. Can be repeated.
    func finish() {
        if unsafe handle != nil { _ = unsafe sqlite3_backup_finish(handle) }
        unsafe handle = nil
        copy.close()
    }
}
