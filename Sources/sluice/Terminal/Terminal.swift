internal import Glibc
internal import SluiceBase
internal import SluiceRoutes

/// Where commands print: results to standard output, everything else to standard error.
enum Terminal {
    static func say(_ text: String) { StandardError.say(text + "\n", to: STDOUT_FILENO) }

    /// Prints text that has its last line feed.
    static func write(_ text: String) { StandardError.say(text, to: STDOUT_FILENO) }

    static func complain(_ text: String) { StandardError.say(text + "\n", to: STDERR_FILENO) }

    /// Whether the terminal shows colours, and whoever sits there wants them (https://no-color.org).
    static var hasColours: Bool {
        let environment = ProcessEnvironment.variables()
        return TerminalSize.isKnown && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] ?? "dumb" != "dumb"
    }

    /// How a report on route files is printed here.
    static var checkForm: CheckTextForm {
        var form = CheckTextForm()
        form.showsSource = TerminalSize.isKnown
        form.hasColours = hasColours
        form.width = TerminalSize.columns
        return form
    }
}
