internal import CSluiceLinux

/// The kernel's set of watched descriptors (`man 7 epoll`), level-triggered.
///
/// `@safe`: `epoll_event` contains a union with a pointer, of which only the number is written or read.
@safe
struct Epoll: ~Copyable {
    private let descriptor: Int32
    /// Only a few, so that a turn of the loop stays short if each event means work, such as a handshake; the kernel
    /// reports the rest next.
    private var events = unsafe [epoll_event](repeating: epoll_event(), count: 64)

    init() throws(SystemCallError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .last("epoll_create1") }
    }

    deinit { FileDescriptor.close(descriptor) }

    func add(_ watched: Int32, _ interest: Readiness, token: UInt64) throws(SystemCallError) {
        try control(EPOLL_CTL_ADD, watched, interest: interest, token: token)
    }

    func modify(_ watched: Int32, _ interest: Readiness, token: UInt64) throws(SystemCallError) {
        try control(EPOLL_CTL_MOD, watched, interest: interest, token: token)
    }

    func remove(_ watched: Int32) throws(SystemCallError) {
        try control(EPOLL_CTL_DEL, watched, interest: [], token: 0)
    }

    /// Waits for events.
    ///
    /// - Parameter timeoutMilliseconds: -1 for no timeout.
    /// - Returns: the number of events for `event(at:)`; also 0 after a signal.
    mutating func wait(timeoutMilliseconds: Int32) -> Int {
        // The kernel fills at most as many events as the array has.
        let ready = unsafe epoll_wait(descriptor, &events, Int32(events.count), timeoutMilliseconds)
        return max(0, Int(ready))
    }

    func event(at position: Int) -> (token: UInt64, readiness: Readiness) {
        // The number is the member of the union that `control` wrote.
        unsafe (events[position].data.u64, Readiness(rawValue: events[position].events))
    }

    private func control(_ operation: Int32, _ watched: Int32, interest: Readiness, token: UInt64)
        throws(SystemCallError)
    {
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = token
        // The kernel copies the event.
        guard unsafe epoll_ctl(descriptor, operation, watched, &event) == 0 else { throw .last("epoll_ctl") }
    }
}
