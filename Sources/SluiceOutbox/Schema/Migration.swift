internal import SluiceBase

/// Checks that a file is an outbox, and brings it to the version of this program.
enum Migration {
    /// What a file turned out to be.
    enum Finding: Equatable {
        /// Nothing was ever written to it.
        case empty
        case outbox(version: Int)
        /// A SQLite database of another program.
        case foreign
    }

    /// Only reads: a file that is not ours stays as it is.
    static func inspect(_ connection: Connection) throws(SQLiteError) -> Finding {
        let tables = try connection.integer("SELECT count(*) FROM sqlite_schema") ?? 0
        let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
        let application = try connection.integer("PRAGMA application_id") ?? 0
        if application == Schema.applicationID { return tables == 0 ? .empty : .outbox(version: version) }
        return tables == 0 && application == 0 && version == 0 ? .empty : .foreign
    }

    /// Applies what is missing, each step in a transaction of its own together with its version number.
    ///
    /// - Parameter migrations: all steps from an empty file on; a test passes its own.
    static func run(_ connection: Connection, from version: Int, migrations: [String] = Schema.migrations) throws(SQLiteError) {
        for (index, step) in migrations.enumerated().dropFirst(version) {
            try connection.execute("BEGIN IMMEDIATE")
            do throws(SQLiteError) {
                try connection.execute(step)
                try connection.execute("PRAGMA user_version = \(index + 1)")
                try connection.execute("COMMIT")
            } catch {
                if !connection.isInAutocommit { try? connection.execute("ROLLBACK") }
                throw error
            }
        }
    }
}
