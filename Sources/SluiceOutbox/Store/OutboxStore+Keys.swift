internal import CSluiceSQLite
internal import SluiceBase

extension OutboxStore {
    /// Free chunks that stay: as many as a run of the top level has.
    private static let freeKept = 8192
    /// Chunks deleted in one step.
    private static let freeStep = 256
    /// Entries written for each key that came in: a key is written once for each level, and some to catch up.
    private static let writesPerKey = 5

    /// The newest delivery with this key.
    func newest(_ key: Fingerprint) throws(SQLiteError) -> Remembered? {
        guard let row = try newestRow(key), let delivery = try remembered(row), delivery.key == key else { return nil }
        return delivery
    }

    private func newestRow(_ key: Fingerprint) throws(SQLiteError) -> Int64? {
        if let row = keys.recentRow(of: key) { return row }
        var newest: Int64?
        for index in keys.runs.indices where keys.runs[index].mayContain(key) {
            let run = keys.runs[index]
            guard let row = KeyChunk.row(of: key, in: try entries(run.chunks[run.chunk(of: key)].id)) else { continue }
            newest = max(newest ?? 0, row)
        }
        if let newest { return newest }
        return ledger.seenEnd > ledger.oldestDelivery ? try seenRow(of: key) : nil
    }

    /// From the index of format 3, which is only read.
    private func seenRow(of key: Fingerprint) throws(SQLiteError) -> Int64? {
        session.selectSeen.bind(key, at: 1)
        defer { session.selectSeen.reset() }
        return try session.selectSeen.step() ? session.selectSeen.int64(0) : nil
    }

    private func entries(_ chunk: Int64) throws(SQLiteError) -> [UInt8] {
        session.selectKeyEntries.bind(chunk, at: 1)
        defer { session.selectKeyEntries.reset() }
        guard try session.selectKeyEntries.step() else {
            throw SQLiteError(code: SQLITE_CORRUPT, message: "the index of unique keys lacks entry \(chunk)")
        }
        return session.selectKeyEntries.bytes(0)
    }

    // MARK: Writing

    /// Writes what is due of the index, inside a transaction that stored `added` keys.
    ///
    /// - Returns: what to apply when the transaction is on the disk.
    func writeKeys(added: Int) throws(SQLiteError) -> [KeyIndex.Write] {
        keyDebt = keys.builds.isEmpty ? 0 : keyDebt + Self.writesPerKey * added
        var writes: [KeyIndex.Write] = []
        for (index, build) in keys.builds.enumerated() {
            var next = build.run.written
            while keyDebt > 0, next < build.run.chunkCount {
                let entries = try entries(of: build, chunk: next)
                let id = keys.freeChunk(after: writes.count)
                let filter = build.run.filter(of: entries)
                try save(entries, as: id, number: next, of: build.run, filter)
                writes.append(
                    KeyIndex.Write(build: index, chunk: .init(id: id, entries: entries.count), filter: filter))
                keyDebt -= max(1, entries.count)
                next += 1
            }
            if build.source == .flush, next == build.run.chunkCount {
                ledger.keys.flush()
                ledger.isChanged = true
            }
        }
        return writes
    }

    private func save(_ entries: [KeyEntry], as id: Int64, number: Int, of run: KeyRun, _ filter: [UInt64])
        throws(SQLiteError)
    {
        session.saveKeyEntries.bind(id, at: 1)
        session.saveKeyEntries.bind(KeyChunk.encode(entries), at: 2)
        try session.saveKeyEntries.runAndUnbind()
        let values = [
            id, run.number, Int64(run.level), Int64(number), run.rows.lowerBound, run.rows.upperBound,
            Int64(entries.count),
        ]
        for (index, value) in values.enumerated() { session.saveKeyChunk.bind(value, at: Int32(index + 1)) }
        session.saveKeyChunk.bind(KeyChunk.encode(filter), at: 8)
        try session.saveKeyChunk.runAndUnbind()
    }

