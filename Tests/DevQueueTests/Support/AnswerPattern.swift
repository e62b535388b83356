/// An expected text in which `<id>` stands for a job's identifier, `<ms>` for a number and `<any>` for anything; all
/// else is literal.
struct AnswerPattern: Sendable, CustomStringConvertible {
    let description: String

    init(_ text: String) { description = text }

    func matches(_ text: String) -> Bool { Self.matches(description[...], text[...]) }

    private static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
        guard
            let hole = ["<id>", "<ms>", "<any>"].compactMap({ pattern.firstRange(of: $0) }).min(by: {
                $0.lowerBound < $1.lowerBound
            })
        else { return pattern == text }
        let literal = pattern[..<hole.lowerBound]
        guard text.hasPrefix(literal) else { return false }
        let rest = text.dropFirst(literal.count)
        let behind = pattern[hole.upperBound...]
        switch pattern[hole] {
        case "<id>":
            let id = rest.prefix(25)
            return id.count == 25 && id.allSatisfy { $0.isASCII && ($0.isNumber || $0.isLowercase) }
                && matches(behind, rest.dropFirst(25))
        case "<ms>":
            let number = rest.prefix { $0.isASCII && $0.isNumber }
            return !number.isEmpty && matches(behind, rest.dropFirst(number.count))
        default:
            return (0...rest.count).contains { matches(behind, rest.dropFirst($0)) }
        }
    }
}
