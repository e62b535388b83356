internal import Glibc

/// What signals do to a process that is starting and serves nothing yet.
package enum StartSignals {
    /// From here on SIGTERM and SIGINT end the process at once, with exit status 0, and SIGHUP does nothing, until somebody else
    /// traps them.
    ///
    /// Left alone, the first process of a container ignores a SIGTERM, and whoever stops the container while it waits for its
    /// outbox has to kill it.
    package static func endTheProcess() {
        for number in [SIGTERM, SIGINT] {
            // `_exit` may be called in a signal handler (man 7 signal-safety); nothing is open that would need more.
            _ = signal(number) { _ in _exit(0) }
        }
        _ = signal(SIGHUP, SIG_IGN)
    }
}
