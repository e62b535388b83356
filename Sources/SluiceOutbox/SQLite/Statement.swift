internal import CSluiceSQLite
internal import SluiceBase

/// A compiled statement of a connection, used repeatedly on the connection's thread.
@safe final class Statement {
    // Allocated by SQLite and finalised with this object; used only by this class.
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
    /// - Returns: false if there is no further row. After an error the statement is reset.
    func step() throws(SQLiteError) -> Bool {
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        let error = connection.lastError(code)
        reset()
        throw error
    }

    /// Ends the statement's read, so that it can be bound and run again. Keeps the bound values.
    func reset() { _ = unsafe sqlite3_reset(handle) }

    /// Runs a statement that returns no row with these parameters, and resets it.
    func run<each Value: Bindable>(_ values: repeat each Value) throws(SQLiteError) {
        bind(repeat each values)
        _ = try step()
        reset()
    }

    /// As `run`, and frees the copies of bound texts and blobs, which a statement would keep as long as its connection.
    func runAndUnbind<each Value: Bindable>(_ values: repeat each Value) throws(SQLiteError) {
        defer { _ = unsafe sqlite3_clear_bindings(handle) }
        try run(repeat each values)
    }

    /// What `read` makes of the first row with these parameters; nil if there is none.
    func first<Row, each Value: Bindable>(
        _ values: repeat each Value, read: (Statement) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> Row? {
        bind(repeat each values)
        defer { reset() }
        return try step() ? try read(self) : nil
    }

    /// What `read` makes of each row with these parameters.
    func all<Row, each Value: Bindable>(
        _ values: repeat each Value, read: (Statement) throws(SQLiteError) -> Row
    ) throws(SQLiteError) -> [Row] {
        var rows: [Row] = []
        try each(repeat each values) { row throws(SQLiteError) in rows.append(try read(row)) }
        return rows
    }

    /// Passes each row with these parameters to `read`.
    func each<each Value: Bindable>(
        _ values: repeat each Value, read: (Statement) throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        bind(repeat each values)
        defer { reset() }
        while try step() { try read(self) }
    }

    // MARK: Parameters, counted from 1

    /// Binds copies of values to the first parameters.
    func bind<each Value: Bindable>(_ values: repeat each Value) {
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            value.bind(to: self, at: index)
        }
    }

    func bind(_ value: Int64, at index: Int32) { _ = unsafe sqlite3_bind_int64(handle, index, value) }

    func bindNull(at index: Int32) { _ = unsafe sqlite3_bind_null(handle, index) }

    /// Binds a copy of the text. For statements that run rarely.
    func bind(_ text: String?, at index: Int32) {
        guard var text else { return bindNull(at: index) }
        // SQLite copies the bytes before the closure ends.
        text.withUTF8 { bytes in
            _ = unsafe sqlite3_bind_text(handle, index, Self.text(bytes), Int32(bytes.count), Self.copied)
        }
    }

    /// Binds a copy of the bytes. For statements that run rarely.
    func bind(_ bytes: [UInt8]?, at index: Int32) {
        guard let bytes else { return bindNull(at: index) }
        // SQLite copies the bytes before the closure ends.
        unsafe bytes.span.withUnsafeBufferPointer { bytes in
            _ = unsafe sqlite3_bind_blob(handle, index, Self.text(bytes), Int32(bytes.count), Self.copied)
        }
    }

    /// Binds a copy of the key's sixteen bytes.
    func bind(_ key: Fingerprint?, at index: Int32) {
        guard let key else { return bindNull(at: index) }
        // SQLite copies the bytes before the closure ends.
        unsafe withUnsafeBytes(of: (key.high.bigEndian, key.low.bigEndian)) {
            _ = unsafe sqlite3_bind_blob(handle, index, $0.baseAddress, 16, Self.copied)
        }
    }

    /// Binds a copy of a column of the current row of another statement, of any type.
    func bind(columnOf row: Statement, _ column: Int32, at index: Int32) {
        // SQLite copies the value, which is valid until the other statement's next step.
        _ = unsafe sqlite3_bind_value(handle, index, sqlite3_column_value(row.handle, column))
    }

    /// Binds text without a copy: `bytes` must not move until the statement has run.
    @unsafe func bindStatic(text bytes: Slice<UnsafeBufferPointer<UInt8>>, at index: Int32) {
        let bytes = unsafe UnsafeBufferPointer(rebasing: bytes)
        _ = unsafe sqlite3_bind_text(handle, index, Self.text(bytes), Int32(bytes.count), nil)
    }

