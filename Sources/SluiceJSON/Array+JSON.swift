internal import SluiceBase

/// Appends JSON tokens; the caller writes the structure.
extension [UInt8] {
    /// Appends a string literal with its quotes.
    package mutating func appendJSONString(_ text: String) {
        appendLiteral(text.utf8Span.span)
    }

    /// Appends a string literal with its quotes; malformed UTF-8 is replaced by U+FFFD.
    package mutating func appendJSONString(_ utf8: Span<UInt8>) {
        if (try? UTF8Span(validating: utf8)) != nil {
            appendLiteral(utf8)
        } else {
            appendJSONString(utf8.text)
        }
    }

    /// The number of bytes that `appendJSONString` appends for well-formed UTF-8.
    package static func jsonStringLength(_ utf8: Span<UInt8>) -> Int {
        var length = utf8.count + 2
        var index = 0
        while index < utf8.count {
            switch JSONEscape.letters[Int(utf8[index])] {
            case 0: break
            case UInt8(ascii: "u"): length &+= JSONEscape.length - 1
            default: length &+= 1
            }
            index &+= 1
        }
        return length
    }

    /// Appends an integer in decimal.
    @inlinable
    package mutating func appendDecimal(_ value: some FixedWidthInteger) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = count
        repeat {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: remainder))
            rest = quotient
        } while rest > 0
        self[start...].reverse()
    }

    /// Appends a scalar that is not a surrogate as UTF-8 (RFC 3629 §3).
    @inlinable
    package mutating func appendScalar(_ scalar: UInt32) {
        func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar &>> shift) & 0x3F }
        switch scalar {
        case 0..<0x80: return append(UInt8(truncatingIfNeeded: scalar))
        case 0..<0x800: append(0xC0 | UInt8(truncatingIfNeeded: scalar &>> 6))
        case 0..<0x1_0000:
            append(0xE0 | UInt8(truncatingIfNeeded: scalar &>> 12))
            append(continuation(6))
        default:
            append(0xF0 | UInt8(truncatingIfNeeded: scalar &>> 18))
            append(continuation(12))
            append(continuation(6))
        }
        append(continuation(0))
    }

    /// Appends JSON text, with lone surrogates replaced by `\ufffd`, which has the same length: offsets do not change.
    ///
    /// - Parameters:
    ///   - bytes: the scanned bytes.
    ///   - offsets: `JSONFindings.loneSurrogates` of that scan.
    ///   - range: the part of `bytes` to append, such as the range of a finding.
    package mutating func appendRepairingSurrogates(_ bytes: Span<UInt8>, _ offsets: [Int], in range: Range<Int>? = nil)
    {
        let range = range ?? 0..<bytes.count
        let shift = count - range.lowerBound
        append(bytes.extracting(range))
        var next = offsets.partitioningIndex(below: range.lowerBound)
        while next < offsets.count, offsets[next] < range.upperBound {
            // The backslash and the u stay.
            let digits = offsets[next] + shift + 2
            for (index, digit) in "fffd".utf8.enumerated() { self[digits + index] = digit }
            next += 1
        }
    }

    /// Runs without escapes are copied as a whole.
    private mutating func appendLiteral(_ utf8: Span<UInt8>) {
        append(Byte.quote)
        var start = 0
        while start < utf8.count {
            let stop = JSONEscape.firstNeeded(utf8, from: start)
            append(utf8.extracting(start..<stop))
            // If one byte needs an escape, its neighbours often do, too: they are written one by one, without a search.
            start = Swift.min(utf8.count, stop + Self.escapedRun)
            if stop < start { appendEscaping(utf8.extracting(stop..<start)) }
        }
        append(Byte.quote)
    }

    private mutating func appendEscaping(_ utf8: Span<UInt8>) {
        let needed = utf8.count * JSONEscape.length
        if capacity - count < needed { reserveCapacity(Swift.max(count + needed, 2 * capacity)) }
        append(addingCapacity: needed) { output in
            for index in utf8.indices {
                let byte = utf8[index]
                switch JSONEscape.letters[Int(byte)] {
                case 0: output.append(byte)
                case UInt8(ascii: "u"):
                    output.append(Byte.backslash)
                    output.append(UInt8(ascii: "u"))
                    output.append(Byte.zero)
                    output.append(Byte.zero)
                    output.append(Byte.zero &+ byte &>> 4)
                    output.append(byte & 15 < 10 ? Byte.zero &+ byte & 15 : UInt8(ascii: "a") &+ byte & 15 &- 10)
                case let letter:
                    output.append(Byte.backslash)
                    output.append(letter)
                }
            }
        }
    }

    private static var escapedRun: Int { 32 }
}

extension [Int] {
    /// The position of the first element that is not below `bound`; the array is sorted.
    fileprivate func partitioningIndex(below bound: Int) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
