internal import SluiceBase

/// The tables of the outbox. DESIGN.md has the reasons.
package enum Schema {
    /// `SLUC`, in the file's header: distinguishes an outbox from any other SQLite database.
    package static let applicationID: Int64 = 0x534C_5543
    /// The version that this program writes and reads.
    package static var currentVersion: Int { migrations.count }

    /// The steps from version *n* to *n + 1*: the first entry makes version 1 from an empty file. Entries are only ever
    /// added.
    package static let migrations: [String] = [
        version1, version2, version3, version4, version5, version6, version7, version8, version9, version10,
    ]

    /// The first version with this table.
    static func version(with table: String) -> Int {
        1 + (migrations.firstIndex { $0.contains("CREATE TABLE \(table) (") } ?? 0)
    }

    /// The comments in the SQL stay in the file, for people who open it with `sqlite3`.
    private static let version1 = """
        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY,
            delivery_id TEXT NOT NULL,
            route TEXT NOT NULL,
            received_at INTEGER NOT NULL, -- all times: milliseconds since 1970
            expires_at INTEGER NOT NULL,  -- the key is forgotten then, unless a job is still here
            last_job INTEGER NOT NULL,    -- id of its last job, 0: none
            generation INTEGER NOT NULL,  -- how often this key had been accepted before
            supersedes INTEGER,           -- the delivery with the same key and another body
            key BLOB,                     -- hash of route and unique key, NULL: no key
            body_hash BLOB NOT NULL
        );
        CREATE TABLE seen (
            key BLOB PRIMARY KEY,
            delivery INTEGER NOT NULL     -- the newest with this key; recent keys are in deliveries only
        ) WITHOUT ROWID;
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            delivery INTEGER NOT NULL,
            position INTEGER NOT NULL,    -- bytes of all jobs before this one
            stored_at INTEGER NOT NULL,
            type TEXT NOT NULL,
            queue TEXT NOT NULL,
            unique_key TEXT,
            unique_while TEXT,
            options BLOB NOT NULL,        -- JSON members beside type and queue
            checksum INTEGER NOT NULL,    -- XXH64 of all that is sent
            payload BLOB NOT NULL         -- the exact bytes
        );
        CREATE TABLE delivered (
            job INTEGER PRIMARY KEY,      -- in jobs, as long as that is kept
            at INTEGER NOT NULL,
            zizq_id TEXT NOT NULL
        );
        CREATE TABLE parked (
            job INTEGER PRIMARY KEY,      -- its id in jobs, from which it was moved here
            delivery INTEGER NOT NULL,
            at INTEGER NOT NULL,
            stored_at INTEGER NOT NULL,
            detail TEXT NOT NULL,
            type TEXT NOT NULL,
            queue TEXT NOT NULL,
            unique_key TEXT,
            unique_while TEXT,
            options BLOB NOT NULL,
            checksum INTEGER NOT NULL,
            payload BLOB NOT NULL
        );
        CREATE INDEX parked_delivery ON parked (delivery);
        CREATE TABLE dead_letters (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            delivery INTEGER NOT NULL,
            died_at INTEGER NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            type TEXT,                    -- NULL: it holds a request and no job
            queue TEXT,
            unique_key TEXT,
            unique_while TEXT,
            options BLOB,
            payload BLOB,
            request BLOB                  -- as received, without credentials
        );
        CREATE INDEX dead_letters_delivery ON dead_letters (delivery);
        CREATE TABLE progress (           -- one row; written when something other than ingest happens
            id INTEGER PRIMARY KEY CHECK (id = 1),
            first_pending INTEGER NOT NULL,   -- every job below is delivered, parked or dead
            last_finished INTEGER NOT NULL,   -- no job above is
            next_delivery INTEGER NOT NULL,
            deliveries_removed INTEGER NOT NULL,
            round_before INTEGER NOT NULL,    -- keys of deliveries below are all in seen
            round_start INTEGER NOT NULL,     -- of those below, the ones whose key begins with less than
            hand INTEGER NOT NULL,            -- these 64 bits are in seen, too
            dead_letters INTEGER NOT NULL,
            dead_letter_bytes INTEGER NOT NULL,
            parked INTEGER NOT NULL,
            parked_bytes INTEGER NOT NULL
        );
        INSERT INTO progress VALUES (1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0);
        """

    /// Requests are kept once for each delivery. Dead letters of version 1 keep theirs in `request`: nothing is moved,
    /// so the step takes no time and no space however many there are. `element` and `rule` count from 0; NULL means the
    /// whole delivery, or all rules.
    private static let version2 = """
        CREATE TABLE requests (
            delivery INTEGER PRIMARY KEY, -- the first row in deliveries that the delivery has
            last_part INTEGER NOT NULL,   -- the last one; they follow one another
            with_jobs INTEGER NOT NULL,   -- 1: stays with anything of the delivery, 0: with dead letters without a job
            job INTEGER NOT NULL,         -- the last job that it stays for, 0: a dead letter or a parked job needs it
            first_job INTEGER NOT NULL,   -- the jobs that the delivery came with
            jobs INTEGER NOT NULL,        -- and their number
            bytes INTEGER NOT NULL,       -- length of request
            request BLOB NOT NULL         -- as received, without credentials
        );
        CREATE INDEX requests_job ON requests (job, bytes);
        ALTER TABLE dead_letters ADD COLUMN element INTEGER;
        ALTER TABLE dead_letters ADD COLUMN rule INTEGER;
        """

    /// Dead letters get columns for the rule that made them and the job that they were, NULL in those of earlier
    /// versions. Only columns are added, so the step takes no time.
    private static let version3 = """
        ALTER TABLE deliveries ADD COLUMN key_forgotten INTEGER; -- 1: a person had the key forgotten
        ALTER TABLE dead_letters ADD COLUMN job INTEGER;         -- its id in jobs, from which it was moved here
        ALTER TABLE dead_letters ADD COLUMN checksum INTEGER;    -- of the job, as in jobs; or XXH64 of the request
        ALTER TABLE dead_letters ADD COLUMN rule_kind TEXT;      -- what the rule that made it says
        ALTER TABLE dead_letters ADD COLUMN rule_type TEXT;
        ALTER TABLE dead_letters ADD COLUMN rule_queue TEXT;
        ALTER TABLE dead_letters ADD COLUMN rule_digest BLOB;    -- NULL: no single rule, or an earlier version
        CREATE INDEX dead_letters_job ON dead_letters (job) WHERE job IS NOT NULL;
        """

    /// A new index of unique keys. The old one, `seen`, is not copied: it is read until its rows have expired. Only
    /// `deliveries` is read once, to count keys and to find the windows.
    private static let version4 = """
        CREATE TABLE key_entries (        -- one chunk of a run; rows are written over when nothing needs them
            id INTEGER PRIMARY KEY,
            entries BLOB NOT NULL         -- sorted, 24 bytes each: key, row in deliveries; then a checksum
        );
        CREATE TABLE key_chunks (
            id INTEGER PRIMARY KEY,       -- of its entries
            run INTEGER NOT NULL,         -- a run is complete with 128, 512, 2048, 8192 chunks
            level INTEGER NOT NULL,       -- 0, 1, 2, 3
            chunk INTEGER NOT NULL,       -- counted from 0: the leading 7, 9, 11, 13 bits of its keys
            first_row INTEGER NOT NULL,   -- the rows in deliveries that the run was made of
            end_row INTEGER NOT NULL,
            entries INTEGER NOT NULL,     -- their number
            filter BLOB NOT NULL          -- of its keys, and a checksum
        );
        CREATE TABLE forgetting (         -- deliveries with this window are forgotten up to a row
            window INTEGER PRIMARY KEY,   -- milliseconds
            next INTEGER NOT NULL
        );
        INSERT INTO forgetting
            SELECT DISTINCT expires_at - received_at, 0 FROM deliveries WHERE key_forgotten IS NULL;
        ALTER TABLE progress ADD COLUMN keys INTEGER NOT NULL DEFAULT 0;     -- rows in the index that have a key
        ALTER TABLE progress ADD COLUMN keys_end INTEGER NOT NULL DEFAULT 1; -- they are below this row
        ALTER TABLE progress ADD COLUMN next_position INTEGER NOT NULL DEFAULT 0; -- at least that of the next job
        ALTER TABLE progress ADD COLUMN finished BLOB; -- jobs above first_pending: groups of first, last, bytes
        UPDATE progress SET keys = (SELECT count(key) FROM deliveries WHERE id < round_before), keys_end = round_before;
        ALTER TABLE progress RENAME COLUMN round_before TO seen_end;     -- rows below are in seen
        ALTER TABLE progress DROP COLUMN round_start;
        ALTER TABLE progress DROP COLUMN hand;
        ALTER TABLE progress DROP COLUMN deliveries_removed;
        """

    /// Secrets that routes learnt from handshakes. A table is added, so the step takes no time.
    private static let version5 = """
        CREATE TABLE learnt_secrets (
            id INTEGER PRIMARY KEY AUTOINCREMENT, -- the newest of a route has the largest
            route TEXT NOT NULL,
            secret BLOB NOT NULL,         -- as the provider sent it
            learnt_at INTEGER NOT NULL,
            UNIQUE (route, secret)
        );
        """

    /// Jobs that are refused alone or dropped, and dead letters that were imported. Columns are added, so the step
    /// takes no time.
    private static let version6 = """
        ALTER TABLE jobs ADD COLUMN own_key INTEGER;      -- 1: a job rule wrote the unique key
        ALTER TABLE parked ADD COLUMN own_key INTEGER;
        ALTER TABLE parked ADD COLUMN set_aside INTEGER;  -- 1: it alone is refused, NULL: it waits for a licence
        CREATE INDEX parked_set_aside ON parked (job) WHERE set_aside = 1;
        ALTER TABLE delivered ADD COLUMN dropped INTEGER; -- 1: Zizq kept the older job zizq_id instead
        ALTER TABLE dead_letters ADD COLUMN received_at INTEGER; -- NULL: as its delivery
        ALTER TABLE dead_letters ADD COLUMN imported BLOB;       -- tells whether a letter is imported again
        CREATE INDEX dead_letters_imported ON dead_letters (imported) WHERE imported IS NOT NULL;
        """

    /// Requests whose signature no secret matches. A table is added, so the step takes no time.
    private static let version7 = """
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            route TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            sender TEXT NOT NULL,         -- its address
            reason TEXT NOT NULL,
            bytes INTEGER NOT NULL,       -- length of request
            checksum INTEGER NOT NULL,    -- XXH64 of request
            request BLOB NOT NULL         -- as received, with its signature
        );
        CREATE INDEX quarantine_route ON quarantine (route, id, sender, bytes);
        CREATE INDEX quarantine_expiry ON quarantine (expires_at);
        """

    /// Filters with fewer false positives. Those of existing runs are made from their keys when they are needed, until
    /// the runs have been merged or dropped.
    private static let version8 = "UPDATE key_chunks SET filter = x''"

    /// With this index a start reads the chunks without their filters, which are most of `key_chunks`. The step reads
    /// that table once: 60 MB for 50 million keys.
    private static let version9 =
        "CREATE INDEX key_chunks_run ON key_chunks (run, level, chunk, first_row, end_row, entries)"

    /// What a start must know without reading the index of keys, with checksums: each run in one row, and `progress`.
    /// `Migration` fills `key_runs` from `key_chunks`, and drops that table. The step copies the filters: 60 MB for 50
    /// million keys.
    private static let version10 = """
        CREATE TABLE key_runs (
            run INTEGER PRIMARY KEY,      -- only complete ones
            contents BLOB NOT NULL        -- level, first and end row, entries, ids of the chunks; then a checksum
        );
        CREATE TABLE key_filters (
            id INTEGER PRIMARY KEY,       -- of the entries
            filter BLOB NOT NULL          -- of their keys, and a checksum
        );
        INSERT INTO key_filters SELECT id, filter FROM key_chunks;
        ALTER TABLE progress ADD COLUMN checksum INTEGER; -- XXH64 of the row; NULL: its jobs are counted at the start
        """
}

