internal import Synchronization

/// The one budget of memory for bodies, pending commits and unsent answers (`limits.memory`). Used from all event loops.
package final class MemoryBudget: Sendable {
    package let limit: ByteCount
    private let used = Atomic<Int>(0)

    package init(limit: ByteCount) { self.limit = limit }

    /// How much is taken now, in bytes.
    package var bytesInUse: Int { used.load(ordering: .relaxed) }

    /// Takes `bytes`, all or none.
    ///
    /// - Returns: `false` when that would go over the limit; nothing is taken then.
    package func reserve(_ bytes: Int) -> Bool {
        let before = used.wrappingAdd(bytes, ordering: .relaxed).oldValue
        guard before + bytes <= limit.bytes else {
            used.wrappingSubtract(bytes, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Gives back what was taken.
    package func release(_ bytes: Int) {
        used.wrappingSubtract(bytes, ordering: .relaxed)
    }
}
