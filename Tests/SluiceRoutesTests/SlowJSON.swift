import Foundation

/// JSON as a tree in which each value keeps its own text: obvious, slow, and only for texts that are known to be
/// well-formed.
struct SlowJSON {
    enum Content {
        case scalar
        case string(String)
        case array([SlowJSON])
        case object([(key: String, value: SlowJSON)])
    }

    let source: String
    let content: Content

    static func parse(_ text: String) -> SlowJSON {
        var rest = Substring(text)
        return value(&rest)
    }

    /// A key or a position a step; of equal keys the last.
    func value(at path: [String]) -> SlowJSON? {
        guard let step = path.first else { return self }
        switch content {
        case .scalar, .string: return nil
        case .array(let elements):
            guard let index = Int(step), elements.indices.contains(index) else { return nil }
            return elements[index].value(at: Array(path.dropFirst()))
        case .object(let members):
            guard Int(step) == nil else { return nil }
            return members.last { $0.key == step }?.value.value(at: Array(path.dropFirst()))
        }
    }

    /// What a path leads to in which `[]` is each element; nothing where it leads nowhere.
    func elements(at path: [String]) -> [SlowJSON] {
        guard let step = path.first else { return [self] }
        let rest = Array(path.dropFirst())
        guard step == "[]" else { return value(at: [step])?.elements(at: rest) ?? [] }
        guard case .array(let elements) = content else { return [] }
        return elements.flatMap { $0.elements(at: rest) }
    }

    /// As it reads inside other text.
    var text: String { if case .string(let text) = content { text } else { source } }

    static func literal(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case "\t": literal += "\\t"
            case "\0": literal += "\\u0000"
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }

    private static func value(_ rest: inout Substring) -> SlowJSON {
        skipBlanks(&rest)
        let start = rest
        let content: Content
        switch rest.unicodeScalars.first {
        case "{": content = .object(members(&rest))
        case "[": content = .array(elements(&rest))
        case "\"": content = .string(string(&rest))
        default:
            rest = rest.drop { $0.isLetter || $0.isNumber || "+-.".contains($0) }
            content = .scalar
        }
        return SlowJSON(source: String(start[..<rest.startIndex]), content: content)
    }

    private static func elements(_ rest: inout Substring) -> [SlowJSON] {
        var elements: [SlowJSON] = []
        rest.unicodeScalars.removeFirst()
        while true {
            skipBlanks(&rest)
            if take("]", &rest) { return elements }
            _ = take(",", &rest)
            elements.append(value(&rest))
        }
    }

    private static func members(_ rest: inout Substring) -> [(key: String, value: SlowJSON)] {
        var members: [(key: String, value: SlowJSON)] = []
        rest.unicodeScalars.removeFirst()
        while true {
            skipBlanks(&rest)
            if take("}", &rest) { return members }
            _ = take(",", &rest)
            skipBlanks(&rest)
            let key = string(&rest)
            skipBlanks(&rest)
            _ = take(":", &rest)
            members.append((key: key, value: value(&rest)))
        }
    }

    private static func string(_ rest: inout Substring) -> String {
        let start = rest.unicodeScalars
        var scalars = start.dropFirst()
        while scalars.first != "\"" { scalars = scalars.dropFirst(scalars.first == "\\" ? 2 : 1) }
        scalars = scalars.dropFirst()
        let literal = String(Substring(start[..<scalars.startIndex]))
        rest = Substring(scalars)
        return (try? JSONSerialization.jsonObject(with: Data(literal.utf8), options: .fragmentsAllowed)) as? String
            ?? ""
    }

    private static func skipBlanks(_ rest: inout Substring) {
        rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "\t" }
    }

    private static func take(_ scalar: Unicode.Scalar, _ rest: inout Substring) -> Bool {
        guard rest.unicodeScalars.first == scalar else { return false }
        rest.unicodeScalars.removeFirst()
        return true
    }
}
