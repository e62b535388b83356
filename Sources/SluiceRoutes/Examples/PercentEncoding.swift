internal import SluiceBase

/// Percent-encoding (RFC 3986 §2.1) of what stands in a file as people write it.
enum PercentEncoding {
    /// A path; a `%` stays, because it begins an escape already.
    static func path(_ text: String) -> String { encode(text, keeping: "/%:@!$&'()*+,;=") }

    /// A query as a whole, likewise.
    static func query(_ text: String) -> String { encode(text, keeping: "/?%:@!$&'()*+,;=") }

    /// A name or a value of a query.
    static func component(_ text: String) -> String { encode(text, keeping: "") }

    private static func encode(_ text: String, keeping delimiters: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if isUnreserved(byte) || delimiters.utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// RFC 3986 §2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        ASCII.isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "-._~".utf8.contains(byte)
    }
}
