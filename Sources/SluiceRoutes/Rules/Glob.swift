internal import SluiceBase

/// A pattern for a whole text: `*` matches any text, including none; `?` matches one character (Unicode scalar); a
/// backslash makes `*`, `?` and itself literal.
package struct Glob: Sendable {
    private enum Element: Sendable, Equatable {
        case byte(UInt8)
        case anyCharacter
        case anyText
    }

    /// The problem with a pattern: a phrase for use after its name.
    package struct PatternError: Error {
        package let message: String
    }

    /// As written.
    let pattern: String
    private let elements: [Element]

    package init(_ pattern: String) throws(PatternError) {
        self.pattern = pattern
        var elements: [Element] = []
        var isEscaped = false
        for byte in pattern.utf8 {
            switch byte {
            case UInt8(ascii: "*") where !isEscaped:
                // Two of them are equivalent to one.
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

    /// Whether the pattern matches the whole `text`.
    func matches(_ text: Span<UInt8>) -> Bool {
        var steps = 0
        return matches(text, countingIn: &steps)
    }

    /// The same, with the number of comparisons: at most the number of elements times the length of the text.
    ///
    /// Only the last `*` is retried: if the elements between two of them match anywhere, the first position is
    /// sufficient.
    func matches(_ text: Span<UInt8>, countingIn steps: inout Int) -> Bool {
        var (position, element) = (0, 0)
        /// Where to continue if the elements after the last `*` do not match.
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
                // At the end of the text, matching fewer characters would not help.
                return false
            }
        }
        return true
    }

    /// The number of bytes that an element other than `*` matches; `nil` if it does not match.
    private func length(of element: Int, in text: Span<UInt8>, at position: Int) -> Int? {
        guard element < elements.count, position < text.count else { return nil }
        switch elements[element] {
        case .byte(let byte): return text[position] == byte ? 1 : nil
        case .anyCharacter: return Self.characterLength(text, at: position)
        case .anyText: return nil
        }
    }

    /// The length of the character at this position; an invalid byte counts as one.
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
