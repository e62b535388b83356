internal import Glibc

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