/// Checks that a file is an outbox, and brings it to the version of this program.
enum Migration {
    /// The kind of a file.
    enum Finding: Equatable {
        /// Nothing was ever written to it.
        case empty
        case outbox(version: Int)
        /// A SQLite database of another program.
        case foreign
    }

    /// Only reads: a file of another program stays unchanged.
    static func inspect(_ connection: Connection) throws(SQLiteError) -> Finding {
        let tables = try connection.integer("SELECT count(*) FROM sqlite_schema") ?? 0
        let version = Int(try connection.integer("PRAGMA user_version") ?? 0)
        let application = try connection.integer("PRAGMA application_id") ?? 0
        if application == Schema.applicationID { return tables == 0 ? .empty : .outbox(version: version) }
        return tables == 0 && application == 0 && version == 0 ? .empty : .foreign
    }

    /// Applies the missing steps, each in its own transaction together with its version number.
    ///
    /// - Parameter migrations: all steps from an empty file on; a test passes others.
    static func run(_ connection: Connection, from version: Int, migrations: [String] = Schema.migrations)
        throws(SQLiteError)
    {
        for (index, step) in migrations.enumerated().dropFirst(version) {
            try connection.execute("BEGIN IMMEDIATE")
            do throws(SQLiteError) {
                try connection.execute(step)
                if index + 1 == KeyRun.firstFormat { try KeyRun.upgrade(connection) }
                try connection.execute("PRAGMA user_version = \(index + 1)")
                try connection.execute("COMMIT")
            } catch {
                if !connection.isInAutocommit { try? connection.execute("ROLLBACK") }
                throw error
            }
        }
    }
}
