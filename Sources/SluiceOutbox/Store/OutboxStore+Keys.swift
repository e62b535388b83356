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
            if next == build.run.chunkCount {
                var run = build.run
                for write in writes where write.build == index {
                    run.add(id: write.id, number: run.written, entries: write.entries, filter: nil)
                }
                try save(run, replacing: build.runs)
                if build.source == .flush { ledger.keys.flush() }
                ledger.isChanged = true
            }
        }
        return writes
    }

    private func save(_ run: KeyRun, replacing sources: [KeyRun]) throws(SQLiteError) {
        try session.saveKeyRun.runAndUnbind(run.number, run.contents)
        for source in sources { try session.deleteKeyRun.run(source.number) }
    }

    private func save(_ entries: [KeyEntry], as id: Int64, number: Int, of run: KeyRun, _ filter: [UInt8])
        throws(SQLiteError)
    {
        try session.saveKeyEntries.runAndUnbind(
            id, KeyChunk.seal(KeyChunk.encode(entries), run: run.number, chunk: number))
        try session.saveKeyFilter.runAndUnbind(id, KeyChunk.seal(filter, run: run.number, chunk: number))
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
        guard !dead.isEmpty else { return }
        // Their chunks are written over from now on.
        try transaction { () throws(SQLiteError) in
            for run in dead { try session.deleteKeyRun.run(run.number) }
        }
        keys.drop(dead)
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
                try session.deleteKeyFilter.run(chunk)
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
                        SELECT count(*) FROM key_filters
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
    /// - Parameter written: the stored figures: how many keys of existing rows the runs contain.
    func loadKeys(_ written: KeyCounts) throws(SQLiteError) {
        let stored = try session.connection.prepare("SELECT run, contents FROM key_runs")
        let runs = try stored.all { row throws(SQLiteError) -> KeyRun in
            let number = try row.figure(0)
            guard let run = KeyRun(number: number, contents: row.bytes(1)) else {
                throw SQLiteError(code: SQLITE_CORRUPT, message: "run \(number) of the index of unique keys is damaged")
            }
            return run
        }
        try checkCover(runs, upTo: written.flushedEnd)
        let last = try session.connection.prepare("SELECT ifnull(max(id), 0) FROM key_entries")
            .first { row throws(SQLiteError) in try row.figure(0) }
        let lastChunk = runs.reduce(last ?? 0) { max($0, $1.ids.max() ?? 0) }
        guard lastChunk <= KeyRun.greatestChunk else { throw damagedIndex(lastChunk) }
        keys = KeyIndex(runs, flushedEnd: written.flushedEnd, nextChunk: lastChunk + 1)
        ledger.keys = written
        try loadRecentKeys()
    }

    /// Checks that the runs contain each row below `end` that exists, but for those in the index of format 3: otherwise
    /// keys would be forgotten.
    private func checkCover(_ runs: [KeyRun], upTo end: Int64) throws(SQLiteError) {
        var covered = ledger.seenEnd
        for rows in runs.map(\.rows).sorted(by: { $0.lowerBound < $1.lowerBound }) + [end..<end] {
            let first = try session.selectFirstDelivery.first(covered) { $0.int64(0) } ?? .max
            guard rows.upperBound <= end, first >= min(rows.lowerBound, end) else {
                throw SQLiteError(code: SQLITE_CORRUPT, message: "the index of unique keys lacks rows, or has too many")
            }
            covered = max(covered, rows.upperBound)
        }
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
