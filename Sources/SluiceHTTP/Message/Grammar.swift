internal import SluiceBase

/// Sets of allowed bytes (RFC 9110 §5.6.2, RFC 3986 appendix A). Each set is two words, one bit per byte below 128: no
/// table in memory, no branch per range.
enum Grammar {
    /// A byte of a token: of methods and header names.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// A byte of a path or query, including `%`: `unreserved`, `sub-delims`, `:`, `@`, `/`, `?`.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool {
        contains(byte, low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFF)
    }

    /// A byte of a registered name, except `%`: `unreserved`, `sub-delims`.
    @inline(__always)
    static func isRegisteredName(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }

    /// A byte of a header value, of a reason phrase or inside the quotes of a chunk extension: visible, space, tab, or
    /// above 127.
    @inline(__always)
    static func isFieldText(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != 0x7F) || byte == ASCII.tab }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }

    /// The value of a hexadecimal digit in upper or lower case; otherwise `nil`.
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

/// The header names that SluiceHTTP reads or writes.
enum FieldName {
    static let connection: HeaderName = "connection"
    static let contentLength: HeaderName = "content-length"
    static let expect: HeaderName = "expect"
    static let host: HeaderName = "host"
    static let transferEncoding: HeaderName = "transfer-encoding"
}

/// How the end of a body is determined (RFC 9112 §6.3).
package enum MessageFraming: Sendable, Hashable {
    /// There is no body.
    case none
    /// The body has this length; not negative, below 10^18.
    case length(Int)
    /// The body is chunked.
    case chunked
    /// Everything until the connection closes; only in answers.
    case untilClose
}
