internal import SluiceBase

/// A unique key and the row in `deliveries` that it was stored with.
struct KeyEntry: Equatable {
    let key: Fingerprint
    let row: Int64

    static func isInOrder(_ one: KeyEntry, _ other: KeyEntry) -> Bool {
        (one.key.high, one.key.low, one.row) < (other.key.high, other.key.low, other.row)
    }
}

/// The keys of a range of rows, in chunks that each hold a part of the key space, sorted. Written once, then only read
/// until it is merged or dropped. This value is what is in memory of it; the entries are in the table `key_entries`.
struct KeyRun {
    /// One row of `key_entries`.
    struct Chunk: Equatable {
        let id: Int64
        /// How many entries it holds.
        let entries: Int
    }

    /// How many runs of one level are merged into one of the next, as a power of two.
    static let fanOutBits = 2
    /// The level of the largest runs, about four million keys.
    static let topLevel = 3
    /// The chunks of a run of level 0, as a power of two: 512 of 65,536 keys in each, which fill a page.
    private static let firstLevelBits = 7

    /// Larger for a run that was begun later.
    let number: Int64
    let level: Int
    /// The rows of `deliveries` whose keys it was made of.
    let rows: Range<Int64>
    /// In the order of the key space; those that are not written yet have the id 0.
    private(set) var chunks: [Chunk] = []
    private(set) var filter = KeyFilter()
    /// How many chunks are written.
    private(set) var written = 0
    /// In all chunks.
    private(set) var entries = 0

    init(number: Int64, level: Int, rows: Range<Int64>) {
        self.number = number
        self.level = level
        self.rows = rows
    }

    /// Two to this power is the number of chunks of a complete run.
    var bits: Int { Self.firstLevelBits + Self.fanOutBits * level }

    var chunkCount: Int { 1 << bits }

    var isComplete: Bool { written == chunkCount }

    /// The ids of the chunks that are written.
    var ids: [Int64] { chunks.lazy.map(\.id).filter { $0 > 0 } }

    /// The chunk that holds `key`, if the run has it.
    func chunk(of key: Fingerprint) -> Int { Int(key.high >> UInt64(64 - bits)) }

    /// A chunk was written.
    ///
    /// - Parameters:
    ///   - number: counted from 0 in the order of the key space.
    ///   - words: the filter of its keys.
    mutating func add(_ chunk: Chunk, number: Int, filter words: [UInt64]) {
        if chunks.isEmpty { chunks = Array(repeating: Chunk(id: 0, entries: 0), count: chunkCount) }
        chunks[number] = chunk
        written += 1
        entries += chunk.entries
        filter.set(words, chunk: number, of: chunkCount)
    }

    /// False only for a key that is not in the run.
    func mayContain(_ key: Fingerprint) -> Bool { filter.mayContain(key, chunk: chunk(of: key), bits: bits) }

    /// The filter's part for a chunk with these entries.
    func filter(of entries: [KeyEntry]) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: KeyFilter.wordsPerChunk)
        for entry in entries { KeyFilter.add(entry.key, to: &words, bits: bits) }
        return words
    }

    /// Whether this run holds everything that `other` holds.
    func replaces(_ other: KeyRun) -> Bool {
        number > other.number && rows.lowerBound <= other.rows.lowerBound && rows.upperBound >= other.rows.upperBound
    }
}

/// A Bloom filter over the keys of a run: 512 bytes for each chunk, about a byte for each key, with all bits of one key
/// in one cache line. One lookup in 40 is in vain.
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

    /// The first word of the key's block in its chunk, from the bits behind those that say which chunk.
    private static func block(_ key: Fingerprint, bits: Int) -> Int {
        Int((key.high << UInt64(bits)) >> UInt64(64 - blockBits)) * wordsPerBlock
    }

    /// One of the block's 512 bits.
    private static func bit(_ key: Fingerprint, _ probe: Int) -> Int {
        Int(truncatingIfNeeded: key.low >> UInt64(9 * probe) & 511)
    }
}

/// The form of a chunk in the file: 24 bytes for each entry, the key and the row, each with the most significant byte
/// first, so that the entries are in the order of their bytes.
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

    /// The entries whose key begins with the bits `prefix`.
    static func entries(_ bytes: [UInt8], withPrefix prefix: Int, bits: Int) -> [KeyEntry] {
        var entries: [KeyEntry] = []
        for offset in Swift.stride(from: 0, to: bytes.count - stride + 1, by: stride) {
            let high = word(bytes, at: offset)
            if Int(high >> UInt64(64 - bits)) == prefix { entries.append(entry(bytes, high, at: offset)) }
        }
        return entries
    }

    /// The newest row with `key`; nil when the chunk does not hold it.
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
