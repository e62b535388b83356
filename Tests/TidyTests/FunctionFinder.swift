import Glibc

/// A function, initialiser, accessor or the like, and the lines that it takes.
struct FoundFunction: Equatable {
    let name: String
    /// Counted from 1; from the line of the declaration to the one of its closing brace.
    let lines: ClosedRange<Int>

    var length: Int { lines.count }
}

/// Finds functions in code whose comments and strings have been blanked out.
enum FunctionFinder {
    static func functions(in code: [String]) -> [FoundFunction] {
        code.indices.compactMap { index in
            guard let name = declaredName(code[index]), let end = endOfBody(code, from: index, name: name) else {
                return nil
            }
            return FoundFunction(name: name, lines: (index + 1)...(end + 1))
        }
    }

    /// The name of what a line declares, if that can have a body.
    ///
    /// The plain search before each pattern is there for speed: patterns are slow, and most lines declare nothing.
    private static func declaredName(_ line: String) -> String? {
        guard line.hasWord(of: ["func", "init", "subscript", "deinit", "var"]) else { return nil }
        if let match = line.firstMatch(of: /(^|\s)func\s+([^\s(<]+)/) { return String(match.2) }
        if let match = line.firstMatch(
            of:
                /^\s*((public|package|internal|private|fileprivate|convenience|required|override|consuming)\s+)*(init|subscript)[?<(\s]/
        ) {
            return String(match.3)
        }
        if line.firstMatch(of: /^\s*deinit\s*\{/) != nil { return "deinit" }
        if let match = line.firstMatch(of: /^\s*([a-z@()]+\s+)*var\s+([a-zA-Z_]+)\s*:[^={]*\{/) {
            return String(match.2)
        }
        return nil
    }

    /// The line of the closing brace; `nil` where there is no body, as in a protocol.
    private static func endOfBody(_ code: [String], from start: Int, name: String) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            if index > start, braces == 0, parentheses == 0, !continues(code[index]) { return nil }
            for character in code[index] {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{" where parentheses == 0 || braces > 0: braces += 1
                case "}" where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                default: break
                }
            }
        }
        return nil
    }

    /// Whether a line can go on with a declaration whose body has not begun.
    private static func continues(_ line: String) -> Bool {
        line.firstMatch(of: /^\s*(\{|->|where\b|throws\b|async\b|rethrows\b|\)|$)/) != nil
    }
}

extension String {
    /// Whether the text contains one of the words, alone or as a part of another word. Fast, as it looks for bytes.
    func hasWord(of words: [String]) -> Bool { words.contains { word in unsafe strstr(self, word) != nil } }
}
