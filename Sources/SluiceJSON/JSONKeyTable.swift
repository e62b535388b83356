/// The keys of an object that somebody knows: one that was read is found among them in a time that hardly grows with their number.
package struct JSONKeyTable: Sendable {
    private struct Entry {
        /// Where the key's UTF-8 lies.
        let bytes: Range<Int>
        let position: Int
    }

    private let text: [UInt8]
    /// By length, then by bytes.
    private let entries: [Entry]

    /// - Parameter keys: no two are equal byte for byte.
    package init(_ keys: [String]) {
        var text: [UInt8] = []
        var entries: [Entry] = []
        for (position, key) in keys.enumerated() {
            let start = text.count
            text += key.utf8
            entries.append(Entry(bytes: start..<text.count, position: position))
        }
        self.entries = entries.sorted { Self.order(text.span.extracting($0.bytes), text.span.extracting($1.bytes)) < 0 }
        self.text = text
    }

    /// Where the key stands among those that the table was made of; `nil` if it is none of them.
    package func position(of key: Span<UInt8>) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low &+ high) / 2
            let order = Self.order(key, text.span.extracting(entries[middle].bytes))
            if order == 0 { return entries[middle].position }
            if order < 0 { high = middle } else { low = middle &+ 1 }
        }
        return nil
    }

    /// Below, at or above zero as `one` comes before `other`, is equal, or comes behind.
    private static func order(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Int {
        guard one.count == other.count else { return one.count &- other.count }
        for index in 0..<one.count where one[index] != other[index] { return Int(one[index]) &- Int(other[index]) }
        return 0
    }
}
