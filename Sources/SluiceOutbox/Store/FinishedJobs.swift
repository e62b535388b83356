internal import SluiceBase

/// The delivered, parked or dead jobs above the first pending one, which exist because more than one batch was in
/// flight or a job is stuck: ranges of ids with their bytes. The cost depends on the number of ranges, not of jobs.
struct FinishedJobs: Equatable {
    /// Consecutive jobs. Groups are in ascending order, with at least one pending job between two of them.
    struct Group: Equatable {
        var ids: ClosedRange<Int64>
        /// The size of these jobs in bytes.
        var bytes: Int64
    }

    /// The maximum number of groups written to `progress`; if there are more, they are found again at a start.
    static let maximumWrittenGroups = 5000

    private(set) var groups: [Group] = []
    private(set) var count = 0
    private(set) var bytes: Int64 = 0

    var isEmpty: Bool { groups.isEmpty }

    func contains(_ id: Int64) -> Bool {
        let index = index(of: id)
        return index < groups.count && groups[index].ids.contains(id)
    }

    /// Inserts a job that is not in any group.
    mutating func insert(_ id: Int64, bytes: Int64) { insert(Group(ids: id...id, bytes: bytes)) }

    /// Adds consecutive jobs that are not in any group.
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

    /// Removes everything below `id`, which is in no group.
    mutating func removeAll(below id: Int64) {
        let index = index(of: id)
        for group in groups[..<index] {
            count -= group.ids.count
            bytes -= group.bytes
        }
        groups.removeFirst(index)
    }

    /// The first job from `id` on that is not in a group.
    func firstPending(from id: Int64) -> Int64 {
        let index = index(of: id)
        return index < groups.count && groups[index].ids.contains(id) ? groups[index].ids.upperBound + 1 : id
    }

    /// The ranges of pending jobs between `id` and `end`, neither of which is in a group.
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

    /// The first group that ends at `id` or later.
    private func index(of id: Int64) -> Int {
        var (low, high) = (0, groups.count)
        while low < high {
            let middle = (low + high) / 2
            if groups[middle].ids.upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: In the file

    /// First, last and bytes of each group; `nil` if there are too many.
    var encoded: [UInt8]? {
        guard groups.count <= Self.maximumWrittenGroups else { return nil }
        return KeyChunk.encode(
            groups.flatMap { [$0.ids.lowerBound, $0.ids.upperBound, $0.bytes] }.map { UInt64(bitPattern: $0) })
    }

    /// - Returns: `nil` if `bytes` do not have the format of `encoded`.
    init?(encoded bytes: [UInt8]) {
        let words = KeyChunk.words(bytes).map { Int64(bitPattern: $0) }
        guard bytes.count % 24 == 0 else { return nil }
        for start in stride(from: 0, to: words.count, by: 3) {
            let (first, last, size) = (words[start], words[start + 1], words[start + 2])
            // No sum of what passes overflows.
            guard first > groups.last?.ids.upperBound ?? 0, first <= last, last <= Statement.greatestFigure,
                0...(Statement.greatestFigure - self.bytes) ~= size
            else { return nil }
            insert(Group(ids: first...last, bytes: size))
        }
    }

    init() {}
}
