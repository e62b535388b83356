internal import SluiceBase

/// Converts JSON text to a canonical form: no white space; the members of objects in the order of their keys' UTF-8
/// bytes, the last of equal keys; as few escapes as possible; integers of 64 bits unchanged, and other numbers as the
/// shortest text of the nearest IEEE 754 double.
package enum JSONCanonical {
    /// - Parameter bytes: JSON text.
    package static func of(_ bytes: [UInt8]) throws(JSONError) -> [UInt8] {
        let document = try JSONDocument(bytes)
        var canonical: [UInt8] = []
        canonical.reserveCapacity(bytes.count)
        append(document, 0, to: &canonical)
        return canonical
    }

    private static func append(_ document: JSONDocument, _ index: Int, to canonical: inout [UInt8]) {
        switch document.entries[index].kind {
        case .string: canonical.appendJSONString(document.text(index))
        case .number:
            let bytes = document.bytes
            appendNumber(bytes.span.extracting(document.range(index)), to: &canonical)
        case .true: canonical.append(contentsOf: "true".utf8)
        case .false: canonical.append(contentsOf: "false".utf8)
        case .null: canonical.append(contentsOf: "null".utf8)
        case .array: appendArray(document, index, to: &canonical)
        case .object: appendObject(document, index, to: &canonical)
        }
    }

    private static func appendArray(_ document: JSONDocument, _ index: Int, to canonical: inout [UInt8]) {
        canonical.append(Byte.openBracket)
        var entry = index + 1
        while entry < document.next(index) {
            if entry > index + 1 { canonical.append(Byte.comma) }
            append(document, entry, to: &canonical)
            entry = document.next(entry)
        }
        canonical.append(Byte.closeBracket)
    }

    private static func appendObject(_ document: JSONDocument, _ index: Int, to canonical: inout [UInt8]) {
        var values: [[UInt8]: Int] = [:]
        var entry = index + 1
        while entry < document.next(index) {
            values[document.keyBytes(entry)] = entry + 1
            entry = document.next(entry + 1)
        }
        canonical.append(Byte.openBrace)
        let members = values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (position, member) in members.enumerated() {
            if position > 0 { canonical.append(Byte.comma) }
            canonical.appendJSONString(member.key.span)
            canonical.append(Byte.colon)
            append(document, member.value, to: &canonical)
        }
        canonical.append(Byte.closeBrace)
    }

    private static func appendNumber(_ digits: Span<UInt8>, to canonical: inout [UInt8]) {
        if JSONInteger.keepsDigits(digits) { return canonical.append(digits) }
        canonical.append(contentsOf: (Double(digits.text) ?? 0).description.utf8)
    }
}
