internal import SluiceBase

/// Cuts a stream of bytes into lines (NDJSON). Empty lines are heartbeats and are passed over.
struct LineBuffer {
    private var bytes: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// Up to where no line feed was found.
    private var searched = 0

    mutating func append(_ chunk: [UInt8]) {
        if start > 0 {
            bytes.removeSubrange(0..<start)
            searched -= start
            start = 0
        }
        bytes += chunk
    }

    /// How many bytes lie here without an end.
    var unfinished: Int { bytes.count - start }

    /// The next whole line, without its line feed; nil where none is complete.
    mutating func next() -> [UInt8]? {
        while searched < bytes.count {
            let index = searched
            searched += 1
            guard bytes[index] == ASCII.lineFeed else { continue }
            defer { start = index + 1 }
            if index > start { return Array(bytes[start..<index]) }
        }
        return nil
    }
}
