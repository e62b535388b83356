internal import Synchronization

/// Names an object that each event loop keeps for itself, so that work posted from another thread can find the loop's own one.
package struct LoopLocal<Value: AnyObject>: Sendable {
    let number: Int

    package init() { number = LoopLocalNumbers.take() }
}

/// Numbers the keys of the process.
private enum LoopLocalNumbers {
    private static let next = Atomic<Int>(0)

    static func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}
