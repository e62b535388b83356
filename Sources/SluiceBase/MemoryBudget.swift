internal import Synchronization

/// The shared budget of memory for bodies, data derived from them, and unsent answers (`limits.memory`). Used by all
/// event loops.
///
/// Requests that arrive complete only change a counter. Incomplete ones are listed (`IncompleteRequests`), so that a
/// full budget takes the memory of the slowest of them instead of refusing the next sender.
package final class MemoryBudget: Sendable {
    /// The size class of a request, which decides how much of the budget it may use.
    package enum RequestSize: Sendable, Hashable {
        /// A body of at most `MemoryBudget.smallRequest` bytes. May use the whole budget.
        case small
        /// A larger body. Leaves the reserve to small requests.
        case large

        /// - Parameter bodyBytes: the length of a body, as announced or so far.
        package init(bodyBytes: Int) { self = bodyBytes <= MemoryBudget.smallRequest ? .small : .large }
    }

    /// The largest body of a small request, in bytes.
    package static let smallRequest = 64 * 1024

    package let limit: ByteCount
    /// The part of the limit that large requests leave to small ones: an eighth.
    package var reserveBytes: Int { limit.bytes / 8 }
    /// The maximum for all requests of one address that are incomplete or not yet read, unless it has only one: a
    /// quarter.
    package var addressBytes: Int { limit.bytes / 4 }

    private let used = Atomic<Int>(0)
    private let incomplete = Mutex(IncompleteRequests())

    package init(limit: ByteCount) { self.limit = limit }

    /// The memory in use, in bytes.
    package var bytesInUse: Int { used.load(ordering: .relaxed) }

    /// Reserves `bytes` or nothing. Drops the slowest incomplete requests if that makes enough room.
    ///
    /// - Returns: `false` if there is no room; nothing is reserved then.
    package func reserve(_ bytes: Int, for size: RequestSize) -> Bool {
        if take(bytes, for: size) { return true }
        return makingRoom { $0.makeRoom(of: bytes, for: size, except: nil, in: self) }
    }

    /// Releases reserved memory.
    package func release(_ bytes: Int) {
        used.wrappingSubtract(bytes, ordering: .relaxed)
    }

    /// As `reserve`, without dropping anything.
    package func take(_ bytes: Int, for size: RequestSize) -> Bool {
        let before = used.wrappingAdd(bytes, ordering: .relaxed).oldValue
        guard before + bytes <= most(for: size) else {
            used.wrappingSubtract(bytes, ordering: .relaxed)
            return false
        }
        return true
    }

    /// How many bytes are missing for a reservation.
    func shortage(of bytes: Int, for size: RequestSize) -> Int { bytesInUse + bytes - most(for: size) }

    private func most(for size: RequestSize) -> Int {
        size == .small ? limit.bytes : limit.bytes - reserveBytes
    }
}

/// The memory reserved for the data derived from one request, before it is created.
package struct MemoryCharge: Sendable {
    /// `nil` if nothing is counted, as in `sluice check`.
    private let budget: MemoryBudget?
    private let size: MemoryBudget.RequestSize
    /// The reserved memory, in bytes.
    package private(set) var bytes = 0

    /// - Parameter size: of the request.
    package init(to budget: MemoryBudget?, for size: MemoryBudget.RequestSize) {
        self.budget = budget
        self.size = size
    }

    /// Counts nothing.
    package static let uncounted = MemoryCharge(to: nil, for: .small)

    /// Reserves more memory.
    ///
    /// - Parameter isVerified: whether incomplete requests may be dropped for it: not for a sender who is not known,
    ///   because a small part of what is reserved was sent.
    /// - Returns: `false` if the budget has no room; nothing is reserved then.
    package mutating func take(_ more: Int, isVerified: Bool) -> Bool {
        guard more > 0, let budget else { return true }
        guard isVerified ? budget.reserve(more, for: size) : budget.take(more, for: size) else { return false }
        bytes += more
        return true
    }

    /// Releases what was reserved beyond a number of bytes.
    package mutating func giveBack(downTo less: Int) {
        guard less < bytes, let budget else { return }
        budget.release(bytes - less)
        bytes = less
    }
}

/// Incomplete requests.
extension MemoryBudget {
    /// Sets the handler for dropped requests, called on the thread that needs the memory.
    package func onDrop(_ tell: @escaping @Sendable (IncompleteRequests.Owner) -> Void) {
        incomplete.withLock { $0.onDrop = tell }
    }

    /// Lists a request of which a part has arrived, or one that waits for another thread.
    ///
    /// - Parameters:
    ///   - isComplete: whether it waits; it then counts towards its client, and is never dropped.
    ///   - share: the client that it counts towards; `nil` for a proxy with many clients.
    ///   - reserved: bytes that were already reserved for it.
    ///   - now: monotonic nanoseconds.
    package func list(
        _ owner: IncompleteRequests.Owner, isComplete: Bool = false, share: IncompleteRequests.Share?,
        size: RequestSize, reserved: Int, at now: Int64
    ) -> IncompleteRequests.Ticket {
        incomplete.withLock {
            $0.add(owner, isComplete: isComplete, share: share, size: size, reserved: reserved, at: now)
        }
    }

    /// Records that more of a listed request has arrived, and reserves memory for it.
    ///
    /// - Parameter bytes: its new total, not less than before.
    /// - Returns: `false` if it was dropped, or there is no room even without slower ones.
    package func grow(
        _ ticket: IncompleteRequests.Ticket, to bytes: Int, size: RequestSize, share: IncompleteRequests.Share?,
        at now: Int64
    ) -> Bool {
        makingRoom { $0.grow(ticket, to: bytes, size: size, share: share, at: now, in: self) }
    }

    /// Removes a request from the list: it is complete, read, refused or aborted. Its memory stays reserved.
    ///
    /// - Returns: `false` if it was dropped and its memory released.
    package func unlist(_ ticket: IncompleteRequests.Ticket) -> Bool {
        incomplete.withLock { $0.remove(ticket) }
    }

    /// Whether a request is listed and was not dropped.
    package func lists(_ ticket: IncompleteRequests.Ticket) -> Bool {
        incomplete.withLock { $0.holds(ticket) }
    }

    private func makingRoom(_ body: (inout IncompleteRequests) -> Bool) -> Bool {
        let (isTaken, dropped, tell) = incomplete.withLock { requests in
            let isTaken = body(&requests)
            let dropped = requests.takeDropped()
            return (isTaken, dropped, dropped.isEmpty ? nil : requests.onDrop)
        }
        for owner in dropped { tell?(owner) }
        return isTaken
    }
}
