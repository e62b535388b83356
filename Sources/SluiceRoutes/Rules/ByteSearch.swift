internal import SluiceBase

/// Finds bytes in a text in one pass, for any contents (Knuth, Morris and Pratt).
package struct ByteSearch: Sendable {
    private let needle: [UInt8]
    /// For each prefix of the needle, by its length minus one: the length of the longest shorter prefix that it ends
    /// with.
    private let borders: [Int]

    package init(for needle: [UInt8]) {
        self.needle = needle
        var borders: [Int] = []
        borders.reserveCapacity(needle.count)
        var length = 0
        for (index, byte) in needle.enumerated() {
            if index > 0 {
                while length > 0, needle[length] != byte { length = borders[length - 1] }
                if needle[length] == byte { length += 1 }
            }
            borders.append(length)
        }
        self.borders = borders
    }

    func isFound(in text: Span<UInt8>) -> Bool {
        guard let first = needle.first else { return true }
        var index = 0
        var matched = 0
        while index < text.count {
            // Most of the text is skipped here.
            if matched == 0 {
                guard let next = text.firstIndex(of: first, from: index) else { return false }
                index = next
            }
            while matched > 0, text[index] != needle[matched] { matched = borders[matched - 1] }
            if text[index] == needle[matched] { matched += 1 }
            if matched == needle.count { return true }
            index += 1
        }
        return false
    }
}
