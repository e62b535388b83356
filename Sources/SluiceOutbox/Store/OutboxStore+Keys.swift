internal import CSluiceSQLite
internal import SluiceBase

extension OutboxStore {
    /// Free chunks that are kept: the number of chunks of a run at the top level.
    private static let freeKept = 8192
    /// The number of threads that read the filters of an index with at least `fewestPrefetched` chunks, two million
    /// keys, and the chunks that one reads at a time: those of two or three pages.
    private static let prefetchers: Int64 = 16
    private static let fewestPrefetched: Int64 = 4096
    private static let prefetchStep: Int64 = 64
    /// Chunks deleted in one step.
    private static let freeStep = 256
    /// Entries written for each added row: a key is written once for each level, and some more to catch up.
    private static let writesPerRow = 5

    /// The newest delivery with this key.
    func newest(_ key: Fingerprint) throws(SQLiteError) -> Remembered? {
        guard let row = try newestRow(key), let delivery = try remembered(row), delivery.key == key else { return nil }
        return delivery
    }

    private func newestRow(_ key: Fingerprint) throws(SQLiteError) -> Int64? {
        // A method of the index would copy all of it.
        if let row = keys.recent[key] ?? keys.frozen?.rows[key] { return row }
        var newest: Int64?
        for index in keys.runs.indices {
            let chunk = keys.runs[index].chunk(of: key)
            if keys.runs[index].lacksFilter(ofChunk: chunk) { try readFilter(ofChunk: chunk, run: index) }
            guard keys.runs[index].mayContain(key),
                let row = KeyChunk.row(of: key, in: try entries(of: keys.runs[index], chunk: chunk))
            else { continue }
            newest = max(newest ?? 0, row)
        }
        if let newest { return newest }
        // In the index of format 3, which is only read.
        return ledger.seenEnd > ledger.oldestDelivery ? try session.selectSeen.first(key) { $0.int64(0) } : nil
    }

    private func entries(of run: KeyRun, chunk: Int) throws(SQLiteError) -> [UInt8] {
        try entries(run.id(ofChunk: chunk), run: run.number, chunk: chunk)
    }

    private func entries(_ id: Int64, run: Int64, chunk: Int) throws(SQLiteError) -> [UInt8] {
        guard let sealed = try session.selectKeyEntries.first(id, read: { $0.bytes(0) }),
            let entries = KeyChunk.unseal(sealed, run: run, chunk: chunk)
        else { throw damagedIndex(id) }
        return entries
    }