    /// Sorted; of a key with several rows, all of them.
    private func entries(of build: KeyIndex.Build, chunk: Int) throws(SQLiteError) -> [KeyEntry] {
        var found: [KeyEntry] = []
        switch build.source {
        case .flush: found = keys.frozen?.chunks[chunk] ?? []
        case .merge, .compaction:
            for run in build.runs {
                let bytes = try entries(run.chunks[chunk >> (build.run.bits - run.bits)].id)
                found += KeyChunk.entries(bytes, withPrefix: chunk, bits: build.run.bits)
            }
        }
        guard build.source == .compaction else { return found.sorted(by: KeyEntry.isInOrder) }
        var kept: [KeyEntry] = []
        for entry in found where try remembered(entry.row) != nil { kept.append(entry) }
        return kept
    }

    /// Begins a run when there are enough keys in memory. Outside of a transaction.
    func freezeKeys() {
        guard keys.recent.count > configuration.recentKeys, keys.frozen == nil else { return }
        keys.freeze(end: ledger.nextDelivery)
        ledger.keys.freeze(end: ledger.nextDelivery)
    }

    // MARK: Deleting

    /// Drops the runs of which no row is left. Outside of a transaction.
    func dropDeadRuns() throws(SQLiteError) {
        guard mayHaveDeadRuns else { return }
        mayHaveDeadRuns = false
        var dead: [KeyRun] = []
        for run in keys.idleRuns {
            session.selectFirstDelivery.bind(run.rows.lowerBound, at: 1)
            defer { session.selectFirstDelivery.reset() }
            let first = try session.selectFirstDelivery.step() ? session.selectFirstDelivery.int64(0) : .max
            if first >= run.rows.upperBound { dead.append(run) }
        }
        if !dead.isEmpty { keys.drop(dead) }
    }

    /// Deletes some of the free chunks if there are more of them than the index will soon need, in a transaction of its
    /// own.
    ///
    /// - Returns: whether there were some.
    func deleteFreeChunks() throws(SQLiteError) -> Bool {
        guard keys.free.count > keys.chunkCount + Self.freeKept else { return try deleteSeen() }
        let chunks = keys.free.suffix(Self.freeStep)
        try transaction { () throws(SQLiteError) in
            for chunk in chunks {
                session.deleteKeyEntries.bind(chunk, at: 1)
                try session.deleteKeyEntries.run()
                session.deleteKeyChunk.bind(chunk, at: 1)
                try session.deleteKeyChunk.run()
            }
        }
        keys.deletedFree(chunks.count)
        return true
    }

    /// The index of format 3 goes step by step when the last row that it was made of has gone.
    private func deleteSeen() throws(SQLiteError) -> Bool {
        guard ledger.seenEnd > 1, ledger.seenEnd <= ledger.oldestDelivery else { return false }
        try transaction { () throws(SQLiteError) in
            try session.deleteSeen.run()
            if session.connection.changes == 0 { ledger.seenEnd = 1 }
            ledger.isChanged = true
        }
        return ledger.seenEnd > 1
    }

    // MARK: Loading

    /// Reads the filters of all runs, and the keys of the rows that are in none.
    ///
    /// - Parameter flushed: how many keys of rows that are here the runs hold.
    func loadKeys(flushed: Int) throws(SQLiteError) {
        var loaded: [Int64: KeyRun] = [:]
        let rows = try session.connection.prepare("SELECT * FROM key_chunks")
        defer { rows.reset() }
        while try rows.step() {
            let number = rows.int64(1)
            loaded[
                number, default: KeyRun(number: number, level: Int(rows.int64(2)), rows: rows.int64(4)..<rows.int64(5))
            ].add(
                KeyRun.Chunk(id: rows.int64(0), entries: Int(rows.int64(6))), number: Int(rows.int64(3)),
                filter: KeyChunk.words(rows.bytes(7)))
        }
        keys = KeyIndex(Array(loaded.values), flushedEnd: ledger.seenEnd)
        ledger.keys = KeyCounts(flushed: flushed, flushedEnd: keys.flushedEnd)
        try loadRecentKeys()
    }

    private func loadRecentKeys() throws(SQLiteError) {
        let rows = try session.connection.prepare(
            "SELECT id, key FROM deliveries WHERE id >= ?1 AND key IS NOT NULL ORDER BY id")
        rows.bind(keys.flushedEnd, at: 1)
        defer { rows.reset() }
        while try rows.step() {
            guard let key = rows.key(1) else { continue }
            _ = keys.set(key, to: rows.int64(0))
            ledger.keys.add()
        }
    }
}
