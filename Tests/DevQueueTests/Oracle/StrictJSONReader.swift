import SluiceBase

/// Reads one JSON text as Zizq's server does: accepts what it accepts, and complains in its words at the place it would
/// name.
///
/// The oracle of the tests. It shares nothing with SluiceJSON, so that comparing the two finds where they differ.
struct StrictJSONReader: ~Escapable {
    let bytes: Span<UInt8>
    /// The next byte to read.
    var index = 0
    /// How many more containers may be opened, plus one.
    var remainingDepth = 128

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// The next byte, 0 at the end.
    @inline(__always)
    var peeked: UInt8 { index < bytes.count ? bytes[index] : 0 }

    @inline(__always)
    var isAtEnd: Bool { index >= bytes.count }

    /// Skips white space.
    ///
    /// - Returns: the byte behind it, which stays unread; `nil` at the end.
    @inline(__always)
    mutating func peekPastSpace() -> UInt8? {
        var at = index
        while at < bytes.count {
            let byte = bytes[at]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
                index = at
                return byte
            }
            at += 1
        }
        index = at
        return nil
    }

    /// The place of what has been read.
    func failure(_ complaint: JSONComplaint) -> StrictJSONError { failure(complaint.rawValue, at: index) }

    /// The position of the current byte.
    func failureAtPeek(_ complaint: JSONComplaint) -> StrictJSONError {
        failure(complaint.rawValue, at: min(bytes.count, index + 1))
    }

    func failure(_ reason: String) -> StrictJSONError { failure(reason, at: index) }

    private func failure(_ reason: String, at end: Int) -> StrictJSONError {
        var line = 1
        var start = 0
        for position in 0..<end where bytes[position] == ASCII.lineFeed {
            line += 1
            start = position + 1
        }
        return StrictJSONError(reason: reason, line: line, column: end - start)
    }

    /// Nothing but white space may follow.
    mutating func readEnd() throws(StrictJSONError) {
        if peekPastSpace() != nil { throw failureAtPeek(.trailingCharacters) }
    }

    /// Reads the rest of a word that starts at the current byte.
    mutating func readWord(_ word: JSONWord) throws(StrictJSONError) {
        index += 1
        for expected in word.rest {
            guard !isAtEnd else { throw failure(.eofInValue) }
            index += 1
            if bytes[index - 1] != expected { throw failure(.expectedIdent) }
        }
    }
}

/// The three words of JSON, without their first letters.
struct JSONWord {
    let rest: [UInt8]

    static let null = JSONWord(rest: Array("ull".utf8))
    static let `true` = JSONWord(rest: Array("rue".utf8))
    static let `false` = JSONWord(rest: Array("alse".utf8))
}
