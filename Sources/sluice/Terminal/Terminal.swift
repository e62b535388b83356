internal import Glibc
internal import SluiceBase
internal import SluiceRouteTools

/// The output of commands: results to standard output, everything else to standard error.
///
/// Whatever a terminal might act on is escaped here, also in texts that a caller has not escaped.
enum Terminal {
    static func say(_ text: String) { StandardError.say(PrintableText.escapeLines(text) + "\n", to: STDOUT_FILENO) }

    /// Prints a line with colours, whose texts have been escaped.
    static func say(coloured line: String) { StandardError.say(line + "\n", to: STDOUT_FILENO) }

    /// Prints a JSON text and a line feed.
    ///
    /// - Returns: whether all of it was written.
    @discardableResult
    static func say(json: [UInt8]) -> Bool { write(PrintableText.escapeJSON(json) + "\n") }

    /// Prints the contents of a file with their final line feed, unchanged.
    ///
    /// - Returns: whether all of it was written.
    @discardableResult
    static func write(_ text: String) -> Bool { StandardError.say(text, to: STDOUT_FILENO) }

    static func complain(_ text: String) {
        StandardError.say(PrintableText.escapeLines(text) + "\n", to: STDERR_FILENO)
    }

    /// Whether the terminal supports colours and its user wants them (https://no-color.org).
    static var hasColours: Bool {
        let environment = ProcessEnvironment.variables()
        return TerminalSize.isKnown && (environment["NO_COLOR"] ?? "").isEmpty
            && environment["TERM"] ?? "dumb" != "dumb"
    }

    /// The format of a report on route files on this terminal.
    static var checkForm: CheckTextFormat {
        var format = CheckTextFormat()
        format.showsSource = TerminalSize.isKnown
        format.hasColours = hasColours
        format.width = TerminalSize.columns
        return format
    }
}

/// The name for running this program from its initial folder.
enum ProgramName {
    /// The name as it was called; for a path below this folder without the folder, so that it can be copied from the
    /// screen.
    static var here: String {
        let name = CommandLine.arguments.first ?? "sluice"
        guard let folder = ProcessEnvironment.variables()["PWD"], !folder.isEmpty, name.hasPrefix(folder + "/") else {
            return name
        }
        return String(name.dropFirst(folder.count + 1))
    }
}

/// Columns of text, each as wide as its longest cell.
enum Table {
    private static let gap = 2

    /// - Parameters:
    ///   - width: in characters. If lines are longer, the widest columns are truncated to the same width, with an
    ///     ellipsis; the last column keeps its end, which is the line in a file. `nil`: nothing is truncated.
    ///   - last: columns that are truncated only if the others have almost no space left.
    static func lines(_ header: [String], _ rows: [[String]], width: Int? = nil, cuttingLast last: Set<String> = [])
        -> [String]
    {
        let all = [header] + rows
        let natural = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        let isLast = header.map(last.contains)
        let widths = width.map { fit(natural, isLast, into: $0 - gap * (natural.count - 1)) } ?? natural
        return all.indices.map { index in
            let row = all[index]
            let cells = row.indices.map { column in
                let cell = cut(row[column], to: widths[column], keepsEnd: index > 0 && column == row.count - 1)
                return cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            let line = cells.joined(separator: String(repeating: " ", count: gap)).trimmingTrailingSpaces()
            return width.map { cut(line, to: $0, keepsEnd: false) } ?? line
        }
    }

    /// The minimum width of a column; if lines are still too long, they are truncated.
    private static let narrowest = 4

    /// The minimum width of columns that are truncated first, while the others are wider than their minimum.
    private static let legible = 6

    private static func fit(_ widths: [Int], _ isLast: [Bool], into room: Int) -> [Int] {
        let columns = widths.indices
        let (first, last) = (columns.filter { !isLast[$0] }, columns.filter { isLast[$0] })
        let legibly = first.reduce(0) { $0 + min(widths[$1], legible) }
        let lastWidths = fit(last.map { widths[$0] }, into: room - legibly)
        let firstWidths = fit(first.map { widths[$0] }, into: room - lastWidths.reduce(0, +))
        let fitted = Dictionary(uniqueKeysWithValues: zip(first + last, firstWidths + lastWidths))
        return columns.map { fitted[$0] ?? 0 }
    }

    private static func fit(_ widths: [Int], into room: Int) -> [Int] {
        var (limit, rest) = (narrowest, widths.reduce(0) { $0 + min($1, narrowest) })
        // One more character for each truncated column, as long as there is space for all of them.
        while rest < room, case let growing = widths.count(where: { $0 > limit }), growing > 0, rest + growing <= room {
            limit += 1
            rest += growing
        }
        // The rest is not enough for all columns: the first ones get it.
        var left = max(0, room - rest)
        return widths.map { width in
            guard width > limit else { return width }
            defer { left = max(0, left - 1) }
            return limit + (left > 0 ? 1 : 0)
        }
    }

    private static func cut(_ cell: String, to width: Int, keepsEnd: Bool) -> String {
        guard cell.count > width else { return cell }
        return keepsEnd ? "…" + cell.suffix(max(0, width - 1)) : cell.prefix(max(0, width - 1)) + "…"
    }
}

extension String {
    fileprivate func trimmingTrailingSpaces() -> String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
