internal import SluiceBase

/// Turns MessagePack into the JSON that says the same, for the readers that there are. What JSON cannot say is refused.
struct MessagePackReader: ~Escapable {
    private let bytes: Span<UInt8>
    private var index = 0
    private var json: [UInt8] = []

    /// More than the readers of JSON allow, and little enough for any stack.
    private static let depthLimit = 256

    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        json.reserveCapacity(bytes.count + bytes.count / 4)
    }

    static func json(from message: Span<UInt8>) throws(MessagePackError) -> [UInt8] {
        var reader = MessagePackReader(message)
        try reader.readValue(depth: 0)
        guard reader.index == message.count else { throw .trailing }
        return reader.json
    }

    private mutating func readValue(depth: Int) throws(MessagePackError) {
        guard depth < Self.depthLimit else { throw .tooDeep }
        let head = try readByte()
        switch head {
        case 0x00...0x7F: append(head)
        case 0x80...0x8F: try readMap(count: Int(head & 0x0F), depth: depth)
        case 0x90...0x9F: try readArray(count: Int(head & 0x0F), depth: depth)
        case 0xA0...0xBF: try readText(count: Int(head & 0x1F))
        case 0xC0: json.append(contentsOf: "null".utf8)
        case 0xC2: json.append(contentsOf: "false".utf8)
        case 0xC3: json.append(contentsOf: "true".utf8)
        case 0xCA: try append(Double(Float(bitPattern: try readNumber())))
        case 0xCB: try append(Double(bitPattern: try readNumber()))
        case 0xCC...0xD3: try readInteger(head)
        case 0xD9...0xDB: try readText(count: try readCount(head - 0xD9))
        case 0xDC, 0xDD: try readArray(count: try readCount(head - 0xDB), depth: depth)
        case 0xDE, 0xDF: try readMap(count: try readCount(head - 0xDD), depth: depth)
        case 0xE0...0xFF: append(Int8(bitPattern: head))
        case 0xC4...0xC6: throw .binary
        case 0xC7...0xC9, 0xD4...0xD8: throw .extended
        case 0xC1: throw .reserved
        default: throw .reserved
        }
    }

    private mutating func readInteger(_ head: UInt8) throws(MessagePackError) {
        switch head {
        case 0xCC: append(try readByte())
        case 0xCD: append(try readNumber() as UInt16)
        case 0xCE: append(try readNumber() as UInt32)
        case 0xCF: append(try readNumber() as UInt64)
        case 0xD0: append(Int8(bitPattern: try readByte()))
        case 0xD1: append(Int16(bitPattern: try readNumber()))
        case 0xD2: append(Int32(bitPattern: try readNumber()))
        default: append(Int64(bitPattern: try readNumber()))
        }
    }

    private mutating func readArray(count: Int, depth: Int) throws(MessagePackError) {
        json.append(UInt8(ascii: "["))
        for position in 0..<count {
            if position > 0 { json.append(UInt8(ascii: ",")) }
            try readValue(depth: depth + 1)
        }
        json.append(UInt8(ascii: "]"))
    }

    private mutating func readMap(count: Int, depth: Int) throws(MessagePackError) {
        json.append(UInt8(ascii: "{"))
        for position in 0..<count {
            if position > 0 { json.append(UInt8(ascii: ",")) }
            try readKey()
            json.append(UInt8(ascii: ":"))
            try readValue(depth: depth + 1)
        }
        json.append(UInt8(ascii: "}"))
    }

    private mutating func readKey() throws(MessagePackError) {
        let head = try readByte()
        switch head {
        case 0xA0...0xBF: try readText(count: Int(head & 0x1F))
        case 0xD9...0xDB: try readText(count: try readCount(head - 0xD9))
        default: throw .key
        }
    }

    private mutating func readText(count: Int) throws(MessagePackError) {
        guard count <= bytes.count - index else { throw .truncated }
        let contents = bytes.extracting(index..<(index + count))
        index += count
        do { _ = try UTF8Span(validating: contents) } catch { throw .text }
        json.appendJSON(text: contents.text)
    }

    /// A count of one, two or four bytes.
    ///
    /// - Parameter size: 0, 1 or 2.
    private mutating func readCount(_ size: UInt8) throws(MessagePackError) -> Int {
        switch size {
        case 0: Int(try readByte())
        case 1: Int(try readNumber() as UInt16)
        default: Int(try readNumber() as UInt32)
        }
    }

    private mutating func readByte() throws(MessagePackError) -> UInt8 {
        guard index < bytes.count else { throw .truncated }
        index += 1
        return bytes[index - 1]
    }

    /// A number whose highest byte comes first.
    private mutating func readNumber<Number: FixedWidthInteger>() throws(MessagePackError) -> Number {
        var number: Number = 0
        for _ in 0..<(Number.bitWidth / 8) { number = number << 8 | Number(try readByte()) }
        return number
    }

    private mutating func append(_ number: some BinaryInteger) { json.append(contentsOf: String(number).utf8) }

    private mutating func append(_ number: Double) throws(MessagePackError) {
        guard number.isFinite else { throw .notFinite }
        json.append(contentsOf: number.description.utf8)
    }
}
