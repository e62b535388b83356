internal import SluiceBase

/// The jobs above the first pending one that are delivered, parked or dead, because more than one batch was in flight
/// or one job is stuck: ranges of ids with their bytes. Its cost depends on the number of ranges, not of jobs.
struct FinishedJobs: Equatable {
    /// Neighbours, in ascending order, with at least one pending job between two of them.
    struct Group: Equatable {
        var ids: ClosedRange<Int64>
        /// Bytes of these jobs.
        var bytes: Int64
    }

    /// More are not written to `progress`, but found again at a start.
    static let mostWritten = 5000

    private(set) var groups: [Group] = []
    private(set) var count = 0
    private(set) var bytes: Int64 = 0

    var isEmpty: Bool { groups.isEmpty }

    func contains(_ id: Int64) -> Bool {
        let index = index(of: id)
        return index < groups.count && groups[index].ids.contains(id)
    }

    /// Adds a job that is not in it.
    mutating func insert(_ id: Int64, bytes: Int64) { insert(Group(ids: id...id, bytes: bytes)) }

    /// Adds neighbours that are not in it.
    mutating func insert(_ group: Group) {
        count += group.ids.count
        bytes += group.bytes
        var index = index(of: group.ids.lowerBound)
        var merged = group
        if index > 0, groups[index - 1].ids.upperBound == group.ids.lowerBound - 1 {
            index -= 1
            merged = Group(
                ids: groups[index].ids.lowerBound...merged.ids.upperBound, bytes: merged.bytes + groups[index].bytes)
            groups.remove(at: index)
        }
        if index < groups.count, groups[index].ids.lowerBound == group.ids.upperBound + 1 {
            merged = Group(
                ids: merged.ids.lowerBound...groups[index].ids.upperBound, bytes: merged.bytes + groups[index].bytes)
            groups.remove(at: index)
        }
        groups.insert(merged, at: index)
    }

    /// Takes out everything below `id`, which is in no group.
    mutating func removeAll(below id: Int64) {
        let index = index(of: id)
        for group in groups[..<index] {
            count -= group.ids.count
            bytes -= group.bytes
        }
        groups.removeFirst(index)
    }

    /// The first job from `id` on that is not in it.
    func firstPending(from id: Int64) -> Int64 {
        let index = index(of: id)
        return index < groups.count && groups[index].ids.contains(id) ? groups[index].ids.upperBound + 1 : id
    }

    /// The pending jobs between `id` and `end`, where neither is in a group.
    func pending(from id: Int64, below end: Int64) -> [Range<Int64>] {
        var ranges: [Range<Int64>] = []
        var start = id
        for group in groups where group.ids.lowerBound < end {
            ranges.append(start..<group.ids.lowerBound)
            start = group.ids.upperBound + 1
        }
        if start < end { ranges.append(start..<end) }
        return ranges
    }

    /// The first group that ends at `id` or above it.
    private func index(of id: Int64) -> Int {
        var (low, high) = (0, groups.count)
        while low < high {
            let middle = (low + high) / 2
            if groups[middle].ids.upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: In the file

    /// First, last and bytes of each group; nil where there are too many.
    var encoded: [UInt8]? {
        guard groups.count <= Self.mostWritten else { return nil }
        return KeyChunk.encode(
            groups.flatMap { [$0.ids.lowerBound, $0.ids.upperBound, $0.bytes] }.map { UInt64(bitPattern: $0) })
    }

    /// - Returns: nil where `bytes` are not what `encoded` writes.
    init?(encoded bytes: [UInt8]) {
        let words = KeyChunk.words(bytes).map { Int64(bitPattern: $0) }
        guard bytes.count % 24 == 0 else { return nil }
        for start in stride(from: 0, to: words.count, by: 3) {
            guard words[start] <= words[start + 1] else { return nil }
            insert(Group(ids: words[start]...words[start + 1], bytes: words[start + 2]))
        }
    }

    init() {}
}
