internal import SluiceBase

/// The part of the index of unique keys that is in memory: a log-structured merge index that finds a key's row in
/// `deliveries`. No I/O: the store writes the chunks planned here, and applies them when they are durable (DESIGN.md,
/// "Keys").
struct KeyIndex {
    /// The purpose of a chunk that is being written.
    struct Build {
        enum Source {
            /// The frozen keys.
            case flush
            /// Runs of the level below.
            case merge
            /// One run, without the entries of deleted rows.
            case compaction
        }

        let source: Source
        let runs: [KeyRun]
        var run: KeyRun
    }

    /// A chunk written in a transaction.
    struct Write {
        let build: Int
        /// The row in `key_entries`.
        let id: Int64
        /// The number of entries.
        let entries: Int
        let filter: [UInt8]
    }

    /// Keys that no longer change and are not yet a run.
    struct Frozen {
        let rows: [Fingerprint: Int64]
        /// By their chunk.
        let chunks: [[KeyEntry]]
    }

    /// The number of entries of deleted rows, in addition to a quarter of the keys, above which runs are compacted:
    /// about one run of the top level, which is dropped as a whole after its last row.
    var toleratedEntries = 1 << 22

    /// The keys of the newest rows, which are in no run.
    private(set) var recent: [Fingerprint: Int64] = [:]
    private(set) var frozen: Frozen?
    /// The keys of rows below this are in runs; those from here to `frozenEnd` are frozen.
    private(set) var flushedEnd: Int64
    private(set) var frozenEnd: Int64
    /// Complete runs.
    private(set) var runs: [KeyRun]
    private(set) var builds: [Build] = []
    /// Unused chunks, which are overwritten, starting from the end.
    private(set) var free: [Int64]
    /// The first chunk id that does not exist yet.
    private(set) var nextChunk: Int64
    private var nextRun: Int64
    private var lastCompacted: Int64 = 0

    /// - Parameters:
    ///   - runs: the complete runs in the file.
    ///   - flushedEnd: rows below it are in a run, or in the index of an earlier format, or no longer exist.
    ///   - nextChunk: the end of the chunks in the file. Those that no run contains are free.
    init(_ runs: [KeyRun] = [], flushedEnd: Int64 = 1, nextChunk: Int64 = 1) {
        self.runs = runs
        var isFree = [Bool](repeating: true, count: Int(nextChunk))
        for run in runs { for id in run.ids { isFree[Int(id)] = false } }
        free = isFree.indices.dropFirst().reversed().filter { isFree[$0] }.map { Int64($0) }
        self.flushedEnd = flushedEnd
        frozenEnd = flushedEnd
        nextRun = (runs.map(\.number).max() ?? 0) + 1
        self.nextChunk = nextChunk
    }

    // MARK: Recent keys

    /// - Returns: the previous row of the key among the recent ones.
    mutating func set(_ key: Fingerprint, to row: Int64) -> Int64? { recent.updateValue(row, forKey: key) }

    /// Reverts `set`.
    mutating func undo(_ key: Fingerprint, before row: Int64?) { recent[key] = row }

    /// Starts a new run with the recent keys; the previous one must be complete.
    ///
    /// - Parameter end: the next row of `deliveries`.
    mutating func freeze(end: Int64) {
        let run = KeyRun(number: nextRun, level: 0, rows: frozenEnd..<end)
        var chunks = [[KeyEntry]](repeating: [], count: run.chunkCount)
        for (key, row) in recent { chunks[run.chunk(of: key)].append(KeyEntry(key: key, row: row)) }
        frozen = Frozen(rows: recent, chunks: chunks)
        recent = [:]
        frozenEnd = end
        nextRun += 1
        builds.insert(Build(source: .flush, runs: [], run: run), at: 0)
    }

    // MARK: Runs

    mutating func setFilter(_ filter: [UInt8], ofChunk chunk: Int, run index: Int) {
        runs[index].setFilter(filter, ofChunk: chunk)
    }

    /// Starts the merges and the compaction that are due, in the order in which they are written.
    ///
    /// - Parameter keys: the number of remembered keys.
    private mutating func startBuilds(keys: Int) {
        for level in 1...KeyRun.topLevel where !builds.contains(where: { $0.source == .merge && $0.run.level == level })
        {
            let sources = runs.filter { $0.level == level - 1 }.sorted { $0.rows.lowerBound < $1.rows.lowerBound }
            guard sources.count >= 1 << KeyRun.fanOutBits else { continue }
            start(.merge, Array(sources.prefix(1 << KeyRun.fanOutBits)), level: level)
        }
        guard !builds.contains(where: { $0.source == .compaction }),
            runs.reduce(0, { $0 + $1.entries }) > keys + keys / 4 + toleratedEntries
        else { return }
        let candidates = runs.filter { $0.level == KeyRun.topLevel }.sorted { $0.rows.lowerBound < $1.rows.lowerBound }
        guard let run = candidates.first(where: { $0.rows.lowerBound > lastCompacted }) ?? candidates.first else {
            return
        }
        lastCompacted = run.rows.lowerBound
        start(.compaction, [run], level: run.level)
    }

    private mutating func start(_ source: Build.Source, _ sources: [KeyRun], level: Int) {
        guard let first = sources.map(\.rows.lowerBound).min(), let end = sources.map(\.rows.upperBound).max() else {
            return
        }
        let run = KeyRun(number: nextRun, level: level, rows: first..<end)
        nextRun += 1
        builds.append(Build(source: source, runs: sources, run: run))
    }

    /// Records that the writes are durable.
    ///
    /// - Parameter keys: the number of remembered keys.
    mutating func apply(_ writes: [Write], keys: Int) {
        for write in writes {
            let number = builds[write.build].run.written
            builds[write.build].run.add(id: write.id, number: number, entries: write.entries, filter: write.filter)
            nextChunk = max(nextChunk, write.id + 1)
        }
        free.removeLast(min(free.count, writes.count))
        let complete = builds.filter(\.run.isComplete)
        guard !complete.isEmpty else { return }
        builds.removeAll(where: \.run.isComplete)
        for build in complete { end(build) }
        startBuilds(keys: keys)
    }

    private mutating func end(_ build: Build) {
        if build.source == .flush {
            flushedEnd = frozenEnd
            frozen = nil
        }
        drop(build.runs)
        runs.append(build.run)
    }

    /// Drops runs without remaining rows; one that is being merged is kept until the merge is complete.
    mutating func drop(_ dropped: [KeyRun]) {
        let numbers = Set(dropped.map(\.number))
        runs.removeAll { numbers.contains($0.number) }
        // Neighbours are overwritten consecutively.
        free += dropped.flatMap(\.ids).sorted(by: >)
    }

    /// The runs that may be dropped.
    var idleRuns: [KeyRun] {
        let busy = Set(builds.flatMap { $0.runs.map(\.number) })
        return runs.filter { !busy.contains($0.number) }
    }

    /// Records that the last unused chunks were deleted.
    mutating func deletedFree(_ count: Int) { free.removeLast(count) }

    /// The id of the next chunk in a transaction that has already written `count`.
    func freeChunk(after count: Int) -> Int64 {
        count < free.count ? free[free.count - 1 - count] : nextChunk + Int64(count - free.count)
    }

    /// The chunks of all runs.
    var chunkCount: Int { runs.reduce(0) { $0 + $1.chunkCount } }
}
