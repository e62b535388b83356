internal import Glibc
internal import SluiceOutbox

/// The loop: a transaction for a batch of deliveries, then one for the acknowledgements of the batch before, with the
/// deletion of as many old jobs.
struct Loop {
    private let database: Database
    private let begin, commit, insertDelivery, insertJob, selectSeen, insertSeen, insertKeyEntries: Prepared
    private let insertDelivered, deleteJobs, deleteDelivered, updateProgress: Prepared

    private let payload: [UInt8]
    private let options = Array(#""priority":100,"retry_limit":5"#.utf8)
    private let deliveryID = Array("01M84THKDB0ARZ4MHSCJWM41DA".utf8)
    private let route = Array("github".utf8)
    private let type = Array("github_event".utf8)
    private let uniqueKey = Array("github:72d3162e-cc78-11e3-81ab-4c9367dc0958".utf8)
    private let uniqueWhile = Array("exists".utf8)
    private let zizqID = Array("03hafxki710pxbxgtmvmxkl9v".utf8)
    private let bodyHash = [UInt8](repeating: 7, count: 16)

    private var random = SystemRandomNumberGenerator()
    private var nextJob: Int64 = 1
    private var acknowledged: Int64 = 0
    private var deleted: Int64 = 0
    private let kept: Int64
    /// Whether keys are written as the outbox does it, in sorted chunks of a run of many, or each into a sorted table.
    private let sortsKeys: Bool
    /// Keys that are in no run yet, and a sorted run of them that is being written: 24 bytes each.
    private var recent: [[UInt8]] = []
    private var writing: ArraySlice<[UInt8]> = []
    private var nextChunk: Int64 = 1
    private var bytesSinceCheckpoint = 0

    /// - Parameter kept: how many delivered jobs stay.
    init(path: String, payloadBytes: Int, kept: Int, sortsKeys: Bool) {
        self.sortsKeys = sortsKeys
        database = Database(path: path)
        database.run("PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
        database.run(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = OFF; "
                + "PRAGMA temp_store = MEMORY"
        )
        database.run("PRAGMA cache_size = -8192")
        for step in Schema.migrations { database.run(step) }
        begin = database.prepare(Statements.begin)
        commit = database.prepare(Statements.commit)
        selectSeen = database.prepare(Statements.selectSeen)
        insertSeen = database.prepare("INSERT INTO seen (key, delivery) VALUES (?1, ?2)")
        insertKeyEntries = database.prepare(Statements.saveKeyEntries)
        insertDelivery = database.prepare(Statements.insertDelivery)
        insertJob = database.prepare(Statements.insertJob)
        insertDelivered = database.prepare(Statements.insertDelivered)
        deleteJobs = database.prepare(Statements.deleteJobsThrough)
        deleteDelivered = database.prepare(Statements.deleteDeliveredThrough)
        updateProgress = database.prepare(Statements.updateProgress)
        payload = [UInt8](repeating: UInt8(ascii: "x"), count: payloadBytes)
        self.kept = Int64(kept)
    }

    /// Stores one batch; it is on the disk when this returns.
    mutating func store(_ count: Int) {
        begin.run()
        for _ in 0..<count { storeOne() }
        writeChunks(count + count / 4)
        commit.run()
        bytesSinceCheckpoint += count * (payload.count + (sortsKeys ? 300 : 16_384))
    }

    private mutating func storeOne() {
        let key = (0..<2).flatMap { _ in unsafe withUnsafeBytes(of: random.next()) { unsafe Array($0) } }
        if !sortsKeys {
            selectSeen.bind(blob: key, at: 1)
            selectSeen.run()
        }
        insertJob.bind(nextJob, at: 1)
        insertJob.bind(nextJob, at: 2)
        insertJob.bind(nextJob * Int64(payload.count), at: 3)
        insertJob.bind(1_763_900_000_000, at: 4)
        insertJob.bind(text: type, at: 5)
        insertJob.bind(text: route, at: 6)
        insertJob.bind(text: uniqueKey, at: 7)
        insertJob.bind(text: uniqueWhile, at: 8)
        insertJob.bind(blob: options, at: 9)
        insertJob.bind(1_234_567_890_123_456_789, at: 10)
        insertJob.bind(blob: payload, at: 11)
        insertJob.run()
        insertDelivery.bind(nextJob, at: 1)
        insertDelivery.bind(text: deliveryID, at: 2)
        insertDelivery.bind(text: route, at: 3)
        insertDelivery.bind(1_763_900_000_000, at: 4)
        insertDelivery.bind(1_764_500_000_000, at: 5)
        insertDelivery.bind(nextJob, at: 6)
        insertDelivery.bind(0, at: 7)
        insertDelivery.bindNull(at: 8)
        insertDelivery.bind(blob: key, at: 9)
        insertDelivery.bind(blob: bodyHash, at: 10)
        insertDelivery.run()
        if sortsKeys {
            recent.append(unsafe key + withUnsafeBytes(of: nextJob.bigEndian) { unsafe Array($0) })
        } else {
            insertSeen.bind(blob: key, at: 1)
            insertSeen.bind(nextJob, at: 2)
            insertSeen.run()
        }
        nextJob += 1
    }

    /// Writes chunks of 512 keys, as the outbox does, from a sorted run of the 65,536 that came last. The merges of the
    /// outbox are left out.
    private mutating func writeChunks(_ count: Int) {
        if writing.isEmpty, recent.count >= 65_536 {
            writing = recent.sorted { $0.lexicographicallyPrecedes($1) }[...]
            recent.removeAll(keepingCapacity: true)
        }
        for _ in 0..<((count + 511) / 512) where !writing.isEmpty {
            insertKeyEntries.bind(nextChunk, at: 1)
            insertKeyEntries.bind(blob: Array(writing.prefix(512).joined()), at: 2)
            insertKeyEntries.run()
            writing = writing.dropFirst(512)
            nextChunk += 1
        }
    }

    /// Acknowledges everything that is stored and not acknowledged, and deletes what is delivered beyond what is kept.
    mutating func acknowledge() {
        guard acknowledged < nextJob - 1 else { return }
        begin.run()
        while acknowledged < nextJob - 1 {
            acknowledged += 1
            insertDelivered.bind(acknowledged, at: 1)
            insertDelivered.bind(1_763_900_001_000, at: 2)
            insertDelivered.bind(text: zizqID, at: 3)
            insertDelivered.run()
        }
        let last = acknowledged - kept
        if last > deleted {
            deleteJobs.bind(last, at: 1)
            deleteJobs.run()
            deleteDelivered.bind(last, at: 1)
            deleteDelivered.run()
            deleted = last
        }
        for index in 1...11 { updateProgress.bind(Int64(acknowledged), at: Int32(index)) }
        updateProgress.run()
        commit.run()
        if bytesSinceCheckpoint > 24 << 20 {
            database.checkpoint()
            bytesSinceCheckpoint = 0
        }
    }
}
