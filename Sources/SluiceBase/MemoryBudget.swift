internal import Synchronization

/// The one budget of memory for bodies, what is made of them, and unsent answers (`limits.memory`). Used from all event
/// loops.
///
/// Requests that arrive whole only touch a counter. Those that do not are listed (`IncompleteRequests`), so that a full
/// budget takes the memory of the slowest of them instead of refusing the next sender.
package final class MemoryBudget: Sendable {
    /// How large a request is, which decides how much of the budget it may use.
    package enum RequestSize: Sendable, Hashable {
        /// A body of at most `MemoryBudget.smallRequest` bytes. May use the whole budget.
        case small
        /// A larger one. Leaves the reserve to small ones.
        case large

        /// - Parameter bodyBytes: the length of a body, as announced or so far.
        package init(bodyBytes: Int) { self = bodyBytes <= MemoryBudget.smallRequest ? .small : .large }
    }

    /// The largest body of a small request, in bytes.
    package static let smallRequest = 64 * 1024

    package let limit: ByteCount
    /// The part of the limit that large requests leave to small ones: an eighth.
    package var reserveBytes: Int { limit.bytes / 8 }
    /// What the incomplete requests of one address may hold together, unless there is only one of them: a quarter.
    package var addressBytes: Int { limit.bytes / 4 }

    private let used = Atomic<Int>(0)
    private let incomplete = Mutex(IncompleteRequests())

    package init(limit: ByteCount) { self.limit = limit }

    /// How much is taken now, in bytes.
    package var bytesInUse: Int { used.load(ordering: .relaxed) }

    /// Takes `bytes`, all or none. Drops the slowest incomplete requests where that makes room.
    ///
    /// - Returns: `false` when there is no room; nothing is taken then.
    package func reserve(_ bytes: Int, for size: RequestSize) -> Bool {
        if take(bytes, for: size) { return true }
        return makingRoom { requests in
            requests.makeRoom(for: size, except: nil, in: self) { self.take(bytes, for: size) }
        }
    }

    /// Gives back what was taken.
    package func release(_ bytes: Int) {
        used.wrappingSubtract(bytes, ordering: .relaxed)
    }

    /// As `reserve`, without dropping anything.
    package func take(_ bytes: Int, for size: RequestSize) -> Bool {
        let most = size == .small ? limit.bytes : limit.bytes - reserveBytes
        let before = used.wrappingAdd(bytes, ordering: .relaxed).oldValue
        guard before + bytes <= most else {
            used.wrappingSubtract(bytes, ordering: .relaxed)
            return false
        }
        return true
    }
}

/// What is taken from a budget for the things that are made of one request, before they are made.
package struct MemoryCharge: Sendable {
    /// nil where nothing is counted: nobody waits for the memory of `sluice check`.
    private let budget: MemoryBudget?
    private let size: MemoryBudget.RequestSize
    /// How much is taken.
    package private(set) var bytes = 0

    /// - Parameter size: of the request.
    package init(to budget: MemoryBudget?, for size: MemoryBudget.RequestSize) {
        self.budget = budget
        self.size = size
    }

    /// Counts nothing.
    package static let uncounted = MemoryCharge(to: nil, for: .small)

    /// Takes more.
    ///
    /// - Returns: `false` when the budget has no room; nothing is taken then.
    package mutating func take(_ more: Int) -> Bool {
        guard more > 0, let budget else { return true }
        guard budget.reserve(more, for: size) else { return false }
        bytes += more
        return true
    }

    /// Gives back what was taken beyond so many bytes.
    package mutating func giveBack(downTo less: Int) {
        guard less < bytes, let budget else { return }
        budget.release(bytes - less)
        bytes = less
    }
}

/// Requests that have begun and are not complete.
extension MemoryBudget {
    /// Sets whom to tell, on the thread that needs the room, that a request's memory was given to another one.
    package func tellDropped(_ tell: @escaping @Sendable (IncompleteRequests.Owner) -> Void) {
        incomplete.withLock { $0.tellDropped = tell }
    }

    /// Lists a request of which a part has arrived.
    ///
    /// - Parameters:
    ///   - share: whose share it counts to; nil for a proxy, behind which are many.
    ///   - reserved: bytes that were taken for it already.
    ///   - now: monotonic nanoseconds.
    package func list(
        _ owner: IncompleteRequests.Owner, share: IncompleteRequests.Share?, size: RequestSize, reserved: Int,
        at now: Int64
    ) -> IncompleteRequests.Ticket {
        incomplete.withLock { $0.add(owner, share: share, size: size, reserved: reserved, at: now) }
    }

    /// Notes that more of a listed request has arrived, and takes memory for it.
    ///
    /// - Parameter bytes: what it is to hold from now on; no less than before.
    /// - Returns: `false` where it was dropped, or there is no room even without slower ones.
    package func grow(
        _ ticket: IncompleteRequests.Ticket, to bytes: Int, size: RequestSize, share: IncompleteRequests.Share?,
        at now: Int64
    ) -> Bool {
        makingRoom { $0.grow(ticket, to: bytes, size: size, share: share, at: now, in: self) }
    }

    /// Takes a request off the list: it is complete, refused or gone. What was taken for it stays taken.
    ///
    /// - Returns: `false` where it was dropped, and its memory released.
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
            return (isTaken, requests.takeDropped(), requests.tellDropped)
        }
        for owner in dropped { tell?(owner) }
        return isTaken
    }
}
