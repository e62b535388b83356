/// Blanks out what is no code in a Swift file, so that the other checks can look for words and braces.
///
/// It knows comments (nested ones too), string literals of one and of several lines, with and without `#`, and regex
/// literals only where they hold no quote; interpolations are blanked with their string.
enum SwiftMask {
    /// The text with every byte of comments and string literals, line feeds aside, replaced by a space.
    static func mask(_ text: String) -> String {
        var masker = Masker(text: Array(text.utf8))
        masker.run()
        return String(decoding: masker.result, as: UTF8.self)
    }

    private struct Masker {
        let text: [UInt8]
        var result: [UInt8] = []
        var position = 0

        /// The first bytes of comments and string literals.
        private static let marks = Array("/#\"".utf8)

        mutating func run() {
            while position < text.count {
                if !Self.marks.contains(text[position]) {
                    keep()
                } else if starts("//") {
                    while position < text.count, !isByte("\n") { blank() }
                } else if starts("/*") {
                    blankBlockComment()
                } else if let delimiter = stringDelimiter() {
                    blankString(hashes: delimiter.hashes, isLong: delimiter.isLong)
                } else {
                    keep()
                }
            }
        }

        private func starts(_ word: String, at offset: Int? = nil) -> Bool {
            var index = offset ?? position
            for byte in word.utf8 {
                guard index < text.count, text[index] == byte else { return false }
                index += 1
            }
            return true
        }

        private func isByte(_ byte: Unicode.Scalar) -> Bool { text[position] == UInt8(ascii: byte) }

        private mutating func keep() {
            result.append(text[position])
            position += 1
        }

        private mutating func blank(_ count: Int = 1) {
            for _ in 0..<count where position < text.count {
                result.append(isByte("\n") ? UInt8(ascii: "\n") : UInt8(ascii: " "))
                position += 1
            }
        }

        private mutating func blankBlockComment() {
            var depth = 0
            repeat {
                if starts("/*") {
                    depth += 1
                    blank(2)
                } else if starts("*/") {
                    depth -= 1
                    blank(2)
                } else {
                    blank()
                }
            } while depth > 0 && position < text.count
        }

        /// Where a string literal begins: how many `#` stand before it, and whether it has three quotes.
        private func stringDelimiter() -> (hashes: Int, isLong: Bool)? {
            var end = position
            while end < text.count, text[end] == UInt8(ascii: "#") { end += 1 }
            guard end < text.count, text[end] == UInt8(ascii: "\"") else { return nil }
            return (end - position, starts("\"\"\"", at: end))
        }

        private mutating func blankString(hashes: Int, isLong: Bool) {
            let pounds = String(repeating: "#", count: hashes)
            let end = (isLong ? "\"\"\"" : "\"") + pounds
            blank(hashes + (isLong ? 3 : 1))
            while position < text.count, !starts(end) {
                if starts("\\" + pounds + "(") {
                    blankInterpolation(hashes: hashes)
                } else if starts("\\" + pounds) {
                    blank(2 + hashes)
                } else {
                    blank()
                }
            }
            blank(end.utf8.count)
        }

        private mutating func blankInterpolation(hashes: Int) {
            blank(2 + hashes)
            var depth = 1
            while position < text.count, depth > 0 {
                if let inner = stringDelimiter() {
                    blankString(hashes: inner.hashes, isLong: inner.isLong)
                } else {
                    if isByte("(") { depth += 1 }
                    if isByte(")") { depth -= 1 }
                    blank()
                }
            }
        }
    }
}
