internal import Synchronization

/// A number that only grows. Adding is one relaxed atomic instruction: nothing else is ordered by it, and a scrape may
/// see one counter a moment earlier than another.
///
/// Callable from any thread.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    package func increment(by amount: Int = 1) {
        count.wrappingAdd(UInt64(max(amount, 0)), ordering: .relaxed)
    }

    /// Adds one.
    ///
    /// - Returns: whether it was the first that was ever added.
    package func incrementForTheFirstTime() -> Bool {
        count.wrappingAdd(1, ordering: .relaxed).oldValue == 0
    }

    package var value: UInt64 { count.load(ordering: .relaxed) }
}
