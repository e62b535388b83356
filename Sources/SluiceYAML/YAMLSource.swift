internal import SluiceBase

/// The bytes of a text file: valid UTF-8 without a byte-order mark, and without characters for which lines are counted
/// differently in editors.
struct YAMLSource: Sendable {
    let bytes: [UInt8]
    /// The start of each line.
    private let lineStarts: [Int]
    /// The position after the last character.
    private let end: YAMLPosition

    /// Checks and prepares a file.
    static func check(_ bytes: [UInt8]) throws(YAMLError) -> YAMLSource {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        var cursor = Cursor()
        var lineStarts = [0]
        while cursor.offset < text.count {
            // Most bytes are printable ASCII, of which nothing needs to be checked.
            if 0x20..<0x7F ~= text[cursor.offset] {
                cursor.offset += 1
                cursor.column += 1
                continue
            }
            guard let scalar = scalar(text, at: cursor.offset) else {
                throw YAMLError(cursor.position, "the file is not UTF-8 text")
            }
            cursor.offset += UTF8.width(scalar)
            if let complaint = complaint(about: scalar.value, before: text[cursor.offset...].first) {
                throw YAMLError(cursor.position, complaint)
            }
            cursor.column += 1
            if scalar == "\n" {
                cursor.line += 1
                cursor.column = 1
                lineStarts.append(cursor.offset)
            }
        }
        return YAMLSource(bytes: text, lineStarts: lineStarts, end: cursor.position)
    }

    private struct Cursor {
        var offset = 0
        var line = 1
        var column = 1
        var position: YAMLPosition { YAMLPosition(line: line, column: column) }
    }

    private static func complaint(about scalar: UInt32, before next: UInt8?) -> String? {
        switch scalar {
        case 0x0A, 0x09: nil
        case 0x0D: next == 0x0A ? nil : "a carriage return without a line feed"
        case 0..<0x20, 0x7F, 0x80...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
            "the character U+\(hex(scalar)) is not allowed in a YAML file; in a text in double quotes, write "
                + "\\u\(hex(scalar))"
        default: nil
        }
    }

    private static func hex(_ scalar: UInt32) -> String {
        let digits = String(scalar, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// The scalar at an offset; `nil` for malformed UTF-8.
    private static func scalar(_ bytes: [UInt8], at offset: Int) -> Unicode.Scalar? {
        var (decoder, rest) = (UTF8(), bytes[offset...].makeIterator())
        return if case .scalarValue(let scalar) = decoder.decode(&rest) { scalar } else { nil }
    }
}

extension YAMLSource {
    /// The position, limited to the end of the file: libyaml reports the end of a file without a last newline on the
    /// next line.
    func inside(_ position: YAMLPosition) -> YAMLPosition { min(position, end) }

    /// The bytes from a position to the end of its line; empty after the end of the file.
    func restOfLine(from position: YAMLPosition) -> ArraySlice<UInt8> {
        guard position.line <= lineStarts.count else { return [] }
        var rest = line(position.line)
        var column = 1
        while column < position.column, !rest.isEmpty {
            rest.removeFirst()
            while let next = rest.first, next & 0xC0 == 0x80 { rest.removeFirst() }
            column += 1
        }
        return rest
    }

    var lineCount: Int { lineStarts.count }

    /// The bytes of a line, without its end.
    func line(_ number: Int) -> ArraySlice<UInt8> {
        guard number <= lineStarts.count else { return [] }
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] - 1 : bytes.count
        // `check` allows a carriage return only there.
        if end > start, bytes[end - 1] == ASCII.carriageReturn { end -= 1 }
        return bytes[start..<end]
    }

    /// The first byte of a line or of its end; `nil` at the end of the file.
    func firstByte(ofLine number: Int) -> UInt8? {
        let start = lineStarts[number - 1]
        return start < bytes.count ? bytes[start] : nil
    }

    /// Whether a line contains these two bytes in a row.
    func hasPair(_ first: UInt8, then second: UInt8, onLine number: Int) -> Bool {
        let line = line(number)
        return line.indices.dropLast().contains { line[$0] == first && line[$0 + 1] == second }
    }

    /// Whether this line contains a reference.
    func hasReference(onLine number: Int) -> Bool {
        hasPair(UInt8(ascii: "$"), then: UInt8(ascii: "{"), onLine: number)
    }
}
