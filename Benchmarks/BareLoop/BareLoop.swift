internal import CSluiceSQLite
internal import Glibc
internal import SluiceOutbox

// What SQLite alone can do: the outbox's own statements, in its order, on its schema and with its settings, in one loop
// with nothing around it. Throw-away code of a benchmark: it ends the process when anything goes wrong.

/// One connection and its compiled statements.
@safe final class Database {
    let handle: OpaquePointer

    init(path: String) {
        var opened: OpaquePointer?
        // The flags open for writing and create; the handle lives as long as the process.
        guard unsafe sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil) == SQLITE_OK,
            let opened = unsafe opened
        else { fail("cannot open \(path)") }
        unsafe handle = opened
    }

    func run(_ sql: String) {
        // The text outlives the call.
        guard unsafe sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { fail(sql) }
    }

    func prepare(_ sql: String) -> Prepared {
        var statement: OpaquePointer?
        // SQLite keeps its own copy of the text.
        guard
            unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement = unsafe statement
        else { fail(sql) }
        return unsafe Prepared(statement)
    }

    func checkpoint() {
        _ = unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }
}

/// One compiled statement.
@safe final class Prepared {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { unsafe self.handle = handle }

    func bind(_ value: Int64, at index: Int32) { _ = unsafe sqlite3_bind_int64(handle, index, value) }

    func bindNull(at index: Int32) { _ = unsafe sqlite3_bind_null(handle, index) }

    /// Without a copy: the bytes must outlive the statement's run.
    func bind(text: [UInt8], at index: Int32) {
        unsafe text.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            let characters = unsafe UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
            _ = unsafe sqlite3_bind_text(handle, index, characters, Int32(bytes.count), nil)
        }
    }

    func bind(blob: [UInt8], at index: Int32) {
        // Copied where it is empty: SQLite takes a null pointer for NULL.
        unsafe blob.withUnsafeBytes { bytes in
            _ = unsafe sqlite3_bind_blob(
                handle, index, bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1), Int32(bytes.count), nil)
        }
    }

    /// - Returns: whether there was a row.
    @discardableResult
    func run() -> Bool {
        let code = unsafe sqlite3_step(handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { fail("a statement failed with \(code)") }
        _ = unsafe sqlite3_reset(handle)
        return code == SQLITE_ROW
    }
}

func fail(_ what: String) -> Never {
    unsafe fputs("bare loop: \(what)\n", stderrStream())
    exit(70)
}

/// Not `stderr`, which Swift takes for shared mutable state.
func stderrStream() -> UnsafeMutablePointer<FILE> {
    guard let stream = unsafe fdopen(STDERR_FILENO, "w") else { exit(70) }
    return unsafe stream
}

func nanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
