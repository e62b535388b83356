internal import Glibc

/// Starts threads of the system, for what must not run on Swift's cooperative pool: event loops, the resolver, the
/// outbox's writer.
package enum SystemThread {
    /// The system has no thread left.
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

    /// Starts a detached thread with every signal blocked: signals are the main thread's, and SIGPIPE, which goes to
    /// the thread that wrote, must never end the process.
    ///
    /// - Parameter name: for people who look at the process; cut to 15 bytes (`man 5 proc`, `/proc/pid/comm`).
    /// - Throws: the error number of `pthread_create`; nothing is started then.
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(StartError) {
        var thread = pthread_t()
        // Released by the thread itself, as its first act.
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
    /// values). Where they want all processors it gets a part; else it runs as fast as they do.
    package static func lowerPriority() {
        // On Linux the call is about the thread. It fails only for a lower value than there is.
        _ = nice(5)
    }

    /// How long the calling thread has had a processor since it began, in nanoseconds. Costs a system call.
    package static func processorNanoseconds() -> Int64 {
        var now = timespec()
        // Fills the structure, and cannot fail for a clock that each thread has.
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

    /// Without a name it works as well, so that failing is of no matter.
    private static func setName(_ name: [UInt8]) {
        // The path is a C string for the call.
        let descriptor = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        // The array outlives the call.
        _ = unsafe write(descriptor, name, name.count)
        close(descriptor)
    }
}
