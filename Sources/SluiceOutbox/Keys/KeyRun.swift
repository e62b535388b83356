internal import SluiceBase

/// A unique key and its row in `deliveries`.
struct KeyEntry: Equatable {
    let key: Fingerprint
    let row: Int64

    static func isInOrder(_ one: KeyEntry, _ other: KeyEntry) -> Bool {
        (one.key.high, one.key.low, one.row) < (other.key.high, other.key.low, other.row)
    }
}

/// The sorted keys of a range of rows, in chunks that each contain a part of the key space. Once written, a run is only
/// read until it is merged or dropped. This is the part in memory; the entries are in the table `key_entries`.
struct KeyRun {
    private struct Chunk {
        /// The row in `key_entries`; 0 if it is not written yet.
        var id: Int64 = 0
        /// Its part of `filters`; `notRead` if its filter is only in the file.
        var filterStart = notRead
        var filterLength: UInt32 = 0

        static let notRead = UInt32.max
    }

    /// The number of runs of one level that are merged into one of the next, as a power of two.
    static let fanOutBits = 2
    /// The level of the largest runs, about four million keys.
    static let topLevel = 3
    /// The maximum id of a chunk, for eight billion keys.
    static let greatestChunk: Int64 = 1 << 24
    /// The chunks of a run of level 0, as a power of two: 512 of 65,536 keys each, which fill a page.
    private static let firstLevelBits = 7

    /// Larger for later runs.
    let number: Int64
    let level: Int
    /// The rows of `deliveries` with its keys.
    let rows: Range<Int64>
    /// In the order of the key space; none before the first is written.
    private var chunks: [Chunk] = []
    /// The filters of all chunks, in the order in which they were added.
    private var filters: [UInt8] = []
    /// The number of written chunks.
    private(set) var written = 0
    /// The number of entries in all chunks.
    private(set) var entries = 0

    init(number: Int64, level: Int, rows: Range<Int64>) {
        self.number = number
        self.level = level
        self.rows = rows
    }

    /// - Returns: `nil` for invalid values.
    init?(number: Int64, level: Int64, firstRow: Int64, endRow: Int64) {
        guard number > 0, 0...Int64(Self.topLevel) ~= level, firstRow >= 0, firstRow <= endRow else { return nil }
        self.init(number: number, level: Int(level), rows: firstRow..<endRow)
    }

    /// A complete run in the file.
    ///
    /// - Parameter contents: as in `contents`.
    /// - Returns: `nil` if they were changed.
    init?(number: Int64, contents: [UInt8]) {
        guard let bytes = KeyChunk.unseal(contents, run: number, chunk: 0) else { return nil }
        let words = KeyChunk.words(bytes).map { Int64(bitPattern: $0) }
        guard words.count > 4, 0...Int64(Int32.max) ~= words[3] else { return nil }
        self.init(number: number, level: words[0], firstRow: words[1], endRow: words[2])
        let ids = words.dropFirst(4)
        guard ids.count == chunkCount, ids.allSatisfy({ 1...Self.greatestChunk ~= $0 }) else { return nil }
        for (chunk, id) in ids.enumerated() { add(id: id, number: chunk, entries: 0, filter: nil) }
        entries = Int(words[3])
    }

    /// Everything but the filters of a complete run, with a checksum.
    var contents: [UInt8] {
        let words = [Int64(level), rows.lowerBound, rows.upperBound, Int64(entries)] + chunks.map(\.id)
        return KeyChunk.seal(KeyChunk.encode(words.map { UInt64(bitPattern: $0) }), run: number, chunk: 0)
    }

    /// The number of chunks of a complete run, as a power of two.
    var bits: Int { Self.firstLevelBits + Self.fanOutBits * level }

    var chunkCount: Int { 1 << bits }

    var isComplete: Bool { written == chunkCount }

    /// The ids of the written chunks.
    var ids: [Int64] { chunks.lazy.map(\.id).filter { $0 > 0 } }

    /// The id of a chunk of a complete run.
    func id(ofChunk number: Int) -> Int64 { chunks[number].id }

    /// The chunk for `key`, if the run contains it.
    func chunk(of key: Fingerprint) -> Int { Int(key.high >> UInt64(64 - bits)) }

    /// Adds a written chunk.
    ///
    /// - Parameters:
    ///   - id: its row in `key_entries`.
    ///   - number: from 0 in the order of the key space.
    ///   - entries: the number of entries.
    ///   - filter: of its keys, see `KeyFilter`; `nil` if it is only in the file.
    mutating func add(id: Int64, number: Int, entries added: Int, filter: [UInt8]?) {
        if chunks.isEmpty {
            chunks = Array(repeating: Chunk(), count: chunkCount)
            // The space of a large run needs no memory until it is used (`ProcessMemory.limitPools`).
            filters.reserveCapacity(chunkCount * KeyFilter.usualSize)
        }
        chunks[number].id = id
        if let filter { setFilter(filter, ofChunk: number) }
        written += 1
        entries += added
    }

