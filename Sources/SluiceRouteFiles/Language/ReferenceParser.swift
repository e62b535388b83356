internal import SluiceBase
internal import SluiceJSON
package import SluiceRoutes

/// Parses the text between `${` and `}`: `body.repository["full name"] ?? "none"`.
package struct ReferenceParser {
    /// The problem with a reference; a phrase that names it.
    package struct SyntaxError: Error {
        package let message: String
    }

    private let text: [UInt8]
    private var offset: Int
    /// The start of the root, for messages.
    private let start: Int

    /// - Parameter offset: the start of the reference in `text`, after `${`.
    private init(_ text: [UInt8], at offset: Int) {
        self.text = text
        self.offset = offset
        start = offset
    }

    /// Parses a reference that ends in `}`.
    ///
    /// - Parameter offset: advanced to after the `}`.
    static func parse(_ text: [UInt8], at offset: inout Int) throws(SyntaxError) -> Reference {
        var parser = ReferenceParser(text, at: offset)
        let source = try parser.source()
        let fallback = try parser.fallback()
        parser.skipBlanks()
        guard parser.take("}") else { throw parser.notClosed() }
        offset = parser.offset
        return Reference(source: source, fallback: fallback)
    }

    /// Parses a reference without `${}` and without a default, as in the keys of `when`.
    package static func parseBare(_ text: String) throws(SyntaxError) -> Reference {
        var parser = ReferenceParser(Array(text.utf8), at: 0)
        let source = try parser.source()
        guard parser.offset == parser.text.count else { throw parser.failure("is followed by unexpected text") }
        return Reference(source: source, fallback: nil)
    }

    private mutating func source() throws(SyntaxError) -> ReferenceSource {
        skipBlanks()
        let root = word()
        if let row = ReferenceSyntax.named(root), !(row.isWord && hasField(root)) { return try source(of: row) }
        switch root {
        case "delivery": return try deliveryField()
        case "sha256": return try digest()
        default: return try member(of: root)
        }
    }

    private mutating func source(of row: ReferenceSyntax) throws(SyntaxError) -> ReferenceSource {
        switch row.syntax {
        case .word(let source): source
        case .path(let make): make(try path())
        case .name(let noun, let make): make(try name(of: noun))
        case .header(let make): make(HeaderName(try headerName()))
        case .reference(let make): .verifyOnly(make(try inner()))
        }
    }

    /// Whether a field follows a word that can also be used alone.
    private func hasField(_ root: String) -> Bool {
        peek() == UInt8(ascii: ".") && !ReferenceSyntax.fields(of: root).isEmpty
    }

    /// `url.with_port`, `crc32.body`
    private mutating func member(of root: String) throws(SyntaxError) -> ReferenceSource {
        let fields = ReferenceSyntax.fields(of: root)
        guard !fields.isEmpty else { throw unknown(root) }
        guard take(".") else { throw failure("must be followed by '.\(fields[0])'") }
        let field = word()
        if let row = ReferenceSyntax.named("\(root).\(field)") { return try source(of: row) }
        let hint = Suggestion.phrase(for: field, among: fields)
        throw SyntaxError(message: "unknown reference '\(root).\(PrintableText.escape(field))'\(hint)")
    }

    /// The reference that another one transforms: a value of the request.
    private mutating func inner() throws(SyntaxError) -> ReferenceSource {
        guard take(".") else { throw failure("must be followed by a reference, such as .body.id") }
        let source = try source()
        if source.isPartOfRequest { return source }
        throw failure("must be followed by a header, a parameter, or a field of the body or of an element")
    }

    /// The error if a reference does not end where it should.
    private func notClosed() -> SyntaxError {
        let written = String(decoding: text[start..<min(offset, text.count)], as: UTF8.self)
        if written == "headers", peek() == UInt8(ascii: ".") || peek() == UInt8(ascii: "[") {
            return failure("means all headers; for a single one, write header.NAME")
        }
        guard let byte = peek(), text[offset...].contains(UInt8(ascii: "}")), byte != UInt8(ascii: "$") else {
            return failure("is not closed with '}'")
        }
        let rest = String(decoding: text[offset...].prefix { $0 != UInt8(ascii: "}") }, as: UTF8.self)
        return failure(
            "is followed by '\(PrintableText.escape(rest, limit: 30))'; write a default as ?? \"text\"")
    }

    private func unknown(_ root: String) -> SyntaxError {
        if root.isEmpty {
            return SyntaxError(message: "a reference is empty; write ${body.field}, or $${ for a literal ${")
        }
        let hint = Suggestion.phrase(for: root, among: ReferenceSyntax.general.map { String($0.root) })
        return SyntaxError(message: "unknown reference '\(PrintableText.escape(root))'\(hint)")
    }

    private mutating func deliveryField() throws(SyntaxError) -> ReferenceSource {
        let field = try name(of: "a field of the delivery")
        if case .word(let source)? = ReferenceSyntax.named("delivery.\(field)")?.syntax { return source }
        let hint = Suggestion.phrase(for: field, among: ReferenceSyntax.fields(of: "delivery"))
        throw SyntaxError(message: "unknown reference 'delivery.\(PrintableText.escape(field))'\(hint)")
    }

    private mutating func digest() throws(SyntaxError) -> ReferenceSource {
        guard take("."), let row = ReferenceSyntax.named("sha256.\(word())") else {
            throw failure("must be followed by 'body' or 'item': sha256.body, or sha256.body.field")
        }
        return try source(of: row)
    }
}

