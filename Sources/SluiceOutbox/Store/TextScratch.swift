/// The short texts of one row, one behind the other, so that SQLite can be given pointers into one buffer instead of copies.
///
/// The buffer is kept from row to row.
struct TextScratch {
    private var bytes: [UInt8] = []

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// - Returns: where the text lies in `bytes`; nil for nil.
    mutating func append(_ text: String?) -> Range<Int>? {
        guard let text else { return nil }
        return append(text)
    }

    mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
    }

    /// Over all the texts.
    var checksum: UInt64 { Checksum.xxh64(bytes.span) }

    /// The texts where they are. The pointer is good until `body` ends.
    func withBytes<Result, Failure>(_ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result) throws(Failure) -> Result {
        // The buffer does not outlive the closure.
        try unsafe bytes.span.withUnsafeBufferPointer(body)
    }
}
