/// Reads the tokens of a JSON text (RFC 8259) strictly. The scanner and the reader share it, so that they cannot
/// differ.
struct JSONLexer: ~Escapable {
    let bytes: Span<UInt8>
    /// The next byte to read.
    var index = 0
    /// The offsets of the backslashes of lone surrogate escapes so far.
    var loneSurrogates: [Int] = []

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    @inline(__always)
    var isAtEnd: Bool { index >= bytes.count }

    /// The current byte.
    @inline(__always)
    func peek() throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
        return bytes[index]
    }

    /// Skips the four bytes that RFC 8259 §2 calls white space.
    @inline(__always)
    mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case Byte.space, Byte.tab, Byte.lineFeed, Byte.carriageReturn: index &+= 1
            default: return
            }
        }
    }

    /// Skips white space before the first value of the text.
    mutating func beginText() throws(JSONError) {
        skipWhitespace()
        guard index < bytes.count else { throw JSONError(.empty, at: index) }
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            throw JSONError(.byteOrderMark, at: 0)
        }
    }

    /// Skips white space after the value of the text, where nothing else is allowed.
    mutating func finishText() throws(JSONError) {
        skipWhitespace()
        guard isAtEnd else { throw JSONError(.trailingText, at: index) }
    }

    /// The kind of the current value, by its first byte.
    @inline(__always)
    func kind() throws(JSONError) -> JSONKind {
        switch try peek() {
        case Byte.quote: return .string
        case Byte.openBrace: return .object
        case Byte.openBracket: return .array
        case Byte.minus, Byte.zero...Byte.nine: return .number
        case UInt8(ascii: "t"): return .true
        case UInt8(ascii: "f"): return .false
        case UInt8(ascii: "n"): return .null
        default: throw JSONError(.expectedValue, at: index)
        }
    }

    /// Skips a value that is not an array or an object.
    @inline(__always)
    mutating func scalar(_ kind: JSONKind) throws(JSONError) {
        switch kind {
        case .string: _ = try string()
        case .number: try number()
        case .true: try literal(0x74_72_75_65, count: 4)
        case .false: try literal(0x66_61_6C_73_65, count: 5)
        case .null: try literal(0x6E_75_6C_6C, count: 4)
        case .object, .array: preconditionFailure("a container is not a scalar")
        }
    }

    /// - Parameter name: the literal's ASCII bytes, the last one lowest.
    @inline(__always)
    private mutating func literal(_ name: UInt64, count: Int) throws(JSONError) {
        for offset in 0..<count {
            guard index &+ offset < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
            let expected = UInt8(truncatingIfNeeded: name &>> UInt64(8 &* (count &- 1 &- offset)))
            guard bytes[index &+ offset] == expected else { throw JSONError(.expectedValue, at: index) }
        }
        index &+= count
    }

    /// Skips a key in quotes and the colon after it.
    @inline(__always)
    mutating func key() throws(JSONError) -> JSONStringToken {
        guard try peek() == Byte.quote else { throw JSONError(.expectedKey, at: index) }
        let key = try string()
        skipWhitespace()
        guard try peek() == Byte.colon else { throw JSONError(.expectedColon, at: index) }
        index &+= 1
        skipWhitespace()
        return key
    }
}

/// The bytes with a meaning in JSON. Constants of another module would cost a call each in the innermost loop.
enum Byte {
    @inline(__always) static var tab: UInt8 { 0x09 }
    @inline(__always) static var lineFeed: UInt8 { 0x0A }
    @inline(__always) static var carriageReturn: UInt8 { 0x0D }
    @inline(__always) static var space: UInt8 { 0x20 }
    @inline(__always) static var quote: UInt8 { 0x22 }
    @inline(__always) static var plus: UInt8 { 0x2B }
    @inline(__always) static var comma: UInt8 { 0x2C }
    @inline(__always) static var minus: UInt8 { 0x2D }
    @inline(__always) static var point: UInt8 { 0x2E }
    @inline(__always) static var zero: UInt8 { 0x30 }
    @inline(__always) static var nine: UInt8 { 0x39 }
    @inline(__always) static var colon: UInt8 { 0x3A }
    @inline(__always) static var openBracket: UInt8 { 0x5B }
    @inline(__always) static var backslash: UInt8 { 0x5C }
    @inline(__always) static var closeBracket: UInt8 { 0x5D }
    @inline(__always) static var openBrace: UInt8 { 0x7B }
    @inline(__always) static var closeBrace: UInt8 { 0x7D }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }
}
