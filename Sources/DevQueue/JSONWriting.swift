/// Writing JSON as Zizq does: no white space, short escapes, no escape where none is needed.
extension [UInt8] {
    mutating func appendJSON(text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x08: append(contentsOf: #"\b"#.utf8)
            case 0x09: append(contentsOf: #"\t"#.utf8)
            case 0x0A: append(contentsOf: #"\n"#.utf8)
            case 0x0C: append(contentsOf: #"\f"#.utf8)
            case 0x0D: append(contentsOf: #"\r"#.utf8)
            case 0..<0x10: append(contentsOf: #"\u000\#(String(byte, radix: 16))"#.utf8)
            case 0x10..<0x20: append(contentsOf: #"\u00\#(String(byte, radix: 16))"#.utf8)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// A member of an object that has one before it: `,"name":value`.
    mutating func appendMember(_ name: StaticString, text: String) {
        appendName(name)
        appendJSON(text: text)
    }

    mutating func appendMember(_ name: StaticString, number: some BinaryInteger) {
        appendName(name)
        append(contentsOf: String(number).utf8)
    }

    mutating func appendMember(_ name: StaticString, bool: Bool) {
        appendName(name)
        append(contentsOf: bool ? "true".utf8 : "false".utf8)
    }

    mutating func appendName(_ name: StaticString) {
        append(contentsOf: #",""#.utf8)
        append(contentsOf: name.description.utf8)
        append(contentsOf: #"":"#.utf8)
    }
}
