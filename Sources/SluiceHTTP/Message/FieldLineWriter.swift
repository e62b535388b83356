internal import SluiceBase

/// Writes header lines safely: bytes that would end a line or a name are dropped, so that no value can add a line or a
/// second message.
extension [UInt8] {
    /// Appends `name: value` and a line end; nothing if no byte of the name is a token byte.
    mutating func appendFieldLine(name: String, value: String) {
        let start = count
        for byte in name.utf8 where Grammar.isToken(byte) { append(byte) }
        guard count > start else { return }
        append(UInt8(ascii: ":"))
        append(ASCII.space)
        for byte in value.utf8 where Grammar.isFieldText(byte) { append(byte) }
        appendLineEnd()
    }

    /// Appends `content-length` with its line end.
    mutating func appendContentLength(_ length: Int) {
        append(contentsOf: contentLengthName)
        appendDecimal(length)
        appendLineEnd()
    }

    mutating func appendLineEnd() {
        append(ASCII.carriageReturn)
        append(ASCII.lineFeed)
    }

    /// - Parameter number: not negative.
    mutating func appendDecimal(_ number: Int) {
        precondition(number >= 0, "A length or status is never negative.")
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}

private let contentLengthName = Array("content-length: ".utf8)

/// Header names that control the end of a message or of the connection: only the writers set them.
enum ReservedFieldName {
    static func contains(_ name: String) -> Bool {
        // No reserved name has another length, and the usual names of answers do.
        switch name.utf8.count {
        case 4, 7, 10, 14, 17:
            let bytes = Array(name.utf8)
            return all.contains { $0.matches(bytes.span) }
        default: return false
        }
    }

    private static let all: [HeaderName] = [
        FieldName.connection, FieldName.contentLength, FieldName.transferEncoding, "date", "keep-alive", "trailer",
        "upgrade",
    ]
}
