/// The possible positions in a file: each of its lines with its length.
struct FileLines {
    /// In characters.
    private let lengths: [Int]

    init(_ bytes: [UInt8]) {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        lengths = text.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            String(decoding: line, as: UTF8.self).unicodeScalars.count
        }
    }

    /// Whether there is such a place; behind the last character of a line is one too.
    func hold(line: Int, column: Int) -> Bool {
        lengths.indices.contains(line - 1) && (1...(lengths[line - 1] + 1)).contains(column)
    }

    /// A message is one line that a terminal can show, of a limited length.
    static func isMessage(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count < 8_000
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
