internal import CSluiceLinux
internal import Glibc
internal import Synchronization

/// How other threads reach an event loop: work is queued under a lock and an eventfd wakes the loop.
package final class LoopMailbox: Sendable {
    /// A piece of work for the loop, run on its thread.
    package typealias Work = @Sendable (EventLoop) -> Void

    private struct State {
        var queue: [Work] = []
        var isClosed = false
    }

    let descriptor: Int32
    private let state = Mutex(State())

    init() throws(SystemCallError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { FileDescriptor.close(descriptor) }

    /// Queues work, from any thread.
    ///
    /// - Returns: `false` when the loop has ended; the work is then dropped.
    @discardableResult
    package func post(_ work: @escaping Work) -> Bool {
        let (accepted, mustWake) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.queue.append(work)
            return (true, state.queue.count == 1)
        }
        // The loop empties the whole queue at each wake, so only the first one in needs to wake it.
        if mustWake { wake() }
        return accepted
    }

    /// Everything queued, in order; called by the loop.
    func takeAll() -> [Work] {
        var counter: UInt64 = 0
        // Reading resets the eventfd; it must come before the queue is taken, or a wake could be lost.
        _ = unsafe read(descriptor, &counter, MemoryLayout<UInt64>.size)
        return state.withLock { state in
            let queue = state.queue
            state.queue = []
            return queue
        }
    }

    /// Refuses work from now on; what is still queued comes back, for the loop to run last.
    func close() -> [Work] {
        state.withLock { state in
            state.isClosed = true
            let queue = state.queue
            state.queue = []
            return queue
        }
    }

    private func wake() {
        var one: UInt64 = 1
        // Fails only when the counter is full, in which case the loop is about to wake anyway.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
}
