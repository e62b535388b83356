internal import SluiceBase

/// The probable cause of a syntax error. libyaml reports where it stopped, which may be lines after the mistake.
extension YAMLSource {
    /// A hint for the author of the file; `nil` if there is none.
    func hint(for error: YAMLSyntaxError) -> String? {
        let last = min(error.position.line, lineCount)
        if let line = [last, last - 1].first(where: { $0 > 0 && hasPair(0xC2, then: 0xA0, onLine: $0) }) {
            return "line \(line) contains a no-break space (U+00A0), which YAML does not treat as a space"
        }
        let first = min(error.contextPosition?.line ?? 1, last)
        if let line = (first...max(first, last)).first(where: hasOddQuote) {
            return "the string that starts on line \(line) is probably missing its closing quote"
        }
        if error.problem.hasSuffix("expected ':'") { return "a key must be followed by a colon and a space" }
        return hasReference(onLine: error.position.line)
            ? "put a reference inside { } or [ ], or with ': ' in it, in quotes: \"${…}\"" : nil
    }

    /// The first conflict marker of `git`. It is a problem even if YAML could read it as text: in quotes, or as the
    /// rest of a text in a flow mapping.
    var mergeConflict: YAMLError? {
        let starts = Array("<|=>".utf8)
        for number in 1...lineCount {
            guard let first = firstByte(ofLine: number), starts.contains(first) else { continue }
            let line = line(number)
            guard let marker = Self.conflictMarkers.first(where: { isMarker($0, line) }) else { continue }
            return YAMLError(
                YAMLPosition(line: number, column: 1),
                "an unresolved merge conflict (\(marker)); keep one side and delete the marker lines")
        }
        return nil
    }

    private static let conflictMarkers = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"]

    private func isMarker(_ marker: String, _ line: ArraySlice<UInt8>) -> Bool {
        guard line.starts(with: marker.utf8) else { return false }
        let rest = line.dropFirst(marker.utf8.count).first
        return rest == nil || rest == ASCII.space || rest == UInt8(ascii: "\r")
    }

    /// Whether a line that is not a comment has an odd number of double quotes, not counting those after a backslash.
    private func hasOddQuote(_ number: Int) -> Bool {
        let line = line(number).drop { $0 == ASCII.space }
        guard line.first != UInt8(ascii: "#") else { return false }
        var isOdd = false
        var isEscaped = false
        for byte in line {
            if byte == UInt8(ascii: "\""), !isEscaped { isOdd.toggle() }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        }
        return isOdd
    }
}
