internal import SluiceJSON
internal import SluiceYAML

/// What is read of a file stands inside of it, is bounded, and reads the same when it is written again; what is wrong
/// has a place and a sentence.
enum DocumentProperty {
    /// Small, so that inputs of libFuzzer's size reach them.
    private static var limits: YAMLLimits {
        var limits = YAMLLimits()
        limits.nodes = 400
        limits.depth = 12
        limits.problems = 8
        return limits
    }

    static func check(_ bytes: [UInt8], _ lines: FileLines) {
        let document = YAMLDocument.parse(bytes, file: "f.yaml", limits: limits)
        precondition(document.problems.count <= limits.problems + 1, "More problems than the limit.")
        precondition(document.nodeCount <= limits.nodes + 1, "More values than the limit.")
        precondition(
            !document.isBroken || (document.root == nil && !document.problems.isEmpty),
            "A broken file without a reason.")
        for problem in document.problems {
            precondition(
                lines.hold(line: problem.position.line, column: problem.position.column),
                "A problem is outside the file.")
            precondition(FileLines.isMessage(problem.message), "A message is not one line.")
        }
        let complete = document.isBroken ? document.problems.dropLast() : document.problems[...]
        precondition(
            zip(complete, complete.dropFirst()).allSatisfy { $0.position <= $1.position }, "Problems are out of order.")
        guard let root = document.root else { return }
        precondition(count(root, 0, lines) <= document.nodeCount, "Values were not counted.")
        if document.problems.isEmpty { checkAgain(root) }
    }

    /// How many nodes and keys there are, all of which have a place.
    private static func count(_ node: YAMLNode, _ depth: Int, _ lines: FileLines) -> Int {
        precondition(lines.hold(line: node.position.line, column: node.position.column), "A value is outside the file.")
        switch node.content {
        case .scalar: return 1
        case .sequence(let elements):
            precondition(depth < limits.depth, "Deeper than the limit.")
            return elements.reduce(1) { $0 + count($1, depth + 1, lines) }
        case .mapping(let entries):
            precondition(depth < limits.depth, "Deeper than the limit.")
            return entries.reduce(1) { sum, entry in
                precondition(
                    lines.hold(line: entry.position.line, column: entry.position.column), "A key is outside the file.")
                precondition(entry.position <= entry.value.position, "A value stands before its key.")
                return sum + 1 + count(entry.value, depth + 1, lines)
            }
        }
    }

    private static func checkAgain(_ root: YAMLNode) {
        let text = written(root)
        let again = YAMLDocument.parse(text, file: "f.yaml")
        precondition(again.problems.isEmpty, "What was written again is a problem: \(again.problems)")
        precondition(again.root.map { written($0) == text } ?? false, "What was written again reads otherwise.")
    }

    /// In flow style, with what is text in double quotes, and with `?` before keys, which may then be as long as they
    /// like.
    private static func written(_ node: YAMLNode) -> [UInt8] {
        switch node.content {
        case .scalar(let scalar): return written(scalar.value)
        case .sequence(let elements):
            return Array("[".utf8) + Array(elements.map(written).joined(separator: ",\n".utf8)) + Array("]".utf8)
        case .mapping(let entries):
            let members = entries.map { entry in
                Array("? ".utf8) + quoted(entry.key) + Array(" : ".utf8) + written(entry.value)
            }
            return Array("{".utf8) + Array(members.joined(separator: ",\n".utf8)) + Array("}".utf8)
        }
    }

    private static func written(_ value: YAMLScalar.Value) -> [UInt8] {
        switch value {
        case .null: Array("null".utf8)
        case .boolean(let value): Array("\(value)".utf8)
        case .number(let text): Array(text.utf8)
        case .text(let text): quoted(text)
        }
    }

    /// All but letters, digits and blanks escaped, so that a text is one line and no trap.
    private static func quoted(_ text: String) -> [UInt8] {
        var literal = "\""
        for scalar in text.unicodeScalars {
            let digits = String(scalar.value, radix: 16)
            literal += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        }
        return Array((literal + "\"").utf8)
    }
}