extension ReferenceSource {
    /// Whether it is one value of a request: a header, a parameter, or a field of the body or of an element.
    var isPartOfRequest: Bool {
        switch self {
        case .header, .query, .parameter, .item: true
        case .body(let path): !path.steps.isEmpty
        default: false
        }
    }
}

extension ReferenceParser {
    /// `.a.b[0]["odd.key"]`
    private mutating func path() throws(SyntaxError) -> JSONPath {
        var steps: [JSONPath.Step] = []
        while true {
            // The parser of bodies has the same limit.
            guard steps.count <= JSONLimits.bulkDepth else {
                throw failure("has more than \(JSONLimits.bulkDepth) steps")
            }
            if take(".") {
                let key = word()
                guard !key.isEmpty else { throw failure("has an empty key; write special keys as [\"odd key\"]") }
                steps.append(.key(key))
            } else if take("[") {
                steps.append(try bracket())
            } else {
                return JSONPath(steps)
            }
        }
    }

    private mutating func bracket() throws(SyntaxError) -> JSONPath.Step {
        let step: JSONPath.Step
        if peek() == UInt8(ascii: "]") {
            step = .each
        } else if peek() == UInt8(ascii: "\"") {
            step = .key(try quoted())
        } else {
            let digits = word()
            guard let index = Int(digits), index >= 0, String(index) == digits else {
                throw failure("needs a position from 0 or a key in double quotes between [ and ]")
            }
            step = .index(index)
        }
        guard take("]") else { throw failure("lacks a ']'") }
        return step
    }

    private mutating func name(of noun: String) throws(SyntaxError) -> String {
        if take("[") {
            guard peek() == UInt8(ascii: "\"") else { throw failure("needs a name in double quotes between [ and ]") }
            let name = try quoted()
            guard take("]") else { throw failure("lacks a ']'") }
            return name
        }
        guard take("."), case let name = word(), !name.isEmpty else {
            throw failure("must be followed by the name of \(noun)")
        }
        return name
    }

    /// A field name (RFC 9110 §5.6.2), which may contain dots.
    private mutating func headerName() throws(SyntaxError) -> String {
        guard take(".") else { throw failure("must be followed by the name of a header: header.X-Name") }
        let begin = offset
        while let byte = peek(), HeaderSyntax.isTokenByte(byte) { offset += 1 }
        guard offset > begin else { throw failure("must be followed by the name of a header: header.X-Name") }
        return String(decoding: text[begin..<offset], as: UTF8.self)
    }

