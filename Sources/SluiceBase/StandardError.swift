internal import Glibc

/// The process's standard error as a place for log lines: it never blocks the thread that writes, and nothing that
/// happens to it ends the process.
package enum StandardError {
    /// What became of a line.
    package enum Outcome: Sendable, Hashable {
        case written
        /// Nobody reads fast enough, or nobody reads any more: the line is lost.
        case dropped
    }

    /// Writes one line with one `write(2)`, so that lines of several threads and processes do not mix.
    ///
    /// The descriptor is often shared with other processes, so it is not made non-blocking; it is asked first whether
    /// it would take the line. A pipe that is ready takes at least `PIPE_BUF` (4096) bytes at once.
    package static func write(_ line: [UInt8]) -> Outcome { write(line, to: STDERR_FILENO) }

    /// The same for any descriptor.
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

    /// Writes all of a command's own text, waiting for its reader; gives up if nobody reads.
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

    /// Whether a person watches.
    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Makes writing to a pipe or socket that nobody reads an error (`EPIPE`) instead of the end of the process.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }
}
