internal import CSluiceSQLite
internal import SluiceBase

/// One compiled statement of a connection, used over and over on the connection's thread.
@safe final class Statement {
    // Allocated by SQLite, finalised with this object; only this class touches it.
    private let handle: OpaquePointer
    private let connection: Connection

    /// Takes over `handle`.
    @unsafe init(_ handle: OpaquePointer, of connection: Connection) {
        unsafe self.handle = handle
        self.connection = connection
    }

    deinit { _ = unsafe sqlite3_finalize(handle) }

    // MARK: Running

    /// Runs to the next row.
    ///
    /// - Returns: false when there is no further row. After an error the statement is reset.
    func step() throws(SQLiteError) -> Bool {
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        let error = connection.lastError(code)
        reset()
        throw error
    }

    /// Ends the statement's read, so that it can be bound and run again. The bound values stay.
    func reset() { _ = unsafe sqlite3_reset(handle) }

    /// Runs a statement that returns no row, and resets it.
    func run() throws(SQLiteError) {
        _ = try step()
        reset()
    }

    /// As `run`, and frees the copies of texts and blobs that were bound: a statement lives as long as its connection,
    /// and would keep them.
    func runAndUnbind() throws(SQLiteError) {
        defer { _ = unsafe sqlite3_clear_bindings(handle) }
        try run()
    }

    // MARK: Parameters, counted from 1

    func bind(_ value: Int64, at index: Int32) { _ = unsafe sqlite3_bind_int64(handle, index, value) }

    func bind(optional value: Int?, at index: Int32) {
        if let value { bind(Int64(value), at: index) } else { bindNull(at: index) }
    }

    func bindNull(at index: Int32) { _ = unsafe sqlite3_bind_null(handle, index) }

    /// Copies the text. For statements that run rarely.
    func bind(_ text: String?, at index: Int32) {
        guard var text else { return bindNull(at: index) }
        // SQLite copies the bytes before the closure ends.
        text.withUTF8 { bytes in
            _ = unsafe sqlite3_bind_text(handle, index, Self.text(bytes), Int32(bytes.count), Self.copied)
        }
    }

    /// Copies the bytes. For statements that run rarely.
    func bind(_ bytes: [UInt8]?, at index: Int32) {
        guard let bytes else { return bindNull(at: index) }
        // SQLite copies the bytes before the closure ends.
        unsafe bytes.span.withUnsafeBufferPointer { bytes in
            _ = unsafe sqlite3_bind_blob(handle, index, Self.text(bytes), Int32(bytes.count), Self.copied)
        }
    }

    /// Copies the key's sixteen bytes.
    func bind(_ key: Fingerprint?, at index: Int32) {
        guard let key else { return bindNull(at: index) }
        // SQLite copies the bytes before the closure ends.
        unsafe withUnsafeBytes(of: (key.high.bigEndian, key.low.bigEndian)) {
            _ = unsafe sqlite3_bind_blob(handle, index, $0.baseAddress, 16, Self.copied)
        }
    }

    /// Copies a column of the current row of another statement, whatever it holds.
    func bind(columnOf row: Statement, _ column: Int32, at index: Int32) {
        // SQLite copies the value, which is good until the other statement's next step.
        _ = unsafe sqlite3_bind_value(handle, index, sqlite3_column_value(row.handle, column))
    }

    /// Binds text without a copy: `bytes` must stay where they are until the statement has run.
    @unsafe func bindStatic(text bytes: Slice<UnsafeBufferPointer<UInt8>>, at index: Int32) {
        let bytes = unsafe UnsafeBufferPointer(rebasing: bytes)
        _ = unsafe sqlite3_bind_text(handle, index, Self.text(bytes), Int32(bytes.count), nil)
    }

    /// Binds a blob without a copy: `bytes` must stay where they are until the statement has run.
    @unsafe func bindStatic(blob bytes: UnsafeBufferPointer<UInt8>, at index: Int32) {
        _ = unsafe sqlite3_bind_blob(handle, index, Self.text(bytes), Int32(bytes.count), nil)
    }

    /// The bytes as SQLite wants them. A null pointer would bind NULL where an empty text or blob is meant, so an empty
    /// one gets an address that is never read.
    private static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafePointer<CChar>? {
        guard let start = bytes.baseAddress else { return unsafe UnsafePointer(bitPattern: 1) }
        return unsafe UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
    }

    // SQLITE_TRANSIENT, a macro that Swift does not import: SQLite makes its own copy before the call returns.
    private static var copied: sqlite3_destructor_type { unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    // MARK: Columns of the current row, counted from 0

    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

    func int64(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    /// Greater numbers are no ids, times or sizes: they come from a damaged page.
    static let greatestFigure: Int64 = 1 << 53

    /// A number that the outbox counts with, so that none from a damaged page overflows a sum.
    ///
    /// - Throws: damage for one that is negative or too great.
    func figure(_ column: Int32) throws(SQLiteError) -> Int64 {
        let figure = int64(column)
        guard 0...Self.greatestFigure ~= figure else {
            throw SQLiteError(code: SQLITE_CORRUPT, message: "a figure of the outbox cannot be \(figure)")
        }
        return figure
    }

    func isInteger(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_INTEGER }

    func isText(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_TEXT }

    func isBlob(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_BLOB }

    /// The column's text, malformed UTF-8 replaced; empty for NULL.
    func text(_ column: Int32) -> String {
        // The column's memory is good until the next step; it is copied here. Text first, then its length (SQLite's
        // order).
        guard let start = unsafe sqlite3_column_text(handle, column) else { return "" }
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalInt(_ column: Int32) -> Int? { isNull(column) ? nil : Int(int64(column)) }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// The column's bytes; empty for NULL.
    func bytes(_ column: Int32) -> [UInt8] {
        // As for `text`.
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func optionalBytes(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

    /// A column of sixteen bytes; nil for NULL and for any other length.
    func key(_ column: Int32) -> Fingerprint? {
        // As for `text`; the two words are read within the sixteen bytes.
        guard let start = unsafe sqlite3_column_blob(handle, column), unsafe sqlite3_column_bytes(handle, column) == 16
        else { return nil }
        let high = unsafe start.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        let low = unsafe start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        return Fingerprint(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }
}

/// The short texts of one row, one behind the other, so that SQLite can be given pointers into one buffer instead of
/// copies.
///
/// The buffer is kept from row to row.
struct TextScratch {
    private var bytes: [UInt8] = []

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// - Returns: where the text lies in `bytes`; nil for nil.
    mutating func append(_ text: String?) -> Range<Int>? {
        guard let text else { return nil }
        return append(text)
    }

    mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
    }

    /// Over all the texts.
    var checksum: UInt64 { Checksum.xxh64(bytes.span) }

    /// The texts where they are. The pointer is good until `body` ends.
    func withBytes<Result, Failure>(_ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        // The buffer does not outlive the closure.
        try unsafe bytes.span.withUnsafeBufferPointer(body)
    }
}
