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
    /// One row of `key_entries`.
    struct Chunk: Equatable {
        let id: Int64
        /// The number of entries.
        let entries: Int
    }

    /// The number of runs of one level that are merged into one of the next, as a power of two.
    static let fanOutBits = 2
    /// The level of the largest runs, about four million keys.
    static let topLevel = 3
    /// The chunks of a run of level 0, as a power of two: 512 of 65,536 keys each, which fill a page.
    private static let firstLevelBits = 7

    /// Larger for later runs.
    let number: Int64
    let level: Int
    /// The rows of `deliveries` with its keys.
    let rows: Range<Int64>
    /// In the order of the key space; chunks that are not written yet have the id 0.
    private(set) var chunks: [Chunk] = []
    private(set) var filter = KeyFilter()
    /// The number of written chunks.
    private(set) var written = 0
    /// The number of entries in all chunks.
    private(set) var entries = 0

    init(number: Int64, level: Int, rows: Range<Int64>) {
        self.number = number
        self.level = level
        self.rows = rows
    }

    /// A run with a chunk in the file.
    ///
    /// - Returns: `nil` for invalid values.
    init?(loaded number: Int64, level: Int64, firstRow: Int64, endRow: Int64) {
        guard number > 0, 0...Int64(Self.topLevel) ~= level, firstRow <= endRow else { return nil }
        self.init(number: number, level: Int(level), rows: firstRow..<endRow)
    }

    /// Whether the chunk with this number is not written yet.
    func lacks(chunk number: Int64) -> Bool {
        0..<Int64(chunkCount) ~= number && (chunks.isEmpty || chunks[Int(number)].id == 0)
    }

    /// The number of chunks of a complete run, as a power of two.
    var bits: Int { Self.firstLevelBits + Self.fanOutBits * level }

    var chunkCount: Int { 1 << bits }

    var isComplete: Bool { written == chunkCount }

    /// The ids of the written chunks.
    var ids: [Int64] { chunks.lazy.map(\.id).filter { $0 > 0 } }

    /// The chunk for `key`, if the run contains it.
    func chunk(of key: Fingerprint) -> Int { Int(key.high >> UInt64(64 - bits)) }

    /// Adds a written chunk.
    ///
    /// - Parameters:
    ///   - number: from 0 in the order of the key space.
    ///   - words: the filter of its keys.
    mutating func add(_ chunk: Chunk, number: Int, filter words: [UInt64]) {
        if chunks.isEmpty { chunks = Array(repeating: Chunk(id: 0, entries: 0), count: chunkCount) }
        chunks[number] = chunk
        written += 1
        entries += chunk.entries
        filter.set(words, chunk: number, of: chunkCount)
    }

    /// `false` only for a key that is not in the run.
    func mayContain(_ key: Fingerprint) -> Bool { filter.mayContain(key, chunk: chunk(of: key), bits: bits) }

    /// The part of the filter for a chunk with these entries.
    func filter(of entries: [KeyEntry]) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: KeyFilter.wordsPerChunk)
        for entry in entries { KeyFilter.add(entry.key, to: &words, bits: bits) }
        return words
    }

    /// Whether this run contains everything in `other`.
    func replaces(_ other: KeyRun) -> Bool {
        number > other.number && rows.lowerBound <= other.rows.lowerBound && rows.upperBound >= other.rows.upperBound
    }
}

/// A Bloom filter over the keys of a run: 512 bytes per chunk, about a byte per key, with all bits of a key in one
/// cache line. One lookup in 40 is a false positive.
struct KeyFilter {
    static let wordsPerChunk = 64
    private static let wordsPerBlock = 8
    private static let blockBits = 3
    private static let probes = 5

    private var words: [UInt64] = []

    mutating func set(_ chunkWords: [UInt64], chunk: Int, of count: Int) {
        if words.isEmpty { words = Array(repeating: 0, count: count * Self.wordsPerChunk) }
        let start = chunk * Self.wordsPerChunk
        for (index, word) in chunkWords.prefix(Self.wordsPerChunk).enumerated() { words[start + index] = word }
    }

    static func add(_ key: Fingerprint, to words: inout [UInt64], bits: Int) {
        let start = block(key, bits: bits)
        for probe in 0..<probes {
            let bit = bit(key, probe)
            words[start + bit >> 6] |= 1 << UInt64(bit & 63)
        }
    }

    func mayContain(_ key: Fingerprint, chunk: Int, bits: Int) -> Bool {
        let start = chunk * Self.wordsPerChunk + Self.block(key, bits: bits)
        for probe in 0..<Self.probes {
            let bit = Self.bit(key, probe)
            if words[start + bit >> 6] & 1 << UInt64(bit & 63) == 0 { return false }
        }
        return true
    }

    /// The first word of the key's block in its chunk, from the bits after those that select the chunk.
    private static func block(_ key: Fingerprint, bits: Int) -> Int {
        Int((key.high << UInt64(bits)) >> UInt64(64 - blockBits)) * wordsPerBlock
    }

    /// One of the block's 512 bits.
    private static func bit(_ key: Fingerprint, _ probe: Int) -> Int {
        Int(truncatingIfNeeded: key.low >> UInt64(9 * probe) & 511)
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

    /// The entries whose key starts with the bits `prefix`.
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
