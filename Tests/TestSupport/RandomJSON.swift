package import SluiceBase
package import SluiceJSON

/// Random JSON texts full of what goes wrong: few distinct keys so that they repeat, escapes in keys, odd white space,
/// deep nesting.
package struct RandomJSON {
    package var random: SeededRandom

    package init(random: SeededRandom) { self.random = random }

    package static let keys = ["a", "b", "full_name", "é", "", "\u{FFFD}"]
    private static let spellings = [
        #""a""#, #""\u0061""#, #""b""#, #""full_name""#, #""full\u005Fname""#, #""é""#, #""\u00e9""#, #""""#,
        #""\ud800""#, "\"\u{FFFD}\"",
        #""\\a""#, #""aa""#,
    ]
    private static let scalars = [
        "null", "true", "false", "0", "-1", "1.5e-3", "12345678901234567890123", #""""#, #""text""#,
        #""\"\\\/\b\n\u0000""#,
        #""😀\ud83d\ude00""#, #""\udc00x""#,
        #""a longer text that has more than eight bytes""#, "1e308",
    ]

    package mutating func text(depth: Int) -> String {
        let kind = depth == 0 ? 0 : Int.random(in: 0..<6, using: &random)
        switch kind {
        case 0, 1: return Self.scalars.randomElement(using: &random) ?? "0"
        case 2, 3: return list("[", "]") { $0.text(depth: depth - 1) }
        default:
            return list("{", "}") {
                (Self.spellings.randomElement(using: &$0.random) ?? "") + $0.space() + ":" + $0.space()
                    + $0.text(depth: depth - 1)
            }
        }
    }

    private mutating func list(_ open: String, _ close: String, _ element: (inout Self) -> String) -> String {
        let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in space() + element(&self) + space() }
        return open + space() + elements.joined(separator: ",") + close
    }

    private mutating func space() -> String { ["", "", "", " ", "\n\t", "\r  "].randomElement(using: &random) ?? "" }

    package mutating func path() -> JSONPath {
        JSONPath(
            (0..<Int.random(in: 0...4, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? .index(Int.random(in: 0...3, using: &random))
                    : .key(Self.keys.randomElement(using: &random) ?? "")
            })
    }

    /// One to three bytes removed, repeated or replaced.
    package mutating func damaged(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &random) where !text.isEmpty {
            let index = Int.random(in: 0..<text.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: text.remove(at: index)
            case 1: text.insert(text[index], at: index)
            default:
                text[index] =
                    Array(#"{}[],:"\ue0-1.5tfn é"#.utf8 + [0x00, 0x80, 0xED, 0xFF]).randomElement(using: &random) ?? 0
            }
        }
        return text
    }
}
