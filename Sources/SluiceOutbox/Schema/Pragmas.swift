package import SluiceBase

/// The settings of a connection, verified after they are set.
package enum Pragmas {
    /// The size of a page in bytes. A page has four or more rows, and in the log one header and one checksum.
    package static let pageSize = 16384
    /// The bytes that the write-ahead log keeps when it restarts: twice the amount of one checkpoint.
    package static let logBytesKept = 64 << 20

    /// The settings of an empty file, which cannot be changed later.
    package static let emptyFile = [
        "PRAGMA page_size = \(pageSize)", "PRAGMA auto_vacuum = INCREMENTAL",
        "PRAGMA application_id = \(Schema.applicationID)",
    ]

    /// The settings of each connection that writes.
    ///
    /// - Parameter cache: the size of the page cache.
    package static func connection(cache: ByteCount) -> [String] {
        let settings = writing.map { "PRAGMA \($0.name) = \($0.value)" }
        return ["PRAGMA journal_mode = WAL"] + settings + ["PRAGMA cache_size = -\(cache.bytes >> 10)"]
    }

    static func prepareEmpty(_ connection: Connection) throws(SQLiteError) {
        for statement in emptyFile { try connection.execute(statement) }
    }

    /// Applies and verifies the settings of the writer's connection.
    static func applyForWriting(_ connection: Connection, cache: ByteCount) throws(SQLiteError) {
        for statement in Self.connection(cache: cache) { try connection.execute(statement) }
        try verify(connection)
        connection.countWALFrames()
    }

    /// Applies and verifies the settings of a reader's connection.
    static func applyForReading(_ connection: Connection, cache: ByteCount) throws(SQLiteError) {
        try connection.execute("PRAGMA query_only = 1")
        try connection.execute("PRAGMA cache_size = -\(cache.bytes >> 10)")
        try connection.execute("PRAGMA temp_store = MEMORY")
    }

    /// Name, value to set, value read back.
    private static let writing: [(name: String, value: String, reads: String)] = [
        ("synchronous", "FULL", "2"),  // each commit is on the disk before it is answered
        ("wal_autocheckpoint", "0", "0"),  // the writer checkpoints between batches, by itself
        // The log is overwritten in place; growth caused by a reader is released.
        ("journal_size_limit", "\(logBytesKept)", "\(logBytesKept)"),
        ("secure_delete", "OFF", "0"),  // Debian's build turns it on: it would write zeros over each deleted job
        ("temp_store", "MEMORY", "2"),
        ("foreign_keys", "OFF", "0"),
    ]

    /// Throws if a setting has no effect: with an SQLite that was built to ignore one, a 2xx would not mean stored.
    private static func verify(_ connection: Connection) throws(SQLiteError) {
        let expected = writing.map { ($0.name, $0.reads) } + [("journal_mode", "wal"), ("auto_vacuum", "2")]
        for (name, value) in expected {
            let found = try connection.text("PRAGMA \(name)") ?? "nothing"
            guard found == value else {
                throw SQLiteError(
                    code: 1, message: "SQLite did not apply \(name): it is \(found), not \(value)")
            }
        }
    }
}
