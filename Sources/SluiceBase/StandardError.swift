internal import Glibc

/// The process's standard error for log lines. Writing never blocks the thread, and no error of it ends the process.
package enum StandardError {
    /// The result of writing a line.
    package enum Outcome: Sendable, Hashable {
        case written
        /// The line is lost: the reader of standard error is too slow or absent.
        case dropped
    }

    /// Writes one line with one `write(2)`, so that lines of several threads and processes do not mix.
    ///
    /// The descriptor is often shared with other processes, so it is not made non-blocking; `poll` shows first whether
    /// it accepts the line. A pipe that is ready accepts at least `PIPE_BUF` (4096) bytes.
    package static func write(_ line: [UInt8]) -> Outcome { write(line, to: STDERR_FILENO) }

    /// Writes one line to any descriptor.
    package static func write(_ line: [UInt8], to descriptor: Int32) -> Outcome {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // One entry, as the count says; the call keeps no pointer.
        guard unsafe poll(&entry, 1, 0) == 1, entry.revents & Int16(POLLOUT) != 0 else { return .dropped }
        while true {
            // The array has `line.count` bytes; the call keeps no pointer.
            let count = unsafe Glibc.write(descriptor, line, line.count)
            if count == line.count { return .written }
            if count < 0, errno == EINTR { continue }
            return .dropped
        }
    }

    /// Writes the whole text of a command, and waits for its reader; stops if there is none.
    ///
    /// - Returns: whether all of it was written.
    @discardableResult
    package static func say(_ text: String, to descriptor: Int32) -> Bool {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            // The buffer outlives the call.
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    /// Whether standard error is a terminal.
    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Makes writing to a pipe or socket without a reader an error (`EPIPE`) instead of ending the process.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}
