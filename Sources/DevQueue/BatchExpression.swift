/// What can be said of a jq expression without jq: whether its brackets and texts close, and whether there is anything at all. A genuine
/// server compiles it.
enum BatchExpression {
    static func isPlausible(_ text: String) -> Bool {
        var open: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): if !skipText(&rest) { return false }
            case UInt8(ascii: "("): open.append(UInt8(ascii: ")"))
            case UInt8(ascii: "["): open.append(UInt8(ascii: "]"))
            case UInt8(ascii: "{"): open.append(UInt8(ascii: "}"))
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): if open.popLast() != byte { return false }
            default: continue
            }
        }
        return open.isEmpty && text.contains { !$0.isWhitespace }
    }

    /// - Returns: whether the text has an end.
    private static func skipText(_ rest: inout String.UTF8View.SubSequence) -> Bool {
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\") { _ = rest.popFirst() }
        }
        return false
    }
}
