internal import CSluiceLinux
internal import Glibc
internal import Synchronization

/// Gives other threads access to an event loop: work is queued under a lock, and an eventfd wakes the loop.
package final class LoopMailbox: Sendable {
    /// A function for the loop, called on its thread.
    package typealias Work = @Sendable (EventLoop) -> Void

    private struct State {
        var queue: [Work?] = []
        var isClosed = false
    }

    let descriptor: Int32
    private let state = Mutex(State())
    /// In monotonic nanoseconds; `Int64.max` while the loop waits for events.
    private let turnStart = Atomic<Int64>(.max)

    init() throws(SystemCallError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { FileDescriptor.close(descriptor) }

    /// Queues work. Can be called from any thread.
    ///
    /// - Returns: `false` if the loop has ended; the work is then dropped.
    @discardableResult
    package func post(_ work: @escaping Work) -> Bool {
        let (accepted, mustWake) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.queue.append(work)
            return (true, state.queue.count == 1)
        }
        // The loop empties the whole queue at each wake-up, so only the first entry needs to wake it.
        if mustWake { wake() }
        return accepted
    }

    /// The start of the loop's current turn in monotonic nanoseconds; `nil` while it waits for events. Can be read on
    /// any thread, so that a turn that does not end is noticed.
    package var currentTurn: Int64? {
        let start = turnStart.load(ordering: .relaxed)
        return start == .max ? nil : start
    }

    /// Called by the loop.
    func turnBegan(at start: Int64) { turnStart.store(start, ordering: .relaxed) }

    /// Called by the loop.
    func turnEnded() { turnStart.store(.max, ordering: .relaxed) }

    /// Runs all queued work in order; called by the loop.
    func runAll(on loop: EventLoop) {
        var counter: UInt64 = 0
        // Reading resets the eventfd; it must come before the queue is taken, or a wake could be lost.
        _ = unsafe read(descriptor, &counter, MemoryLayout<UInt64>.size)
        Self.run(take(closing: false), on: loop)
    }

    /// Refuses work from now on, and runs what is still queued.
    func close(on loop: EventLoop) {
        Self.run(take(closing: true), on: loop)
    }

    private func take(closing: Bool) -> [Work?] {
        state.withLock { state in
            if closing { state.isClosed = true }
            defer { state.queue = [] }
            return state.queue
        }
    }

    /// Frees each function after it has run: it may retain a request, whose memory other requests need long before the
    /// last function runs.
    private static func run(_ works: consuming [Work?], on loop: EventLoop) {
        for index in works.indices { works[index].take()?(loop) }
    }

    private func wake() {
        var one: UInt64 = 1
        // Fails only if the counter is full, and then the loop is about to wake anyway.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
}

/// A key for an object that each event loop stores separately, so that work from another thread can find the loop's
/// own.
package struct LoopLocal<Value: AnyObject>: Sendable {
    let number: Int

    package init() { number = LoopLocalNumbers.take() }
}

/// Numbers the keys of the process.
private enum LoopLocalNumbers {
    private static let next = Atomic<Int>(0)

    static func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}
