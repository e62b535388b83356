/// A set of job ids as ranges in ascending order: 16 bytes for any run of consecutive ids.
struct JobRanges: Sendable, Equatable {
    private(set) var ranges: [ClosedRange<Int64>] = []
    /// The number of ids.
    private(set) var count = 0

    var isEmpty: Bool { ranges.isEmpty }

    /// The smallest id.
    var first: Int64? { ranges.first?.lowerBound }

    /// Adds an id.
    mutating func insert(_ id: Int64) { insert(id...id) }

    /// Adds all ids of another set.
    mutating func formUnion(_ other: JobRanges) {
        for range in other.ranges { insert(range) }
    }

    private mutating func insert(_ range: ClosedRange<Int64>) {
        // The first range that touches or overlaps the new one, and the first beyond it.
        let start = index { $0.upperBound >= range.lowerBound - 1 }
        let end = index { $0.lowerBound > range.upperBound + 1 }
        let touched = ranges[start..<end]
        let lower = min(range.lowerBound, touched.first?.lowerBound ?? range.lowerBound)
        let upper = max(range.upperBound, touched.last?.upperBound ?? range.upperBound)
        count += (lower...upper).count - touched.reduce(0) { $0 + $1.count }
        ranges.replaceSubrange(start..<end, with: CollectionOfOne(lower...upper))
    }

    /// Binary search: the first range for which the condition is true, as it is for all after it.
    private func index(where holds: (ClosedRange<Int64>) -> Bool) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(ranges[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Removes the smallest ids.
    ///
    /// - Parameter limit: the maximum number.
    mutating func takeFirst(_ limit: Int) -> JobRanges {
        var taken = JobRanges()
        var used = 0
        while taken.count < limit, used < ranges.count {
            let range = ranges[used]
            let room = limit - taken.count
            guard range.count > room else {
                taken.append(range)
                used += 1
                continue
            }
            let last = range.lowerBound + Int64(room) - 1
            taken.append(range.lowerBound...last)
            ranges[used] = (last + 1)...range.upperBound
        }
        ranges.removeFirst(used)
        count -= taken.count
        return taken
    }

    /// The ids above an id.
    func beyond(_ id: Int64) -> JobRanges {
        var rest = JobRanges()
        for range in ranges where range.upperBound > id {
            rest.append(max(range.lowerBound, id + 1)...range.upperBound)
        }
        return rest
    }

    /// Adds ids above all those in the set.
    private mutating func append(_ range: ClosedRange<Int64>) {
        ranges.append(range)
        count += range.count
    }
}
