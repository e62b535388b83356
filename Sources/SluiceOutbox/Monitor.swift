internal import Glibc

/// A value with a lock and a way to wait for changes. For the few places where a thread sleeps; everything else uses a
/// `Mutex`.
///
/// `@unchecked Sendable`: `state` is only accessed with the lock, and the two pthread objects are shareable.
@safe final class Monitor<State>: @unchecked Sendable {
    private var state: State
    // pthread objects must not move, so they are allocated separately and freed with this object.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(_ state: sending State) {
        self.state = state
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        // Waiting must not end early or late when the machine's clock is set.
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        // Nothing can hold or wait for an unreferenced object; both were allocated in `init`.
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the lock. `body` must be short and must not call back.
    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// As `withLock`, and then wakes waiting threads.
    func withLockAndWake<Result>(_ body: (inout State) -> Result) -> Result {
        defer { wake() }
        return withLock(body)
    }

    /// Wakes waiting threads.
    func wake() { unsafe pthread_cond_broadcast(condition) }

    /// Waits until `isReady` or a timeout, then runs `body` with the lock.
    ///
    /// - Parameter nanoseconds: the timeout; `nil` for none.
    func wait<Result>(upTo nanoseconds: Int64?, until isReady: (State) -> Bool, then body: (inout State) -> Result)
        -> Result
    {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        let deadline = nanoseconds.map(Self.time(in:))
        while !isReady(state) {
            if var deadline {
                if unsafe pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { break }
            } else {
                unsafe pthread_cond_wait(condition, mutex)
            }
        }
        return body(&state)
    }

    private static func time(in nanoseconds: Int64) -> timespec {
        var time = timespec()
        // Cannot fail: the clock exists on every Linux.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        let sum = Int64(time.tv_nsec) + max(0, nanoseconds)
        time.tv_sec += Int(sum / 1_000_000_000)
        time.tv_nsec = Int(sum % 1_000_000_000)
        return time
    }
}
