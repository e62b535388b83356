internal import CSluiceSQLite
internal import SluiceBase

/// One SQLite connection. Belongs to one thread at a time: it is opened without SQLite's mutex.
@safe final class Connection {
    /// How a connection is opened.
    enum Access { case readOnly, readWrite }

    /// The default time to wait for another process, in milliseconds.
    static let busyTimeout: Int32 = 1000

    // SQLite's handle; only used by this class and `Statement`, before `close`.
    private var handle: OpaquePointer?
    /// Frames in the write-ahead log after the last commit of this connection.
    private(set) var walFrames = 0

    /// - Parameters:
    ///   - path: the database file; it must exist.
    ///   - vfs: the name of a registered VFS, or `nil` for the system's.
    init(path: String, vfs: String?, access: Access) throws(SQLiteError) {
        let flags =
            (access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX
            | SQLITE_OPEN_EXRESCODE
        var opened: OpaquePointer?
        // Both strings are valid during the call; the handle is kept even after an error, because it has the message.
        let code =
            if let vfs {
                unsafe sqlite3_open_v2(path, &opened, flags, vfs)
            } else {
                unsafe sqlite3_open_v2(path, &opened, flags, nil)
            }
        unsafe handle = opened
        guard code == SQLITE_OK else {
            let error = lastError(code)
            close()
            throw error
        }
        setBusyTimeout(milliseconds: Self.busyTimeout)
    }

    deinit { close() }

    /// How long to wait for another process, such as an sqlite3 shell.
    func setBusyTimeout(milliseconds: Int32) { _ = unsafe sqlite3_busy_timeout(handle, milliseconds) }

    /// Closes the connection; SQLite keeps it until its last statement is released. Can be repeated.
    func close() {
        // The handle is not used after this line.
        _ = unsafe sqlite3_close_v2(handle)
        unsafe handle = nil
    }

    /// Passes the handle to one call of SQLite; `nil` if the connection is closed.
    @unsafe func withHandle<Result>(_ body: (OpaquePointer?) -> Result) -> Result { unsafe body(handle) }

    /// Compiles a statement that is kept for long.
    func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        var compiled: OpaquePointer?
        // SQLite copies the text; the returned statement owns the result.
        let code = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &compiled, nil)
        guard code == SQLITE_OK, let compiled = unsafe compiled else { throw lastError(code) }
        return unsafe Statement(compiled, of: self)
    }

    /// Runs statements without results.
    func execute(_ sql: String) throws(SQLiteError) {
        // No callback, no out parameters: nothing outlives the call.
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw lastError(code) }
    }

    /// The first column of the first row as a number; `nil` without a row or for NULL.
    func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        try prepare(sql).first { $0.optionalInt64(0) } ?? nil
    }

    /// The first column of the first row as text; `nil` without a row or for NULL.
    func text(_ sql: String) throws(SQLiteError) -> String? {
        try prepare(sql).first { $0.optionalText(0) } ?? nil
    }

    /// The names of a table's columns.
    func columns(of table: String) throws(SQLiteError) -> [String] {
        try prepare("SELECT name FROM pragma_table_info('\(table)')").all { $0.text(0) }
    }

    /// Whether no transaction is open. A failed statement may have rolled it back.
    var isInAutocommit: Bool { unsafe sqlite3_get_autocommit(handle) != 0 }

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    var changes: Int { Int(unsafe sqlite3_changes64(handle)) }

    /// The id of the row of the last INSERT.
    var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Keeps `walFrames` up to date; replaces SQLite's automatic checkpoint at every thousandth page.
    func countWALFrames() {
        // The hook is called on this connection's thread during a commit, so the unretained reference is alive.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe sqlite3_wal_hook(
            handle,
            { context, _, _, frames in
                guard let context = unsafe context else { return SQLITE_OK }
                unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().walFrames = Int(frames)
                return SQLITE_OK
            }, context)
    }

    /// The part of the write-ahead log that a checkpoint copies.
    enum Checkpoint {
        /// Everything that no reader needs; does not wait.
        case passive
        /// Everything, and the log is emptied; waits for readers up to the busy timeout.
        case truncate
    }

    /// - Returns: the frames of the log, and how many of them are now in the database file.
    @discardableResult
    func checkpoint(_ mode: Checkpoint) throws(SQLiteError) -> (frames: Int, copied: Int) {
        var logged: Int32 = 0
        var copied: Int32 = 0
        let mode = mode == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE
        let code = unsafe sqlite3_wal_checkpoint_v2(handle, nil, mode, &logged, &copied)
        guard code == SQLITE_OK else { throw lastError(code) }
        return (Int(logged), Int(copied))
    }

    /// The database file as opened by SQLite's VFS; valid until `close`.
    func file() throws(SQLiteError) -> UnsafeMutablePointer<sqlite3_file> {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let code = unsafe sqlite3_file_control(handle, nil, SQLITE_FCNTL_FILE_POINTER, &file)
        guard code == SQLITE_OK, let file = unsafe file else { throw lastError(code) }
        return unsafe file
    }

    /// The error for a result code of this connection.
    func lastError(_ code: Int32) -> SQLiteError {
        // Both texts belong to SQLite and are copied immediately.
        let message =
            unsafe handle == nil ? String(cString: sqlite3_errstr(code)) : String(cString: sqlite3_errmsg(handle))
        let system = unsafe handle == nil ? 0 : sqlite3_system_errno(handle)
        let concernsSystem = [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL].contains(code & 0xFF)
        // A damaged schema is quoted in it.
        return SQLiteError(
            code: code, systemError: concernsSystem ? system : 0, message: PrintableText.escape(message))
    }
}

extension Connection {
    /// The lowest number from which on a row, or the end, can be read; searched with doubling steps, then by bisection.
    static func firstReadable(after failing: Int64, _ canRead: (Int64) -> Bool) -> Int64? {
        var distance: Int64 = 1
        while !canRead(failing + distance) {
            guard distance < 1 << 61 else { return nil }
            distance *= 2
        }
        var (low, high) = (failing + distance / 2, failing + distance)
        if distance == 1 { low = failing }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if canRead(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
