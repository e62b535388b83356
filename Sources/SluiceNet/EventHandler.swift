internal import CSluiceLinux

/// What the kernel says of a descriptor.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: UInt32(EPOLLIN.rawValue))
    package static let writable = Readiness(rawValue: UInt32(EPOLLOUT.rawValue))
    /// Both directions are over; reported whether asked for or not.
    package static let hangUp = Readiness(rawValue: UInt32(EPOLLHUP.rawValue))
    /// An error is pending; reported whether asked for or not.
    package static let failed = Readiness(rawValue: UInt32(EPOLLERR.rawValue))
    /// Asked for: of several loops that watch the descriptor one is woken that waits (`EPOLLEXCLUSIVE`). Such an
    /// interest cannot be changed, only ended with `EventLoop.unwatch`.
    package static let exclusive = Readiness(rawValue: 1 << 28)
}

/// The owner of a descriptor on an event loop. All calls come on the loop's thread.
package protocol EventHandler: AnyObject {
    /// The kernel reports the descriptor ready, or the owner asked to be called again (`EventLoop.callAgain`).
    func becameReady(_ readiness: Readiness)
    /// The deadline set with `EventLoop.setDeadline` has passed; it is not set any more.
    func deadlinePassed()
    /// Whether the owner's events may come in a later turn, with no readiness, where a turn has taken long already.
    /// `false` by default.
    var mayWait: Bool { get }
}

extension EventHandler {
    package var mayWait: Bool { false }
}

/// A registration on an event loop: which slot, and which of the slot's successive owners.
package struct SourceID: Sendable, Hashable {
    let slot: Int
    let generation: UInt32

    /// One number for both, as epoll carries it.
    package var packed: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

    /// Which of the loop's places it has; another registration has it later.
    package var place: Int { slot }

    package init(packed: UInt64) {
        slot = Int(packed & 0xFFFF_FFFF)
        generation = UInt32(packed >> 32)
    }

    init(slot: Int, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}
