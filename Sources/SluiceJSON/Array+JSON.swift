internal import SluiceBase

/// Writing JSON by hand: the structure is the caller's, the tokens are here.
extension [UInt8] {
    /// Appends a string literal with its quotes.
    package mutating func appendJSONString(_ text: String) {
        appendLiteral(text.utf8Span.span)
    }

    /// Appends a string literal with its quotes; malformed UTF-8 is replaced by U+FFFD.
    package mutating func appendJSONString(_ utf8: Span<UInt8>) {
        if UTF8Sequence.isValid(utf8) {
            appendLiteral(utf8)
        } else {
            appendJSONString(utf8.text)
        }
    }

    /// Appends an integer in decimal.
    package mutating func appendJSONInteger(_ value: Int64) { appendDecimal(value) }

    /// Appends an integer of any width in decimal.
    @inline(__always)
    mutating func appendDecimal(_ value: some FixedWidthInteger) {
        if value < 0 { append(Byte.minus) }
        var rest = value.magnitude
        let start = count
        repeat {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            append(Byte.zero &+ UInt8(truncatingIfNeeded: remainder))
            rest = quotient
        } while rest > 0
        self[start...].reverse()
    }

    /// Appends JSON text in which half a surrogate pair becomes `\ufffd`, which has as many bytes: offsets stay what they are.
    ///
    /// - Parameters:
    ///   - bytes: what was scanned.
    ///   - offsets: `JSONFindings.loneSurrogates` of that scan.
    ///   - range: the part of `bytes` to append, such as the range of a finding.
    package mutating func appendRepairingSurrogates(_ bytes: Span<UInt8>, _ offsets: [Int], in range: Range<Int>? = nil) {
        let range = range ?? 0..<bytes.count
        let shift = count - range.lowerBound
        append(bytes.extracting(range))
        var next = offsets.partitioningIndex(below: range.lowerBound)
        while next < offsets.count, offsets[next] < range.upperBound {
            // The backslash and the u stay.
            let digits = offsets[next] + shift + 2
            for (place, digit) in "fffd".utf8.enumerated() { self[digits + place] = digit }
            next += 1
        }
    }

    /// The runs between what must be escaped are copied whole.
    private mutating func appendLiteral(_ utf8: Span<UInt8>) {
        append(Byte.quote)
        var start = 0
        while start < utf8.count {
            let stop = JSONEscape.firstNeeded(utf8, from: start)
            append(utf8.extracting(start..<stop))
            if stop < utf8.count { appendEscape(of: utf8[stop]) }
            start = stop + 1
        }
        append(Byte.quote)
    }

    private mutating func appendEscape(of byte: UInt8) {
        switch byte {
        case 0x08: appendEscape(UInt8(ascii: "b"))
        case 0x09: appendEscape(UInt8(ascii: "t"))
        case 0x0A: appendEscape(UInt8(ascii: "n"))
        case 0x0C: appendEscape(UInt8(ascii: "f"))
        case 0x0D: appendEscape(UInt8(ascii: "r"))
        case 0..<0x20: append(contentsOf: "\\u00\(Hex.encode([byte]))".utf8)
        default: appendEscape(byte)
        }
    }

    private mutating func appendEscape(_ letter: UInt8) {
        append(Byte.backslash)
        append(letter)
    }
}

extension [Int] {
    /// Where the first element that is not below `bound` stands; the array ascends.
    fileprivate func partitioningIndex(below bound: Int) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
