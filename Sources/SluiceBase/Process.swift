internal import Glibc

/// The environment that this process was started with.
package enum ProcessEnvironment {
    /// Names and values from `/proc/self/environ`, as the process was started: later `setenv` calls do not show, and
    /// nothing is read through the C library's unguarded global.
    ///
    /// - Returns: nothing if `/proc` is not mounted.
    package static func variables() -> [String: String] {
        guard let bytes = try? FileAccess.read("/proc/self/environ", limit: 16 << 20) else { return [:] }
        return parse(bytes)
    }

    /// Entries `NAME=value`, each ended by a zero byte; the first of two with one name counts, as with `getenv`.
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

/// The exit status, with the meanings of `sysexits.h` where they apply.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    /// Success.
    case success = 0
    /// The input is wrong: route files, settings, a file that is not an outbox.
    case wrongInput = 1
    /// The command line is wrong.
    case usage = 2
    /// The result is a refusal: of the request of `sluice explain`.
    case refused = 65
    /// Something required is not available: a port, a lock, a file, a server.
    case unavailable = 69
    /// A bug.
    case software = 70
}

/// An error that ends the command: one sentence for a person, and the exit status.
package struct StartupError: Error, Sendable, CustomStringConvertible {
    package let status: ExitStatus
    /// What is wrong, where, and what to do, in one line without secrets.
    package let sentence: String

    package init(_ status: ExitStatus, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    package var description: String { sentence }
}

/// The signal handling of a process that starts and does not serve yet.
package enum StartSignals {
    /// Makes SIGTERM and SIGINT end the process immediately with exit status 0, and SIGHUP do nothing, until other
    /// handlers are installed.
    ///
    /// Without a handler, the first process of a container ignores SIGTERM, so that a container that is stopped while
    /// the process waits for its outbox would have to be killed.
    package static func install() {
        for number in [SIGTERM, SIGINT] {
            // `_exit` may be called in a signal handler (man 7 signal-safety); nothing is open that would need more.
            _ = signal(number) { _ in _exit(0) }
        }
        _ = signal(SIGHUP, SIG_IGN)
    }
}

/// The size of the terminal on standard output.
package enum TerminalSize {
    /// Whether standard output is a terminal.
    package static var isKnown: Bool { isatty(STDOUT_FILENO) == 1 }

    /// In characters; 80 if it is not known.
    package static var columns: Int {
        var size = winsize()
        // The call fills the given structure.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
