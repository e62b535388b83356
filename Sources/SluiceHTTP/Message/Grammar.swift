internal import SluiceBase

/// Which bytes may stand where (RFC 9110 §5.6.2, RFC 3986 appendix A). Each set is two words, one bit a byte below 128:
/// no table in memory, no branch per range.
enum Grammar {
    /// A byte of a token: methods and header names.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// A byte of a path or query, `%` included: `unreserved`, `sub-delims`, `:`, `@`, `/`, `?`.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool {
        contains(byte, low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)
    }

    /// A byte of a registered name, `%` not included: `unreserved`, `sub-delims`.
    @inline(__always)
    static func isRegisteredName(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }

    /// A byte of a header value, of a reason phrase or inside a chunk extension's quotes: visible, space, tab, or above
    /// 127.
    @inline(__always)
    static func isFieldText(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != 0x7F) || byte == ASCII.tab }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }

    /// The value of a hexadecimal digit of either case, else nil.
    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> Int? {
        if byte &- 0x30 < 10 { return Int(byte &- 0x30) }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? Int(letter) + 10 : nil
    }

    @inline(__always)
    private static func contains(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        byte < 128 && ((byte < 64 ? low : high) &>> UInt64(byte & 63)) & 1 == 1
    }
}

/// The header names that SluiceHTTP itself reads or writes.
enum FieldName {
    static let connection: HeaderName = "connection"
    static let contentLength: HeaderName = "content-length"
    static let expect: HeaderName = "expect"
    static let host: HeaderName = "host"
    static let transferEncoding: HeaderName = "transfer-encoding"
}

/// How the end of a message's body is found (RFC 9112 §6.3).
package enum MessageFraming: Sendable, Hashable {
    /// There is no body.
    case none
    /// So many bytes follow the head; not negative, below 10^18.
    case length(Int)
    /// Chunks follow the head.
    case chunked
    /// Everything until the connection closes; in answers only.
    case untilClose
}