    /// Whether the chunk is not written yet.
    func lacks(chunk number: Int) -> Bool { chunks.isEmpty || chunks[number].id == 0 }

    func lacksFilter(ofChunk number: Int) -> Bool { chunks[number].filterStart == Chunk.notRead }

    mutating func setFilter(_ filter: [UInt8], ofChunk number: Int) {
        chunks[number].filterStart = UInt32(filters.count)
        chunks[number].filterLength = UInt32(filter.count)
        filters += filter
    }

    /// `false` only for a key that is not in the run, whose filter for this key was read.
    func mayContain(_ key: Fingerprint) -> Bool {
        let chunk = chunks[chunk(of: key)]
        let start = Int(chunk.filterStart)
        return KeyFilter.mayContain(
            key, in: filters.span.extracting(start..<start + Int(chunk.filterLength)), bits: bits)
    }

}

/// The format of a chunk in the file: 24 bytes per entry, the key and the row, both big-endian, so that the entries are
/// sorted by their bytes.
enum KeyChunk {
    private static let stride = 24

    static func encode(_ entries: [KeyEntry]) -> [UInt8] {
        encode(entries.flatMap { [$0.key.high, $0.key.low, UInt64(bitPattern: $0.row)] })
    }

    static func encode(_ words: [UInt64]) -> [UInt8] {
        // The bytes are copied before the closure ends.
        unsafe words.map(\.bigEndian).withUnsafeBytes { unsafe Array($0) }
    }

    static func words(_ bytes: [UInt8]) -> [UInt64] {
        // The words are copied before the closure ends.
        unsafe bytes.withUnsafeBytes { bytes in
            (0..<(bytes.count / 8)).map {
                unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
            }
        }
    }

    /// Appends a checksum that also depends on the position of the bytes.
    static func seal(_ bytes: [UInt8], run: Int64, chunk: Int) -> [UInt8] {
        bytes + encode([checksum(bytes, run: run, chunk: chunk)])
    }

    /// - Returns: the sealed bytes; `nil` if they were changed.
    static func unseal(_ bytes: [UInt8], run: Int64, chunk: Int) -> [UInt8]? {
        guard bytes.count >= 8 else { return nil }
        let content = Array(bytes.dropLast(8))
        return word(bytes, at: content.count) == checksum(content, run: run, chunk: chunk) ? content : nil
    }

    private static func checksum(_ bytes: [UInt8], run: Int64, chunk: Int) -> UInt64 {
        Checksum.xxh64(bytes.span, seed: UInt64(bitPattern: run) << 16 ^ UInt64(chunk))
    }

    /// The entries of a chunk of a run with 2^`bits` chunks, whose key starts with the bits `prefix`.
    static func entries(_ bytes: [UInt8], withPrefix prefix: Int, bits: Int) -> [KeyEntry] {
        var entries: [KeyEntry] = []
        for offset in Swift.stride(from: 0, to: bytes.count - stride + 1, by: stride) {
            let high = word(bytes, at: offset)
            if Int(high >> UInt64(64 - bits)) == prefix { entries.append(entry(bytes, high, at: offset)) }
        }
        return entries
    }

    /// The newest row of `key`; `nil` if the chunk does not contain it.
    static func row(of key: Fingerprint, in bytes: [UInt8]) -> Int64? {
        var (low, high) = (0, bytes.count / stride)
        let sought = KeyEntry(key: key, row: .max)
        while low < high {
            let middle = (low + high) / 2
            let candidate = entry(bytes, word(bytes, at: middle * stride), at: middle * stride)
            if KeyEntry.isInOrder(candidate, sought) { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let last = entry(bytes, word(bytes, at: (low - 1) * stride), at: (low - 1) * stride)
        return last.key == key ? last.row : nil
    }

    private static func entry(_ bytes: [UInt8], _ high: UInt64, at offset: Int) -> KeyEntry {
        KeyEntry(
            key: Fingerprint(high: high, low: word(bytes, at: offset + 8)),
            row: Int64(bitPattern: word(bytes, at: offset + 16)))
    }

    private static func word(_ bytes: [UInt8], at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset + 8 <= bytes.count, "a word lies within its chunk")
        // Checked above.
        return unsafe bytes.withUnsafeBytes {
            unsafe UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }
}
