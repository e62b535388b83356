internal import Glibc
internal import SluiceBase

/// The rows on leaf pages that SQLite does not reach because a page above them is damaged.
///
/// The pointer map of a file with `auto_vacuum` names the parent of each page, so that pages of deleted rows are not
/// mistaken for others. Inconsistent pages are left out. See <https://sqlite.org/fileformat2.html>.
final class LeafPages {
    enum Value {
        case null
        case integer(Int64)
        case text([UInt8])
        case blob([UInt8])
    }

    struct Row {
        let id: Int64
        let values: [Value]
    }

    private static let pageBytes = Pragmas.pageSize
    private let descriptor: Int32
    private let count: Int
    /// The leaves of the table, by their first row.
    private var leaves: [(first: Int64, page: Int)] = []
    /// The number of pages of the table that cannot be read.
    private(set) var unreadable = 0

    /// - Parameters:
    ///   - path: a file that is not empty, has no write-ahead log and is not being written.
    ///   - root: the first page of the table.
    init?(path: String, root: Int) {
        guard OutboxFile.size(of: path + "-wal") == 0 else { return nil }
        descriptor = OutboxFile.openOwn(path, O_RDONLY)
        count = OutboxFile.size(of: path) / Self.pageBytes
        guard descriptor >= 0 else { return nil }
        for page in stride(from: 3, through: count, by: 1) where page == root || isUnder(root, page) {
            if let first = rows(on: page)?.first?.id {
                if page != root { leaves.append((first, page)) }
            } else if read(page, at: 0, 1).first != 0x05 {
                unreadable += 1
            }
        }
        leaves.sort { $0.first < $1.first }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The rows with these numbers, in ascending order.
    func rows(in range: Range<Int64>) -> [Row] {
        let candidates = leaves.indices.filter { index in
            let isBehind = index + 1 < leaves.count && leaves[index + 1].first <= range.lowerBound
            return leaves[index].first < range.upperBound && !isBehind
        }
        return candidates.flatMap { rows(on: leaves[$0].page) ?? [] }.filter { range.contains($0.id) }
    }

    private func isUnder(_ root: Int, _ page: Int) -> Bool {
        var next = page
        for _ in 0..<20 {
            let perMap = Self.pageBytes / 5
            let map = (next - 2) / (perMap + 1) * (perMap + 1) + 2
            guard next > map else { return false }
            let entry = read(map, at: 5 * (next - map - 1), 5)
            // A page of a tree other than its first one.
            guard entry.count == 5, entry[0] == 5 else { return false }
            next = OutboxFile.number(entry[1...])
            if next == root { return true }
            guard next > 2, next <= count else { return false }
        }
        return false
    }

    private func rows(on page: Int) -> [Row]? {
        let bytes = read(page, at: 0, Self.pageBytes)
        guard bytes.count == Self.pageBytes, bytes[0] == 0x0D else { return nil }
        let cells = OutboxFile.number(bytes[3..<5])
        guard cells > 0, 8 + 2 * cells <= bytes.count else { return nil }
        var rows: [Row] = []
        for cell in 0..<cells {
            let start = OutboxFile.number(bytes[(8 + 2 * cell)..<(10 + 2 * cell)])
            guard let row = row(bytes, at: start), row.id > rows.last?.id ?? 0 else { return nil }
            rows.append(row)
        }
        return rows
    }

    private func row(_ bytes: [UInt8], at start: Int) -> Row? {
        var reader = ByteReader(bytes: bytes, offset: start)
        guard start >= 8, let length = reader.varint(), let id = reader.varint(), 0...(1 << 30) ~= length else {
            return nil
        }
        let total = Int(length)
        let usable = Self.pageBytes
        let least = (usable - 12) * 32 / 255 - 23
        let spilled = least + (total - least) % (usable - 4)
        let local = total <= usable - 35 ? total : spilled <= usable - 35 ? spilled : least
        guard var content = reader.bytes(local) else { return nil }
        if local < total {
            guard let next = reader.bytes(4), append(&content, from: OutboxFile.number(next[...]), upTo: total) else {
                return nil
            }
        }
        return Self.values(content).map { Row(id: id, values: $0) }
    }

    private func append(_ content: inout [UInt8], from first: Int, upTo total: Int) -> Bool {
        var next = first
        while content.count < total {
            guard next > 2, next <= count else { return false }
            let page = read(next, at: 0, Self.pageBytes)
            guard page.count == Self.pageBytes else { return false }
            next = OutboxFile.number(page[..<4])
            content += page[4...].prefix(total - content.count)
        }
        return true
    }

    private static func values(_ record: [UInt8]) -> [Value]? {
        var header = ByteReader(bytes: record, offset: 0)
        guard let length = header.varint(), 0...Int64(record.count) ~= length else { return nil }
        var body = ByteReader(bytes: record, offset: Int(length))
        var values: [Value] = []
        while header.offset < Int(length) {
            guard let type = header.varint(), let value = body.value(ofType: type) else { return nil }
            values.append(value)
        }
        return body.offset == record.count ? values : nil
    }

    /// - Parameter page: counted from 1.
    private func read(_ page: Int, at offset: Int, _ count: Int) -> [UInt8] {
        OutboxFile.bytes(descriptor, at: (page - 1) * Self.pageBytes + offset, count) ?? []
    }

    /// A position in the bytes of a page or record.
    private struct ByteReader {
        let bytes: [UInt8]
        private(set) var offset: Int

        mutating func bytes(_ count: Int) -> [UInt8]? {
            guard count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
            defer { offset += count }
            return Array(bytes[offset..<(offset + count)])
        }

        /// A number of one to nine bytes, seven bits in each except the ninth.
        mutating func varint() -> Int64? {
            var result: UInt64 = 0
            for index in 0..<9 {
                guard let byte = bytes(1)?[0] else { return nil }
                if index == 8 { return Int64(bitPattern: result << 8 | UInt64(byte)) }
                result = result << 7 | UInt64(byte & 0x7F)
                if byte & 0x80 == 0 { break }
            }
            return Int64(bitPattern: result)
        }

        /// The value of a serial type; nil for a type that no column of the outbox has.
        mutating func value(ofType type: Int64) -> Value? {
            switch type {
            case 0: return .null
            case 8, 9: return .integer(type - 8)
            case 1...6:
                let size = [1, 2, 3, 4, 6, 8][Int(type) - 1]
                guard let bytes = bytes(size) else { return nil }
                let sign: Int64 = bytes[0] & 0x80 == 0 ? 0 : -1
                return .integer(bytes.reduce(sign) { $0 << 8 | Int64($1) })
            case 12...(1 << 31):
                return bytes(Int(type - 12) / 2).map { type.isMultiple(of: 2) ? .blob($0) : .text($0) }
            default: return nil
            }
        }
    }
}

extension Statement {
    /// Binds a copy of a value that was read from a page.
    func bind(_ value: LeafPages.Value, at index: Int32) {
        switch value {
        case .null: bindNull(at: index)
        case .integer(let number): bind(number, at: index)
        case .text(let bytes): bind(String(decoding: bytes, as: UTF8.self), at: index)
        case .blob(let bytes): bind(bytes, at: index)
        }
    }
}