    /// Binds a blob without a copy: `bytes` must not move until the statement has run.
    @unsafe func bindStatic(blob bytes: UnsafeBufferPointer<UInt8>, at index: Int32) {
        _ = unsafe sqlite3_bind_blob(handle, index, Self.text(bytes), Int32(bytes.count), nil)
    }

    /// The bytes as a C pointer for SQLite. A null pointer would bind NULL instead of an empty text or blob, so an
    /// empty one gets an address that is never read.
    private static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafePointer<CChar>? {
        guard let start = bytes.baseAddress else { return unsafe UnsafePointer(bitPattern: 1) }
        return unsafe UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
    }

    // SQLITE_TRANSIENT, a macro that Swift does not import: SQLite makes its own copy before the call returns.
    private static var copied: sqlite3_destructor_type { unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    // MARK: Columns of the current row, counted from 0

    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

    private func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    /// The maximum id, time or size: a greater number comes from a damaged page.
    static let greatestFigure: Int64 = 1 << 53

    /// A number, clamped to `greatestFigure` and its negative: whatever a damaged page contains, sums and differences
    /// of what is read do not overflow.
    func int64(_ column: Int32) -> Int64 { min(max(integer(column), -Self.greatestFigure), Self.greatestFigure) }

    /// The size of a text or blob in bytes, clamped to those that SQLite can store: many of them can be added.
    func size(_ column: Int32) -> Int64 { min(max(integer(column), 0), Int64(Int32.max)) }

    /// A checksum, which is a number of any size; nil for NULL.
    func checksum(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// Whether the column contains a number that `int64` does not change.
    func isNumber(_ column: Int32) -> Bool {
        isInteger(column) && -Self.greatestFigure...Self.greatestFigure ~= integer(column)
    }

    /// A number on which the order of rows depends.
    ///
    /// - Throws: damage for a negative number or one above `greatestFigure`.
    func figure(_ column: Int32) throws(SQLiteError) -> Int64 {
        let figure = integer(column)
        guard 0...Self.greatestFigure ~= figure else {
            throw SQLiteError(code: SQLITE_CORRUPT, message: "a figure of the outbox cannot be \(figure)")
        }
        return figure
    }

    func isInteger(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_INTEGER }

    func isText(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_TEXT }

    func isBlob(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_BLOB }

    /// The column's text, with malformed UTF-8 replaced; empty for NULL.
    func text(_ column: Int32) -> String {
        // The column's memory is valid until the next step; it is copied here. The text is read before its length, as
        // SQLite requires.
        guard let start = unsafe sqlite3_column_text(handle, column) else { return "" }
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalInt64(_ column: Int32) -> Int64? { isNull(column) ? nil : int64(column) }

    func optionalInt(_ column: Int32) -> Int? { optionalInt64(column).map { Int($0) } }

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

/// A value of a parameter, of which the statement gets a copy; nil for NULL.
protocol Bindable {
    func bind(to statement: Statement, at index: Int32)
}

extension Int64: Bindable {
    func bind(to statement: Statement, at index: Int32) { statement.bind(self, at: index) }
}

extension Int: Bindable {
    func bind(to statement: Statement, at index: Int32) { statement.bind(Int64(self), at: index) }
}

extension String: Bindable {
    func bind(to statement: Statement, at index: Int32) { statement.bind(self, at: index) }
}

extension [UInt8]: Bindable {
    func bind(to statement: Statement, at index: Int32) { statement.bind(self, at: index) }
}

extension Fingerprint: Bindable {
    func bind(to statement: Statement, at index: Int32) { statement.bind(self, at: index) }
}

extension Optional: Bindable where Wrapped: Bindable {
    func bind(to statement: Statement, at index: Int32) {
        if let self { self.bind(to: statement, at: index) } else { statement.bindNull(at: index) }
    }
}

/// The short texts of one row in one buffer, so that SQLite gets pointers instead of copies.
///
/// The buffer is reused for each row.
struct TextScratch {
    private var bytes: [UInt8] = []

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// - Returns: the range of the text in `bytes`; nil for nil.
    mutating func append(_ text: String?) -> Range<Int>? {
        guard let text else { return nil }
        return append(text)
    }

    mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
    }

    /// The checksum of all texts.
    var checksum: UInt64 { Checksum.xxh64(bytes.span) }

    /// Passes the bytes of all texts. The pointer is valid until `body` ends.
    func withBytes<Result, Failure>(_ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        // The buffer does not outlive the closure.
        try unsafe bytes.span.withUnsafeBufferPointer(body)
    }
}
