internal import Glibc

/// Starts system threads for work that must not run on Swift's cooperative pool: event loops, the resolver, the
/// outbox's writer.
package enum SystemThread {
    /// The system cannot start another thread.
    package struct StartError: Error, Sendable, Hashable {
        /// The `errno`.
        package let code: Int32
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a detached thread with all signals blocked: signals belong to the main thread, and SIGPIPE, which goes to
    /// the writing thread, must never end the process.
    ///
    /// - Parameter name: shown by process viewers; truncated to 15 bytes (`man 5 proc`, `/proc/pid/comm`).
    /// - Throws: the error number of `pthread_create`; no thread is started then.
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(StartError) {
        var thread = pthread_t()
        // Released by the new thread first.
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // The one retain above.
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                SystemThread.enter(name: start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            unsafe start.release()
            throw StartError(code: code)
        }
        pthread_detach(thread)
    }

    /// Gives the calling thread a lower weight than the others of the process: 335 to their 1024 (`man 7 sched`, nice
    /// values). If they need all processors it gets a part; otherwise it runs at full speed.
    package static func lowerPriority() {
        // On Linux the call applies to the thread. It fails only for a value below the current one.
        _ = nice(5)
    }

    /// The CPU time of the calling thread, in nanoseconds. Costs a system call.
    package static func processorNanoseconds() -> Int64 {
        var now = timespec()
        // Fills the structure, and cannot fail: each thread has this clock.
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    private static func enter(name: String) {
        var all = sigset_t()
        unsafe sigfillset(&all)
        // Fails only for an unknown `how`.
        unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
        setName(Array(name.utf8.prefix(15)))
    }

    /// Errors are ignored: the name is not needed.
    private static func setName(_ name: [UInt8]) {
        // The path is a C string for the call.
        let descriptor = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        // The array outlives the call.
        _ = unsafe write(descriptor, name, name.count)
        close(descriptor)
    }
}
