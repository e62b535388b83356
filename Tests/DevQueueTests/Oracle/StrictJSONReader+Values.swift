import SluiceBase

extension StrictJSONReader {
    /// Reads one value of any kind, with everything inside.
    ///
    /// - Parameter validating: `true` for a payload; `false` for a field that Zizq does not know, where it checks the
    ///   grammar alone: neither the depth, nor the range of numbers, nor the text of strings.
    /// - Returns: where the value's bytes lie.
    mutating func readValue(validating: Bool = true) throws(StrictJSONError) -> Range<Int> {
        guard peekPastSpace() != nil else { throw failureAtPeek(.eofInValue) }
        let start = index
        var nesting = Nesting()
        while true {
            try readValueStart(validating: validating, nesting: &nesting)
            while try !advance(validating: validating, nesting: &nesting) {
                if nesting.depth == 0 { return start..<index }
            }
        }
    }

    /// Which containers are open, the innermost last; `true` is an object.
    struct Nesting {
        var isObject: [Bool] = []
        /// Whether the innermost container was opened by the value just read.
        var isFresh = false
        @inline(__always)
        var depth: Int { isObject.count }
    }

    /// Reads a scalar or opens a container.
    @inline(__always)
    private mutating func readValueStart(validating: Bool, nesting: inout Nesting) throws(StrictJSONError) {
        nesting.isFresh = false
        switch peeked {
        case UInt8(ascii: "\""):
            index += 1
            _ = try readString(validating: validating)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if validating, nesting.depth + 1 >= remainingDepth { throw failureAtPeek(.recursionLimit) }
            nesting.isObject.append(peeked == UInt8(ascii: "{"))
            nesting.isFresh = true
            index += 1
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try readAnyNumber(validating: validating)
        case UInt8(ascii: "t"): try readWord(.true)
        case UInt8(ascii: "f"): try readWord(.false)
        case UInt8(ascii: "n"): try readWord(.null)
        default: throw failureAtPeek(isAtEnd ? .eofInValue : .expectedValue)
        }
    }

    private mutating func readAnyNumber(validating: Bool) throws(StrictJSONError) {
        let start = index
        do { _ = try readNumber() } catch {
            guard !validating, error.reason == JSONComplaint.numberOutOfRange.rawValue else { throw error }
            index = start
            skipNumber()
        }
    }

    /// Passes over a number whose grammar is right and whose size does not matter.
    private mutating func skipNumber() {
        while ASCII.isDigit(peeked) || "+-.eE".utf8.contains(peeked) { index += 1 }
    }

    /// Goes on in the innermost container: behind a comma to the next value, or out of it.
    ///
    /// - Returns: whether a value follows; `false` where one container was closed or none is open.
    @inline(__always)
    private mutating func advance(validating: Bool, nesting: inout Nesting) throws(StrictJSONError) -> Bool {
        guard let isObject = nesting.isObject.last else { return false }
        let isFirst = nesting.isFresh
        nesting.isFresh = false
        let hasNext = isObject ? try advanceToKey(isFirst: isFirst) : try advanceToElement(isFirst: isFirst)
        guard hasNext else {
            index += 1
            nesting.isObject.removeLast()
            return false
        }
        if isObject {
            index += 1
            _ = try readString(validating: validating)
            try readColon()
        }
        guard peekPastSpace() != nil else { throw failureAtPeek(.eofInValue) }
        return true
    }

    /// Goes to the opening quote of an object's next key.
    ///
    /// - Returns: `false` at the closing brace, which stays unread.
    @inline(__always)
    mutating func advanceToKey(isFirst: Bool) throws(StrictJSONError) -> Bool {
        guard let byte = peekPastSpace() else { throw failureAtPeek(.eofInObject) }
        if byte == UInt8(ascii: "}") { return false }
        if isFirst {
            if byte != UInt8(ascii: "\"") { throw failureAtPeek(.keyMustBeString) }
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw failureAtPeek(.expectedObjectCommaOrEnd) }
        index += 1
        switch peekPastSpace() {
        case UInt8(ascii: "\""): return true
        case UInt8(ascii: "}"): throw failureAtPeek(.trailingComma)
        case .none: throw failureAtPeek(.eofInValue)
        case .some: throw failureAtPeek(.keyMustBeString)
        }
    }

    /// Goes to an array's next element.
    ///
    /// - Returns: `false` at the closing bracket, which stays unread.
    @inline(__always)
    mutating func advanceToElement(isFirst: Bool) throws(StrictJSONError) -> Bool {
        guard let byte = peekPastSpace() else { throw failureAtPeek(.eofInList) }
        if byte == UInt8(ascii: "]") { return false }
        if isFirst { return true }
        guard byte == UInt8(ascii: ",") else { throw failureAtPeek(.expectedListCommaOrEnd) }
        index += 1
        switch peekPastSpace() {
        case UInt8(ascii: "]"): throw failureAtPeek(.trailingComma)
        case .none: throw failureAtPeek(.eofInValue)
        case .some: return true
        }
    }

    @inline(__always)
    mutating func readColon() throws(StrictJSONError) {
        guard let byte = peekPastSpace() else { throw failureAtPeek(.eofInObject) }
        guard byte == UInt8(ascii: ":") else { throw failureAtPeek(.expectedColon) }
        index += 1
    }
}
