/// Turns JSON into MessagePack, each value in its shortest form.
struct MessagePackWriter {
    private var output: [UInt8] = []

    /// - Parameter json: right JSON, which the queue has written or read; anything else comes out as nil.
    static func messagePack(fromJSON json: [UInt8]) -> [UInt8] {
        var reader = StrictJSONReader(json.span)
        var writer = MessagePackWriter()
        do throws(StrictJSONError) {
            try writer.appendValue(&reader)
            return writer.output
        } catch {
            return [0xC0]
        }
    }

    private mutating func appendValue(_ reader: inout StrictJSONReader) throws(StrictJSONError) {
        switch reader.peekPastSpace() {
        case UInt8(ascii: "{"): try appendMap(&reader)
        case UInt8(ascii: "["): try appendArray(&reader)
        case UInt8(ascii: "\""):
            reader.index += 1
            append(text: reader.text(try reader.readString()))
        case UInt8(ascii: "t"):
            try reader.readWord(.true)
            output.append(0xC3)
        case UInt8(ascii: "f"):
            try reader.readWord(.false)
            output.append(0xC2)
        case UInt8(ascii: "n"):
            try reader.readWord(.null)
            output.append(0xC0)
        default: append(number: try reader.readExactNumber())
        }
    }

    private mutating func appendMap(_ reader: inout StrictJSONReader) throws(StrictJSONError) {
        let head = output.count
        output.append(0)
        reader.index += 1
        var count = 0
        while try reader.advanceToKey(isFirst: count == 0) {
            count += 1
            reader.index += 1
            append(text: reader.text(try reader.readString()))
            try reader.readColon()
            try appendValue(&reader)
        }
        reader.index += 1
        setHead(head, count: count, short: 0x80, long: 0xDE)
    }

    private mutating func appendArray(_ reader: inout StrictJSONReader) throws(StrictJSONError) {
        let head = output.count
        output.append(0)
        reader.index += 1
        var count = 0
        while try reader.advanceToElement(isFirst: count == 0) {
            count += 1
            try appendValue(&reader)
        }
        reader.index += 1
        setHead(head, count: count, short: 0x90, long: 0xDC)
    }

    /// Writes the head of a container once it is known how much is in it.
    ///
    /// - Parameters:
    ///   - short: the head of one with at most 15 elements, without their number.
    ///   - long: the head that two bytes follow; four follow the next one.
    private mutating func setHead(_ position: Int, count: Int, short: UInt8, long: UInt8) {
        if count < 16 {
            output[position] = short | UInt8(count)
        } else if count <= UInt16.max {
            output.replaceSubrange(position...position, with: [long] + bytes(UInt16(count)))
        } else {
            output.replaceSubrange(position...position, with: [long + 1] + bytes(UInt32(clamping: count)))
        }
    }

    private mutating func append(text: String) {
        let length = text.utf8.count
        switch length {
        case ..<32: output.append(0xA0 | UInt8(length))
        case ...0xFF: output += [0xD9, UInt8(length)]
        case ...0xFFFF: output += [0xDA] + bytes(UInt16(length))
        default: output += [0xDB] + bytes(UInt32(clamping: length))
        }
        output.append(contentsOf: text.utf8)
    }

    private mutating func append(number: JSONNumber) {
        switch number {
        case .unsigned(let value): append(unsigned: value)
        case .negative(let value): append(negative: value)
        case .floating(let value): output += [0xCB] + bytes(value.bitPattern)
        }
    }

    private mutating func append(unsigned value: UInt64) {
        switch value {
        case ..<0x80: output.append(UInt8(value))
        case ...0xFF: output += [0xCC, UInt8(value)]
        case ...0xFFFF: output += [0xCD] + bytes(UInt16(value))
        case ...0xFFFF_FFFF: output += [0xCE] + bytes(UInt32(value))
        default: output += [0xCF] + bytes(value)
        }
    }

    private mutating func append(negative value: Int64) {
        switch value {
        case (-32)...: output.append(UInt8(bitPattern: Int8(truncatingIfNeeded: value)))
        case Int64(Int8.min)...: output += [0xD0, UInt8(bitPattern: Int8(truncatingIfNeeded: value))]
        case Int64(Int16.min)...: output += [0xD1] + bytes(UInt16(bitPattern: Int16(truncatingIfNeeded: value)))
        case Int64(Int32.min)...: output += [0xD2] + bytes(UInt32(bitPattern: Int32(truncatingIfNeeded: value)))
        default: output += [0xD3] + bytes(UInt64(bitPattern: value))
        }
    }

    /// The bytes of a number, the highest first.
    private func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        stride(from: Number.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
