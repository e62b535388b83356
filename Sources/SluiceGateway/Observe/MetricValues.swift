internal import Synchronization

/// Counts times in a fixed set of ranges.
///
/// An observation is two relaxed atomic additions; can be used from any thread. Count and sum can differ by one
/// observation in a scrape.
package final class Histogram: Sendable {
    /// Upper bounds in seconds, inclusive, ascending; higher values are in `+Inf`.
    package let bounds: [Double]
    private let boundsNanoseconds: [Int64]
    /// One more than there are bounds; each counts only its own range, and scrapes compute the cumulative numbers.
    private let buckets: [Counter]
    private let sumNanoseconds = Atomic<Int64>(0)

    /// From a fast commit to a slow disk.
    package static let commitBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
    /// From the next batch to a queue server that was down for a day.
    package static let deliveryBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 86400]

    /// - Parameter bounds: in seconds, ascending, at least one.
    package init(bounds: [Double]) {
        precondition(
            !bounds.isEmpty && zip(bounds, bounds.dropFirst()).allSatisfy(<), "bounds of a histogram must ascend")
        self.bounds = bounds
        self.boundsNanoseconds = bounds.map { Int64($0 * 1e9) }
        self.buckets = (0...bounds.count).map { _ in Counter() }
    }

    /// - Parameters:
    ///   - nanoseconds: the measured time; negative values, as after a step of a clock, count as zero.
    ///   - count: the number of times, if one measurement represents several.
    package func observe(nanoseconds: Int64, count: Int = 1) {
        let held = max(nanoseconds, 0)
        var bucket = 0
        while bucket < boundsNanoseconds.count, held > boundsNanoseconds[bucket] { bucket += 1 }
        buckets[bucket].increment(by: count)
        sumNanoseconds.wrappingAdd(held &* Int64(count), ordering: .relaxed)
    }

    /// Cumulative counts, one for each bound and the last for `+Inf`, and the sum in seconds.
    package var snapshot: (counts: [UInt64], sum: Double) {
        var total: UInt64 = 0
        let counts = buckets.map { bucket in
            total += bucket.value
            return total
        }
        return (counts, Double(sumNanoseconds.load(ordering: .relaxed)) / 1e9)
    }
}

/// A number that only increases. Adding is one relaxed atomic instruction without ordering: a scrape may see one
/// counter slightly earlier than another.
///
/// Can be used from any thread.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    /// Adds to the counter; callable from any thread.
    package func increment(by amount: Int = 1) {
        count.wrappingAdd(UInt64(max(amount, 0)), ordering: .relaxed)
    }

    /// Adds one.
    ///
    /// - Returns: whether it was the first increment.
    package func incrementFirst() -> Bool {
        count.wrappingAdd(1, ordering: .relaxed).oldValue == 0
    }

    package var value: UInt64 { count.load(ordering: .relaxed) }
}
