internal import SluiceBase
internal import SluiceJSON

/// A supported character encoding. Labels have the meaning of the WHATWG Encoding standard (§4.2), which is what
/// senders expect: `latin1` is windows-1252.
enum Charset: Sendable {
    case utf8
    case windows1252
    /// In the byte order of its byte-order mark, or little-endian without one.
    case utf16
    case utf16LittleEndian
    case utf16BigEndian

    /// The charset that a media type names.
    ///
    /// - Returns: `nil` if it names none.
    static func named(by type: borrowing MediaType) throws(BodyError) -> Charset? {
        guard let label = type.parameter("charset"), !label.isEmpty else { return nil }
        return try named(label)
    }

    static func named(_ label: [UInt8]) throws(BodyError) -> Charset {
        switch String(decoding: label.map(ASCII.lowercase), as: UTF8.self) {
        case "utf-8", "utf8", "us-ascii", "ascii": return .utf8
        case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1", "windows-1252", "cp1252", "x-cp1252":
            return .windows1252
        case "utf-16": return .utf16
        case "utf-16le": return .utf16LittleEndian
        case "utf-16be": return .utf16BigEndian
        // The label comes from the sender and is not repeated.
        default: throw BodyError("the charset of the body is not supported")
        }
    }

    /// The charset of a byte-order mark, if nothing else names one.
    static func marked(at text: Span<UInt8>) -> Charset { Charset.utf16.markLength(at: text) > 0 ? .utf16 : .utf8 }

    /// The length of a byte-order mark at the start.
    func markLength(at text: Span<UInt8>) -> Int {
        switch self {
        case .windows1252: 0
        case .utf8: text.count >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF ? 3 : 0
        case .utf16, .utf16LittleEndian, .utf16BigEndian:
            text.count >= 2 && text[0] ^ text[1] == 1 && text[0] >= 0xFE ? 2 : 0
        }
    }

    /// The text in UTF-8, otherwise unchanged: a mark of UTF-8 stays, one of UTF-16 is dropped.
    ///
    /// - Returns: `nil` for bytes that are not valid in this charset.
    func decode(_ text: Span<UInt8>) -> [UInt8]? {
        switch self {
        case .utf8: (try? UTF8Span(validating: text)) == nil ? nil : text.array
        case .windows1252: Self.decodeWindows1252(text)
        case .utf16, .utf16LittleEndian, .utf16BigEndian: decodeUTF16(text)
        }
    }
}

extension Charset {
    /// The characters 0x80 to 0x9F; all others are as in Unicode. Five bytes are undefined and stay control characters.
    private static let windows1252High: [UInt16] = [
        0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D,
        0x017D, 0x008F,
        0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D,
        0x017E, 0x0178,
    ]

    private static func decodeWindows1252(_ text: Span<UInt8>) -> [UInt8] {
        let table = windows1252High
        var utf8: [UInt8] = []
        utf8.reserveCapacity(text.count + text.count / 8)
        for index in text.indices {
            let byte = text[index]
            guard byte >= 0x80 else {
                utf8.append(byte)
                continue
            }
            utf8.appendScalar(byte < 0xA0 ? UInt32(table[Int(byte & 0x1F)]) : UInt32(byte))
        }
        return utf8
    }

    /// RFC 2781 §2.2
    private func decodeUTF16(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        let start = markLength(at: text)
        let isBigEndian = start > 0 ? text[0] == 0xFE : self == .utf16BigEndian
        func unit(_ index: Int) -> UInt32 {
            let (first, second) = (UInt32(text[index]), UInt32(text[index &+ 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        var utf8: [UInt8] = []
        utf8.reserveCapacity(text.count)
        var index = start
        while index < text.count {
            var scalar = unit(index)
            index += 2
            if scalar & 0xF800 == 0xD800 {
                guard scalar < 0xDC00, index < text.count, unit(index) & 0xFC00 == 0xDC00 else { return nil }
                scalar = 0x1_0000 + (scalar & 0x3FF) << 10 + unit(index) & 0x3FF
                index += 2
            }
            utf8.appendScalar(scalar)
        }
        return utf8
    }
}
