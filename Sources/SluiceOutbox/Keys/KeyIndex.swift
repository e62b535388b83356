internal import SluiceBase

/// Finds the row in `deliveries` of a unique key: a log-structured merge index, of which this value is the part in
/// memory. No I/O: the store writes what is planned here, and applies it when it is on the disk (DESIGN.md, "Keys").
struct KeyIndex {
    /// What a chunk that is being written belongs to.
    struct Build {
        enum Source {
            /// The frozen keys.
            case flush
            /// Runs of the level below.
            case merge
            /// One run, without the entries whose rows are gone.
            case compaction
        }

        let source: Source
        let runs: [KeyRun]
        var run: KeyRun
    }

    /// A chunk that was written in a transaction.
    struct Write {
        let build: Int
        let chunk: KeyRun.Chunk
        let filter: [UInt64]
    }

    /// Keys that are no longer added to and not yet a run.
    struct Frozen {
        let rows: [Fingerprint: Int64]
        /// By the chunk that they go to.
        let chunks: [[KeyEntry]]
    }

    /// Entries of rows that are gone, beside a quarter of the keys, before runs are compacted: about a run of the top
    /// level, which is dropped as a whole when its last row has gone.
    static let toleratedEntries = 1 << 22

    /// Keys of the newest rows: those that are in no run.
    private(set) var recent: [Fingerprint: Int64] = [:]
    private(set) var frozen: Frozen?
    /// The rows below this are in runs; those below `frozenEnd` and not below this are frozen.
    private(set) var flushedEnd: Int64
    private(set) var frozenEnd: Int64
    /// Complete runs.
    private(set) var runs: [KeyRun]
    private(set) var builds: [Build] = []
    /// Chunks that nothing needs any more: they are written over, from the end.
    private(set) var free: [Int64]
    /// The chunks from this id on do not exist yet.
    private var nextChunk: Int64
    private var nextRun: Int64
    private var lastCompacted: Int64 = 0

    /// - Parameters:
    ///   - loaded: the runs in the file, whether they are complete or not.
    ///   - flushedEnd: rows below it were in a run, or in the index of an earlier format, before `loaded` began.
    init(_ loaded: [KeyRun] = [], flushedEnd: Int64 = 1) {
        let complete = loaded.filter(\.isComplete)
        runs = complete.filter { run in !complete.contains { $0.replaces(run) } }
        let kept = Set(runs.map(\.number))
        free = loaded.filter { !kept.contains($0.number) }.flatMap(\.ids)
        self.flushedEnd = max(flushedEnd, runs.map(\.rows.upperBound).max() ?? 0)
        frozenEnd = self.flushedEnd
        nextRun = (loaded.map(\.number).max() ?? 0) + 1
        nextChunk = (loaded.compactMap { $0.ids.max() }.max() ?? 0) + 1
    }

    // MARK: Recent keys

    /// - Returns: the row that the key had before among the recent ones.
    mutating func set(_ key: Fingerprint, to row: Int64) -> Int64? { recent.updateValue(row, forKey: key) }

    /// Takes back what `set` did.
    mutating func undo(_ key: Fingerprint, before row: Int64?) { recent[key] = row }

    /// The row of a key that is in no run yet.
    func recentRow(of key: Fingerprint) -> Int64? { recent[key] ?? frozen?.rows[key] }

    /// Begins a new run with the recent keys; the one before must be complete.
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

    /// Begins the merges and the compaction that are due; what is written first comes first.
    ///
    /// - Parameter keys: how many keys are remembered.
    private mutating func startBuilds(keys: Int) {
        for level in 1...KeyRun.topLevel where !builds.contains(where: { $0.source == .merge && $0.run.level == level })
        {
            let sources = runs.filter { $0.level == level - 1 }.sorted { $0.rows.lowerBound < $1.rows.lowerBound }
            guard sources.count >= 1 << KeyRun.fanOutBits else { continue }
            start(.merge, Array(sources.prefix(1 << KeyRun.fanOutBits)), level: level)
        }
        guard !builds.contains(where: { $0.source == .compaction }),
            runs.reduce(0, { $0 + $1.entries }) > keys + keys / 4 + Self.toleratedEntries
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

    /// What was written is on the disk.
    ///
    /// - Parameter keys: how many keys are remembered.
    mutating func apply(_ writes: [Write], keys: Int) {
        for write in writes {
            let number = builds[write.build].run.written
            builds[write.build].run.add(write.chunk, number: number, filter: write.filter)
            nextChunk = max(nextChunk, write.chunk.id + 1)
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

    /// Forgets runs none of whose rows is left; one that is being merged stays until that is done.
    mutating func drop(_ dropped: [KeyRun]) {
        let numbers = Set(dropped.map(\.number))
        runs.removeAll { numbers.contains($0.number) }
        // Neighbours are written over one after the other.
        free += dropped.flatMap(\.ids).sorted(by: >)
    }

    /// The runs that may be dropped.
    var idleRuns: [KeyRun] {
        let busy = Set(builds.flatMap { $0.runs.map(\.number) })
        return runs.filter { !busy.contains($0.number) }
    }

    /// The last ones were deleted.
    mutating func deletedFree(_ count: Int) { free.removeLast(count) }

    /// The id for the next chunk in a transaction that has written `count` already.
    func freeChunk(after count: Int) -> Int64 {
        count < free.count ? free[free.count - 1 - count] : nextChunk + Int64(count - free.count)
    }

    /// The chunks of all runs.
    var chunkCount: Int { runs.reduce(0) { $0 + $1.chunks.count } }
}
