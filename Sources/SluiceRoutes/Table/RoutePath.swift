/// What may stand in `path`.
enum RoutePath {
    private static let longest = 1024

    /// What is wrong with a path, as a sentence; `nil` if nothing is.
    static func complaint(about path: String) -> String? {
        guard path.hasPrefix("/") else { return "'path' must begin with '/'" }
        guard path.utf8.count <= longest else { return "'path' must not have more than \(longest) bytes" }
        for scalar in path.unicodeScalars {
            switch scalar {
            case "{", "}": return "a path with parameters is not supported yet"
            case "?", "#", "%": return "'path' must not contain '\(scalar)': it is the path alone, not percent-encoded"
            case "\\": return "'path' must not contain '\\'"
            default:
                if scalar.value <= 0x20 || scalar.value == 0x7F { return "'path' must not contain blanks or control characters" }
            }
        }
        guard PercentDecoding.hasPlainSegments(Array(path.utf8)) else {
            return "'path' must not contain '//' or the segments '.' and '..': requests for such paths are refused"
        }
        return nil
    }
}
