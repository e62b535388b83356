/// What the symbols of deflate's codes stand for (RFC 1951 §3.2.5 to §3.2.7).
enum DeflateAlphabet {
    /// Bits 8 and 9 of an entry.
    enum Kind: UInt32 {
        /// A byte of the output.
        case literal = 0
        /// The smallest length or distance of several; extra bits say which.
        case base = 1
        case endOfBlock = 2
        /// A symbol that must not occur.
        case none = 3
    }

    static let endOfBlock = 256
    /// The longest repetition.
    static let longestMatch = 258

    /// Literals, the end of a block, and lengths.
    static let literals: [PrefixCode.Entry] =
        (0..<256).map { entry(.literal, $0) } + [entry(.endOfBlock)] + bases(lengths, extra: lengthExtra) + [entry(.none), entry(.none)]
    static let distances: [PrefixCode.Entry] = bases(distanceBases, extra: distanceExtra) + [entry(.none), entry(.none)]
    static let codeLengths: [PrefixCode.Entry] = (0..<19).map { entry(.literal, $0) }

    /// The order in which the lengths of the code of code lengths stand.
    static let orderOfCodeLengths = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    /// The code lengths of a block that brings none.
    static let fixedLiteralLengths: [UInt8] =
        [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112) + [UInt8](repeating: 7, count: 24)
        + [UInt8](repeating: 8, count: 8)
    static let fixedDistanceLengths = [UInt8](repeating: 5, count: 32)

    private static let lengths = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
    ]
    private static let lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
    private static let distanceBases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12_289,
        16_385, 24_577,
    ]
    private static let distanceExtra = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
    ]

    private static func bases(_ bases: [Int], extra: [Int]) -> [PrefixCode.Entry] {
        zip(bases, extra).map { entry(.base, $0, extra: $1) }
    }

    private static func entry(_ kind: Kind, _ value: Int = 0, extra: Int = 0) -> PrefixCode.Entry {
        UInt32(value) << 16 | kind.rawValue << 8 | UInt32(extra) << 4
    }
}

extension PrefixCode.Entry {
    @inline(__always) var codeLength: Int { Int(self & 15) }
    @inline(__always) var extraBits: Int { Int(self >> 4 & 15) }
    @inline(__always) var kind: UInt32 { self >> 8 & 3 }
    @inline(__always) var value: Int { Int(self >> 16) }
}
