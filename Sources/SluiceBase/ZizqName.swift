/// What Zizq takes as a queue or a type.
package enum ZizqName {
    /// In bytes; a server of Zizq's crashes at names of 65,508.
    package static let maximumBytes = 255

    /// What is wrong with a name, as the end of a sentence that begins with what it names; `nil` if nothing is.
    package static func complaint(about name: String) -> String? {
        if name.isEmpty { return "must not be empty" }
        if name.utf8.count > maximumBytes { return "must not have more than \(maximumBytes) bytes" }
        for byte in name.utf8 {
            switch byte {
            case 0: return "must not contain null bytes"
            case UInt8(ascii: ","), UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
                UInt8(ascii: "}"), UInt8(ascii: "\\"):
                return "must not contain '\(Unicode.Scalar(byte))'"
            default: continue
            }
        }
        return nil
    }
}
