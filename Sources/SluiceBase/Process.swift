internal import Glibc

/// The environment that this process was started with.
package enum ProcessEnvironment {
    /// Names and values, as the kernel keeps them in `/proc/self/environ`: later `setenv` calls do not show, and
    /// nothing has to be read through the C library's unguarded global.
    ///
    /// - Returns: nothing where `/proc` is not mounted.
    package static func variables() -> [String: String] {
        guard let bytes = try? FileAccess.read("/proc/self/environ", limit: 16 << 20) else { return [:] }
        return parse(bytes)
    }

    /// Entries `NAME=value`, each ended by a zero byte; of two with one name the first counts, as for `getenv`.
    package static func parse(_ bytes: [UInt8]) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let mark = entry.firstIndex(of: UInt8(ascii: "=")), mark > entry.startIndex else { continue }
            let name = String(decoding: entry[..<mark], as: UTF8.self)
            if variables[name] == nil { variables[name] = String(decoding: entry[(mark + 1)...], as: UTF8.self) }
        }
        return variables
    }
}

/// The version of this program (`sluice --version`), after Semantic Versioning.
package enum SluiceVersion {
    package static let current = "0.1.0"
}

/// What the process ends with, after `sysexits.h` where it has a word for it.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    /// All went well.
    case success = 0
    /// The input is wrong: route files, settings, an outbox that is not one.
    case wrongInput = 1
    /// The command line itself is wrong.
    case usage = 2
    /// What was asked about is refused: the request of `sluice explain`.
    case refused = 65
    /// Something required is unavailable: a port, a lock, a file, a server.
    case unavailable = 69
    /// A bug.
    case software = 70
}

/// An error that ends the command: one sentence for a person, and the status that the process exits with.
package struct StartupError: Error, Sendable, CustomStringConvertible {
    package let status: ExitStatus
    /// What is wrong, where, and what to do; one line, no secret.
    package let sentence: String

    package init(_ status: ExitStatus, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    package var description: String { sentence }
}

/// What signals do to a process that is starting and serves nothing yet.
package enum StartSignals {
    /// From here on SIGTERM and SIGINT end the process at once, with exit status 0, and SIGHUP does nothing, until
    /// somebody else traps them.
    ///
    /// Left alone, the first process of a container ignores a SIGTERM, and anyone who stops the container while it
    /// waits for its outbox has to kill it.
    package static func endTheProcess() {
        for number in [SIGTERM, SIGINT] {
            // `_exit` may be called in a signal handler (man 7 signal-safety); nothing is open that would need more.
            _ = signal(number) { _ in _exit(0) }
        }
        _ = signal(SIGHUP, SIG_IGN)
    }
}

/// How much fits on the terminal that a process prints to.
package enum TerminalSize {
    /// Whether standard output is a terminal.
    package static var isKnown: Bool { isatty(STDOUT_FILENO) == 1 }

    /// In characters; 80 where nobody says.
    package static var columns: Int {
        var size = winsize()
        // The call fills the structure that is given.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
