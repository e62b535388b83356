import SluiceBase

extension StrictJSONReader {
    /// Where a string's contents lie between its quotes, and whether they are the text as it is.
    struct StringContents {
        let range: Range<Int>
        let isEscaped: Bool
    }

    /// Reads a string whose opening quote has been read.
    ///
    /// - Parameter validating: whether surrogates must pair and the text be UTF-8; a skipped field is
    ///   checked less strictly.
    @inline(__always)
    mutating func readString(validating: Bool = true) throws(StrictJSONError) -> StringContents {
        let start = index
        var at = index
        var isASCII = true
        while at < bytes.count {
            let byte = bytes[at]
            if byte == 0x22 {
                index = at + 1
                if !isASCII { try checkUTF8(start..<at, validating: validating) }
                return StringContents(range: start..<at, isEscaped: false)
            }
            if byte == 0x5C || byte < 0x20 { break }
            if byte >= 0x80 { isASCII = false }
            at += 1
        }
        index = at
        return try readStringSlowly(start: start, validating: validating)
    }

    /// The rest of a string that has an escape, or that ends the wrong way.
    private mutating func readStringSlowly(start: Int, validating: Bool) throws(StrictJSONError) -> StringContents {
        while !isAtEnd {
            switch bytes[index] {
            case 0x22:
                index += 1
                try checkUTF8(start..<(index - 1), validating: validating)
                return StringContents(range: start..<(index - 1), isEscaped: true)
            case 0x5C:
                index += 1
                try readEscape(validating: validating)
            case 0..<0x20:
                index += 1
                throw failure(.controlCharacter)
            default:
                index += 1
            }
        }
        throw failure(.eofInString)
    }

    /// Zizq looks at the whole text once it has read the closing quote, so that is the place it names.
    private func checkUTF8(_ range: Range<Int>, validating: Bool) throws(StrictJSONError) {
        guard validating else { return }
        do { _ = try UTF8Span(validating: bytes.extracting(range)) } catch { throw failure(.invalidUnicode) }
    }

    private mutating func readEscape(validating: Bool) throws(StrictJSONError) {
        guard !isAtEnd else { throw failure(.eofInString) }
        let letter = bytes[index]
        index += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return
        case UInt8(ascii: "u"):
            let unit = try readHexEscape()
            if validating { try checkSurrogate(unit) }
        default:
            throw failure(.invalidEscape)
        }
    }

    private mutating func checkSurrogate(_ unit: UInt16) throws(StrictJSONError) {
        if 0xDC00...0xDFFF ~= unit { throw failure(.loneSurrogate) }
        guard 0xD800...0xDBFF ~= unit else { return }
        for expected in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
            guard !isAtEnd else { throw failure(.eofInString) }
            index += 1
            if bytes[index - 1] != expected { throw failure(.unexpectedEndOfHexEscape) }
        }
        if !(0xDC00...0xDFFF ~= (try readHexEscape())) { throw failure(.loneSurrogate) }
    }

    private mutating func readHexEscape() throws(StrictJSONError) -> UInt16 {
        guard index + 4 <= bytes.count else {
            index = bytes.count
            throw failure(.eofInString)
        }
        var unit: UInt16 = 0
        var isHex = true
        for offset in 0..<4 {
            if let digit = Hex.value(bytes[index + offset]) { unit = unit << 4 | UInt16(digit) } else { isHex = false }
        }
        index += 4
        if !isHex { throw failure(.invalidEscape) }
        return unit
    }

    /// The text of a string that this reader has accepted.
    func text(_ contents: StringContents) -> String {
        let raw = bytes.extracting(contents.range)
        guard contents.isEscaped else { return raw.text }
        var units: [UInt8] = []
        var at = 0
        while at < raw.count {
            if raw[at] == 0x5C {
                at = appendUnescaped(raw, at + 1, to: &units)
            } else {
                units.append(raw[at])
                at += 1
            }
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// - Returns: where the text goes on.
    private func appendUnescaped(_ raw: Span<UInt8>, _ at: Int, to units: inout [UInt8]) -> Int {
        switch raw[at] {
        case UInt8(ascii: "b"): units.append(0x08)
        case UInt8(ascii: "f"): units.append(0x0C)
        case UInt8(ascii: "n"): units.append(0x0A)
        case UInt8(ascii: "r"): units.append(0x0D)
        case UInt8(ascii: "t"): units.append(0x09)
        case UInt8(ascii: "u"):
            let high = hexUnit(raw, at + 1)
            guard 0xD800...0xDBFF ~= high else {
                appendScalar(high, to: &units)
                return at + 5
            }
            appendScalar(0x10000 + (high - 0xD800) << 10 + hexUnit(raw, at + 7) - 0xDC00, to: &units)
            return at + 11
        default: units.append(raw[at])
        }
        return at + 1
    }

    private func hexUnit(_ raw: Span<UInt8>, _ start: Int) -> UInt32 {
        var unit: UInt32 = 0
        for offset in start..<(start + 4) { unit = unit << 4 | UInt32(Hex.value(raw[offset]) ?? 0) }
        return unit
    }

    private func appendScalar(_ value: UInt32, to units: inout [UInt8]) {
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        units.append(contentsOf: Character(scalar).utf8)
    }
}