    /// ` ?? "default"`, or nothing.
    private mutating func fallback() throws(SyntaxError) -> ReferenceFallback? {
        skipBlanks()
        guard take("?") else { return nil }
        guard take("?") else { throw failure("has a '?'; write a default as ?? \"text\"") }
        skipBlanks()
        if peek() == UInt8(ascii: "\"") {
            let value = try quoted()
            var json: [UInt8] = []
            json.appendJSONString(value)
            return ReferenceFallback(json: json, text: Array(value.utf8))
        }
        let begin = offset
        while let byte = peek(), byte != UInt8(ascii: "}"), byte != ASCII.space { offset += 1 }
        let value = Array(text[begin..<offset])
        guard JSONLiteral.isScalar(value.span) else {
            throw failure("needs a default after '??': a text in double quotes, a number, true, false or null")
        }
        return ReferenceFallback(json: value, text: value == Array("null".utf8) ? [] : value)
    }

    /// The value of a JSON string literal.
    private mutating func quoted() throws(SyntaxError) -> String {
        let begin = offset
        offset += 1
        while let byte = peek(), byte != UInt8(ascii: "\"") { offset += byte == UInt8(ascii: "\\") ? 2 : 1 }
        guard peek() != nil else { throw failure("has a text that is not closed with '\"'") }
        offset += 1
        guard let value = JSONText.decode(text.span.extracting(begin..<offset)) else {
            throw failure("has a text in double quotes that is not a JSON string")
        }
        return value
    }

    /// Everything up to a byte that ends a name.
    private mutating func word() -> String {
        let begin = offset
        while let byte = peek(), !Self.endsName(byte) { offset += 1 }
        return String(decoding: text[begin..<offset], as: UTF8.self)
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        switch byte {
        case ASCII.space, ASCII.tab, UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
            UInt8(ascii: "}"),
            UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "$"), ASCII.lineFeed:
            true
        default: false
        }
    }

    private func peek() -> UInt8? { offset < text.count ? text[offset] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek(), byte == ASCII.space || byte == ASCII.tab { offset += 1 }
    }

    private func failure(_ complaint: String) -> SyntaxError {
        let written = String(decoding: text[start..<min(offset, text.count)], as: UTF8.self)
        return SyntaxError(message: "the reference '\(PrintableText.escape(written, limit: 60))' \(complaint)")
    }
}

/// Splits a text into its literal parts and its references; `$${` is a literal `${`.
package enum TemplateParser {
    /// A part of a text.
    package enum Part: Sendable, Hashable {
        case literal([UInt8])
        case reference(Reference)
    }

    /// Whether a text contains `${`. Compared by bytes like the parser, because a brace with an accent is another
    /// character in Swift.
    static func mayRefer(_ text: String) -> Bool { text.utf8.contains("${".utf8) }

    /// The parts of a text in order; no two literals are adjacent.
    package static func parse(_ text: String) throws(ReferenceParser.SyntaxError) -> [Part] {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var literal: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            if starts("$${", in: bytes, at: offset) {
                literal += Array("${".utf8)
                offset += 3
            } else if starts("${", in: bytes, at: offset) {
                offset += 2
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = []
                parts.append(.reference(try ReferenceParser.parse(bytes, at: &offset)))
            } else {
                literal.append(bytes[offset])
                offset += 1
            }
        }
        if !literal.isEmpty || parts.isEmpty { parts.append(.literal(literal)) }
        return parts
    }

    private static func starts(_ mark: String, in bytes: [UInt8], at offset: Int) -> Bool {
        // Few bytes are the first one of a mark, and comparing one is much faster than comparing a slice.
        bytes[offset] == UInt8(ascii: "$") && bytes[offset...].starts(with: mark.utf8)
    }
}
