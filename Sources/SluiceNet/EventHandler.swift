internal import CSluiceLinux

/// The kernel's report about a descriptor.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: UInt32(EPOLLIN.rawValue))
    package static let writable = Readiness(rawValue: UInt32(EPOLLOUT.rawValue))
    /// Both directions are closed; always reported.
    package static let hangUp = Readiness(rawValue: UInt32(EPOLLHUP.rawValue))
    /// An error is pending; always reported.
    package static let failed = Readiness(rawValue: UInt32(EPOLLERR.rawValue))
    /// Requested: of several loops that watch the descriptor, one waiting loop is woken (`EPOLLEXCLUSIVE`). This
    /// interest cannot be changed, only ended with `EventLoop.unwatch`.
    package static let exclusive = Readiness(rawValue: 1 << 28)
}

/// The owner of a descriptor on an event loop. All calls are made on the loop's thread.
package protocol EventHandler: AnyObject {
    /// The descriptor is ready, or the owner asked to be called again (`EventLoop.callAgain`).
    func becameReady(_ readiness: Readiness)
    /// The deadline of `EventLoop.setDeadline` has passed and is cleared.
    func deadlinePassed()
    /// Whether the owner's events may be delayed to a later turn, without readiness, after a long turn. `false` by
    /// default.
    var mayWait: Bool { get }
}

extension EventHandler {
    package var mayWait: Bool { false }
}

/// A registration on an event loop: the slot, and a generation that distinguishes its successive owners.
package struct SourceID: Sendable, Hashable {
    /// Reused by another registration after this one.
    package let slot: Int
    let generation: UInt32

    /// Both as one number, for epoll.
    package var packed: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

    package init(packed: UInt64) {
        slot = Int(packed & 0xFFFF_FFFF)
        generation = UInt32(packed >> 32)
    }

    init(slot: Int, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}
