import SluiceBase
import Testing

@testable import SluiceRelay

@Suite struct JobRangesTests {
    private func ranges(_ ids: some Sequence<Int64>) -> JobRanges {
        var ranges = JobRanges()
        for id in ids { ranges.insert(id) }
        return ranges
    }

    private func ids(_ ranges: JobRanges) -> [Int64] { ranges.ranges.flatMap { Array($0) } }

    @Test("random insertions, unions and removals agree with a set", arguments: 0..<20 as Range<UInt64>)
    func agreesWithSet(seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        var (ranges, set) = (JobRanges(), Set<Int64>())
        for _ in 0..<300 {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                let more = (0..<10).map { _ in Int64.random(in: 1...100, using: &generator) }
                ranges.formUnion(self.ranges(more))
                set.formUnion(more)
            case 1:
                let limit = Int.random(in: 0...8, using: &generator)
                let taken = ranges.takeFirst(limit)
                #expect(ids(taken) == Array(set.sorted().prefix(limit)))
                #expect(taken.count == min(limit, set.count))
                set.subtract(ids(taken))
            default:
                let id = Int64.random(in: 1...100, using: &generator)
                ranges.insert(id)
                set.insert(id)
            }
            #expect(ids(ranges) == set.sorted())
            #expect(ranges.count == set.count)
            let bound = Int64.random(in: 0...100, using: &generator)
            #expect(ids(ranges.beyond(bound)) == set.sorted().filter { $0 > bound })
        }
    }

    @Test("neighbours are one range, in whatever order they come")
    func compresses() {
        #expect(ranges(1...100_000).ranges == [1...100_000])
        #expect(ranges((1...1000).reversed()).ranges == [1...1000])
        var joined = ranges([1, 3, 5])
        joined.formUnion(ranges([2, 4]))
        #expect(joined.ranges == [1...5])
    }
}
