internal import Glibc
internal import SluiceBase

/// Where commands print: results to standard output, everything else to standard error.
enum Terminal {
    static func say(_ text: String) { StandardError.say(text + "\n", to: STDOUT_FILENO) }

    /// Prints text that has its last line feed.
    static func write(_ text: String) { StandardError.say(text, to: STDOUT_FILENO) }

    static func complain(_ text: String) { StandardError.say(text + "\n", to: STDERR_FILENO) }
}
