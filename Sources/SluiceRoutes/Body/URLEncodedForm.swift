internal import SluiceBase

/// A body of the type `application/x-www-form-urlencoded`, split according to the WHATWG URL standard (§5.1).
enum URLEncodedForm {
    /// Refuses a body that no encoder of forms produces, such as JSON or several lines with a form in them: the
    /// encoders of the WHATWG URL standard (§5.2) and of RFC 3986 (§2) escape blanks, control characters, quotes and
    /// braces with `%`.
    static func requireWhole(_ body: Span<UInt8>) throws(BodyError) {
        var found: UInt8 = 0
        // Every byte is tested, which is faster than stopping: several at once.
        for index in body.indices { found |= escaped(body[index]) }
        guard found == 0 else { throw BodyError("the body is not a URL-encoded form") }
    }

    /// - Returns: 1 for a byte that is always escaped; computed without a branch.
    @inline(__always)
    private static func escaped(_ byte: UInt8) -> UInt8 {
        func flag(_ isEscaped: Bool) -> UInt8 { isEscaped ? 1 : 0 }
        let quotes = flag(byte == UInt8(ascii: "\"")) | flag(byte == UInt8(ascii: "`"))
        let angles = flag(byte == UInt8(ascii: "<")) | flag(byte == UInt8(ascii: ">"))
        let slants = flag(byte == UInt8(ascii: "\\")) | flag(byte == UInt8(ascii: "^"))
        let braces = flag(byte &- UInt8(ascii: "{") <= 2) | flag(byte == 0x7F)
        return flag(byte <= 0x20) | quotes | angles | slants | braces
    }

    static func read(_ body: Span<UInt8>, _ charset: Charset) throws(BodyError) -> FormFields {
        var fields = FormFields(size: body.count)
        var start = 0
        var count = 0
        while start < body.count {
            let end = body.firstIndex(of: UInt8(ascii: "&"), from: start) ?? body.count
            if end > start {
                count += 1
                guard count <= FormFields.maximum else {
                    throw BodyError("the form has more than \(FormFields.maximum) fields")
                }
                try add(body.extracting(start..<end), charset, to: &fields)
            }
            start = end + 1
        }
        return fields
    }

    private static func add(_ field: Span<UInt8>, _ charset: Charset, to fields: inout FormFields) throws(BodyError) {
        let mark = field.firstIndex(of: UInt8(ascii: "=")) ?? field.count
        let value = field.extracting(min(mark + 1, field.count)..<field.count)
        try fields.add(
            .text, name: { bytes throws(BodyError) in try append(field.extracting(0..<mark), charset, to: &bytes) },
            value: { bytes throws(BodyError) in try append(value, charset, to: &bytes) })
    }

    private static func append(_ encoded: Span<UInt8>, _ charset: Charset, to bytes: inout [UInt8]) throws(BodyError) {
        let start = bytes.count
        PercentDecoding.formDecode(encoded, to: &bytes)
        let isValid: Bool
        if case .utf8 = charset {
            isValid = (try? UTF8Span(validating: bytes.span.extracting(start...))) != nil
        } else {
            let text = charset.decode(bytes.span.extracting(start...))
            bytes.removeSubrange(start...)
            bytes += text ?? []
            isValid = text != nil
        }
        guard isValid else { throw BodyError("a field of the form is not valid in its charset") }
    }
}
