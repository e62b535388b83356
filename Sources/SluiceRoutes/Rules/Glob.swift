internal import SluiceBase

/// A pattern for a whole text: `*` is any text, also none; `?` is one character (Unicode scalar); a backslash makes
/// `*`, `?` and itself literal.
package struct Glob: Sendable {
    private enum Element: Sendable, Equatable {
        case byte(UInt8)
        case anyCharacter
        case anyText
    }

    /// What is wrong with a pattern: a phrase to stand behind its name.
    package struct PatternError: Error {
        package let message: String
    }

    /// As it was written.
    let pattern: String
    private let elements: [Element]

    package init(_ pattern: String) throws(PatternError) {
        self.pattern = pattern
        var elements: [Element] = []
        var isEscaped = false
        for byte in pattern.utf8 {
            switch byte {
            case UInt8(ascii: "*") where !isEscaped:
                // Two of them are as one.
                if elements.last != .anyText { elements.append(.anyText) }
            case UInt8(ascii: "?") where !isEscaped: elements.append(.anyCharacter)
            case UInt8(ascii: "\\") where !isEscaped:
                isEscaped = true
                continue
            case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "\\"): elements.append(.byte(byte))
            default:
                guard !isEscaped else { throw Self.strayBackslash }
                elements.append(.byte(byte))
            }
            isEscaped = false
        }
        guard !isEscaped else { throw Self.strayBackslash }
        self.elements = elements
    }

    private static let strayBackslash = PatternError(
        message: #"has a backslash that is not before *, ? or \; write a literal backslash as \\"#)

    /// Whether the pattern describes all of `text`.
    func matches(_ text: Span<UInt8>) -> Bool {
        var steps = 0
        return matches(text, countingIn: &steps)
    }

    /// The same, with how often an element was held against the text: the number of elements times the length of the
    /// text, at most.
    ///
    /// Only the last `*` is ever retried. If what stands between two of them fits somewhere, it does no harm to take
    /// the first place.
    func matches(_ text: Span<UInt8>, countingIn steps: inout Int) -> Bool {
        var (position, element) = (0, 0)
        /// Where to go on if what follows the last `*` does not fit.
        var retry: (position: Int, element: Int)?
        while position < text.count || element < elements.count {
            steps += 1
            if element < elements.count, elements[element] == .anyText {
                element += 1
                if element == elements.count { return true }
                retry = (position, element)
            } else if let length = length(of: element, in: text, at: position) {
                position += length
                element += 1
            } else if let last = retry, position < text.count {
                position = last.position + Self.characterLength(text, at: last.position)
                element = last.element
                retry = (position, element)
            } else {
                // Where the text has come to its end, fewer characters of it would not do either.
                return false
            }
        }
        return true
    }

    /// How many bytes an element other than `*` takes from the text; `nil` if it does not fit.
    private func length(of element: Int, in text: Span<UInt8>, at position: Int) -> Int? {
        guard element < elements.count, position < text.count else { return nil }
        switch elements[element] {
        case .byte(let byte): return text[position] == byte ? 1 : nil
        case .anyCharacter: return Self.characterLength(text, at: position)
        case .anyText: return nil
        }
    }

    /// The bytes of the character that begins here; a byte that is no UTF-8 counts as one.
    private static func characterLength(_ text: Span<UInt8>, at start: Int) -> Int {
        let longest: Int
        switch text[start] {
        case 0xC2...0xDF: longest = 2
        case 0xE0...0xEF: longest = 3
        case 0xF0...0xF4: longest = 4
        default: return 1
        }
        var length = 1
        while length < longest, start + length < text.count, text[start + length] & 0xC0 == 0x80 { length += 1 }
        return length
    }
}