    private func damagedIndex(_ id: Int64) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: "entry \(id) of the index of unique keys is missing or damaged")
    }

    /// Reads the whole index.
    func checkKeys() throws(SQLiteError) {
        for run in keys.runs {
            for chunk in 0..<run.chunkCount { _ = try entries(of: run, chunk: chunk) }
        }
    }

    // MARK: Writing

    /// Writes the due part of the index, inside a transaction that stored `added` rows.
    ///
    /// - Returns: the writes to apply when the transaction is on the disk.
    func writeKeys(added: Int) throws(SQLiteError) -> [KeyIndex.Write] {
        keyDebt = keys.builds.isEmpty ? 0 : keyDebt + Self.writesPerRow * added
        var writes: [KeyIndex.Write] = []
        for (index, build) in keys.builds.enumerated() {
            var next = build.run.written
            while keyDebt > 0, next < build.run.chunkCount {
                let entries = try entries(of: build, chunk: next)
                let id = keys.freeChunk(after: writes.count)
                let filter = KeyFilter.make(entries, bits: build.run.bits)
                try save(entries, as: id, number: next, of: build.run, filter)
                writes.append(KeyIndex.Write(build: index, id: id, entries: entries.count, filter: filter))
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

    private func save(_ entries: [KeyEntry], as id: Int64, number: Int, of run: KeyRun, _ filter: [UInt8])
        throws(SQLiteError)
    {
        try session.saveKeyEntries.runAndUnbind(
            id, KeyChunk.seal(KeyChunk.encode(entries), run: run.number, chunk: number))
        try session.saveKeyChunk.runAndUnbind(
            id, run.number, run.level, number, run.rows.lowerBound, run.rows.upperBound, entries.count,
            KeyChunk.seal(filter, run: run.number, chunk: number))
    }

    /// The sorted entries; all of a key with several rows.
    private func entries(of build: KeyIndex.Build, chunk: Int) throws(SQLiteError) -> [KeyEntry] {
        var found: [KeyEntry] = []
        switch build.source {
        case .flush: found = keys.frozen?.chunks[chunk] ?? []
        case .merge, .compaction:
            for run in build.runs {
                let bytes = try entries(of: run, chunk: chunk >> (build.run.bits - run.bits))
                found += KeyChunk.entries(bytes, withPrefix: chunk, bits: build.run.bits)
            }
        }
        guard build.source == .compaction else { return found.sorted(by: KeyEntry.isInOrder) }
        var kept: [KeyEntry] = []
        for entry in found where try remembered(entry.row) != nil { kept.append(entry) }
        return kept
    }

    /// Starts a run if there are enough keys in memory, or rows, most of which may have no key: a start reads the rows
    /// behind the last run. Outside of a transaction.
    func freezeKeys() {
        let rows = ledger.nextDelivery - keys.frozenEnd
        guard keys.recent.count > configuration.recentKeys || rows > 2 * Int64(configuration.recentKeys),
            keys.frozen == nil
        else { return }
        keys.freeze(end: ledger.nextDelivery)
        ledger.keys.freeze(end: ledger.nextDelivery)
    }

    // MARK: Deleting

    /// Drops the runs without remaining rows. Outside of a transaction.
    func dropDeadRuns() throws(SQLiteError) {
        guard mayHaveDeadRuns else { return }
        mayHaveDeadRuns = false
        var dead: [KeyRun] = []
        for run in keys.idleRuns {
            let first = try session.selectFirstDelivery.first(run.rows.lowerBound) { $0.int64(0) } ?? .max
            if first >= run.rows.upperBound { dead.append(run) }
        }
        if !dead.isEmpty { keys.drop(dead) }
    }

    /// Deletes some of the free chunks if there are more than the index will soon need, in its own transaction.
    ///
    /// - Returns: whether any were deleted.
    func deleteFreeChunks() throws(SQLiteError) -> Bool {
        guard keys.free.count > keys.chunkCount + Self.freeKept else { return try deleteSeen() }
        let chunks = keys.free.suffix(Self.freeStep)
        try transaction { () throws(SQLiteError) in
            for chunk in chunks {
                try session.deleteKeyEntries.run(chunk)
                try session.deleteKeyChunk.run(chunk)
            }
        }
        keys.deletedFree(chunks.count)
        return true
    }

    /// Deletes the index of format 3 in steps once the last row that it covers was deleted.
    private func deleteSeen() throws(SQLiteError) -> Bool {
        guard ledger.seenEnd > 1, ledger.seenEnd <= ledger.oldestDelivery else { return false }
        try transaction { () throws(SQLiteError) in
            try session.deleteSeen.run()
            if session.connection.changes == 0 { ledger.seenEnd = 1 }
            ledger.isChanged = true
        }
        return ledger.seenEnd > 1
    }

    /// Reads the filters of a large index into the system's cache in the background: they are scattered over the file,
    /// and after a restart of the machine the first lookups would read twenty of them each, one after another.
    func prefetchFilters() {
        let end = keys.nextChunk
        guard end > Self.fewestPrefetched else { return }
        for thread in 0..<Self.prefetchers {
            let read: @Sendable () -> Void = { [prefetch, configuration] in
                // Errors are ignored here: they are reported when the page is needed.
                let connection = try? Connection(path: configuration.path, vfs: configuration.vfs, access: .readOnly)
                try? connection?.execute("PRAGMA cache_size = 16")
                for step in stride(from: thread, through: end / Self.prefetchStep, by: Int64.Stride(Self.prefetchers)) {
                    guard !prefetch.withLock({ $0.isStopped }) else { break }
                    let first = step * Self.prefetchStep
                    _ = try? connection?.integer(
                        """
                        SELECT count(*) FROM key_chunks NOT INDEXED
                        WHERE id BETWEEN \(first) AND \(first + Self.prefetchStep)
                        """)
                }
                connection?.close()
                prefetch.withLockAndWake { $0.threads -= 1 }
            }
            prefetch.withLock { $0.threads += 1 }
            do throws(SystemThread.StartError) { try SystemThread.start(name: "outbox-read", read) } catch {
                prefetch.withLock { $0.threads -= 1 }
            }
        }
    }

    func stopPrefetch() {
        prefetch.withLock { $0.isStopped = true }
        prefetch.wait(upTo: nil, until: { $0.threads == 0 }, then: { _ in })
    }

    // MARK: Loading

    /// Reads which runs there are, and the keys of the rows that are in none. Filters are read when they are needed.
    ///
    /// - Parameter written: the stored figures: how many keys of existing rows the runs contained.
    func loadKeys(_ written: KeyCounts) throws(SQLiteError) {
        var loaded: [KeyRun] = []
        let rows = try session.connection.prepare(Statements.selectKeyChunks)
        defer { rows.reset() }
        while try rows.step() {
            let (id, number, chunk) = (rows.int64(0), rows.int64(1), rows.int64(3))
            if loaded.last?.number != number {
                guard
                    let run = KeyRun(
                        loaded: number, level: rows.int64(2), firstRow: rows.int64(4), endRow: rows.int64(5))
                else { throw damagedIndex(id) }
                loaded.append(run)
            }
            let last = loaded.count - 1
            guard loaded[last].lacks(chunk: chunk), id > 0 else { throw damagedIndex(id) }
            loaded[last].add(id: id, number: Int(chunk), entries: Int(rows.int64(6)), filter: nil)
        }
        keys = KeyIndex(loaded, flushedEnd: ledger.seenEnd)
        // Missing runs contained rows that are read again, if they still exist.
        let lost =
            try session.connection.integer(
                "SELECT count(key) FROM deliveries WHERE id >= \(keys.flushedEnd) AND id < \(written.flushedEnd)") ?? 0
        ledger.keys = KeyCounts(flushed: written.flushed - Int(lost), flushedEnd: keys.flushedEnd)
        try loadRecentKeys()
    }

    /// Makes a filter that is damaged, or of the kind before format 8, from the keys of its chunk.
    private func readFilter(ofChunk chunk: Int, run index: Int) throws(SQLiteError) {
        let (id, number, bits) = (keys.runs[index].id(ofChunk: chunk), keys.runs[index].number, keys.runs[index].bits)
        let sealed = try session.selectKeyFilter.first(id) { $0.bytes(0) } ?? []
        var filter = KeyChunk.unseal(sealed, run: number, chunk: chunk)
        if filter == nil {
            let bytes = try entries(id, run: number, chunk: chunk)
            filter = KeyFilter.make(KeyChunk.entries(bytes, withPrefix: chunk, bits: bits), bits: bits)
        }
        keys.setFilter(filter ?? [], ofChunk: chunk, run: index)
    }

    private func loadRecentKeys() throws(SQLiteError) {
        let rows = try session.connection.prepare(
            "SELECT id, key FROM deliveries WHERE id >= ?1 AND key IS NOT NULL ORDER BY id")
        try rows.each(keys.flushedEnd) { row in
            guard let key = row.key(1) else { return }
            _ = keys.set(key, to: row.int64(0))
            ledger.keys.add()
        }
    }
}
