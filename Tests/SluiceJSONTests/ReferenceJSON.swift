import SluiceJSON

/// JSON read the slow and obvious way, to compare the scanner with: recursive, a tree, text as `String`.
indirect enum ReferenceJSON {
    /// The members in the order of the text, duplicate keys and all.
    case object([(key: String, value: ReferenceJSON)], Range<Int>)
    case array([ReferenceJSON], Range<Int>)
    case scalar(JSONKind, Range<Int>)

    /// - Returns: `nil` for anything that is not JSON as Zizq takes it.
    static func parse(_ bytes: [UInt8], maximumDepth: Int) -> ReferenceJSON? {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var parser = ReferenceParser(bytes: bytes, maximumDepth: maximumDepth)
        guard let value = parser.value(depth: 0) else { return nil }
        parser.space()
        return parser.index == bytes.count ? value : nil
    }

    var range: Range<Int> {
        switch self {
        case .object(_, let range), .array(_, let range), .scalar(_, let range): range
        }
    }

    var kind: JSONKind {
        switch self {
        case .object: .object
        case .array: .array
        case .scalar(let kind, _): kind
        }
    }

    func value(at steps: some Collection<JSONPath.Step>) -> ReferenceJSON? {
        guard let step = steps.first else { return self }
        switch (self, step) {
        case (.object(let members, _), .key(let key)):
            return members.last { Array($0.key.utf8) == Array(key.utf8) }?.value.value(at: steps.dropFirst())
        case (.array(let elements, _), .index(let index)):
            return elements.indices.contains(index) ? elements[index].value(at: steps.dropFirst()) : nil
        default:
            return nil
        }
    }
}

private struct ReferenceParser {
    let bytes: [UInt8]
    let maximumDepth: Int
    var index = 0

    mutating func space() { while let byte = peek(), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 } }

    func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    mutating func value(depth: Int) -> ReferenceJSON? {
        space()
        let start = index
        switch peek() {
        case UInt8(ascii: "{"): return depth < maximumDepth ? object(from: start, depth: depth + 1) : nil
        case UInt8(ascii: "["): return depth < maximumDepth ? array(from: start, depth: depth + 1) : nil
        case UInt8(ascii: "\""): return string() == nil ? nil : .scalar(.string, start..<index)
        case UInt8(ascii: "t"): return word("true") ? .scalar(.true, start..<index) : nil
        case UInt8(ascii: "f"): return word("false") ? .scalar(.false, start..<index) : nil
        case UInt8(ascii: "n"): return word("null") ? .scalar(.null, start..<index) : nil
        default: return number() ? .scalar(.number, start..<index) : nil
        }
    }

    mutating func object(from start: Int, depth: Int) -> ReferenceJSON? {
        index += 1
        var members: [(key: String, value: ReferenceJSON)] = []
        space()
        if take("}") { return .object([], start..<index) }
        repeat {
            space()
            guard let key = string() else { return nil }
            space()
            guard take(":"), let value = value(depth: depth) else { return nil }
            members.append((key, value))
            space()
        } while take(",")
        return take("}") ? .object(members, start..<index) : nil
    }

    mutating func array(from start: Int, depth: Int) -> ReferenceJSON? {
        index += 1
        var elements: [ReferenceJSON] = []
        space()
        if take("]") { return .array([], start..<index) }
        repeat {
            guard let value = value(depth: depth) else { return nil }
            elements.append(value)
            space()
        } while take(",")
        return take("]") ? .array(elements, start..<index) : nil
    }

    mutating func word(_ word: String) -> Bool {
        guard bytes[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }

    mutating func number() -> Bool {
        let rest = String(decoding: bytes[index...], as: UTF8.self)
        guard let match = rest.prefixMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) else { return false }
        index += match.0.utf8.count
        return Double(match.0)?.isFinite == true
    }

    /// Collects UTF-16 units; the standard library then decides what halves of pairs become.
    mutating func string() -> String? {
        guard take("\"") else { return nil }
        var units: [UInt16] = []
        while let byte = peek(), byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { return nil }
            if take("\\") {
                guard let unit = escape() else { return nil }
                units.append(unit)
            } else {
                let length = [0xF0, 0xE0, 0xC0].firstIndex { byte >= $0 }.map { 4 - $0 } ?? 1
                units.append(contentsOf: String(decoding: bytes[index..<(index + length)], as: UTF8.self).utf16)
                index += length
            }
        }
        return take("\"") ? String(decoding: units, as: UTF16.self) : nil
    }

    mutating func escape() -> UInt16? {
        guard let letter = peek() else { return nil }
        index += 1
        let simple: [UInt8: UInt16] = [
            0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9,
        ]
        guard letter == UInt8(ascii: "u") else { return simple[letter] }
        guard index + 4 <= bytes.count,
            bytes[index..<(index + 4)].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
        else {
            return nil
        }
        index += 4
        return UInt16(String(decoding: bytes[(index - 4)..<index], as: UTF8.self), radix: 16)
    }
}
