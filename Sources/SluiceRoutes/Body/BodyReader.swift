package import SluiceBase
internal import SluiceJSON

/// The result of reading a body, before its JSON is scanned.
package enum BodyReading: Sendable {
    /// The body as received is JSON, possibly after a byte-order mark: `BodyReader.json(in:)`.
    case asReceived
    /// JSON instead of the body: converted from another charset, from the field of a form, or with the body's bytes in
    /// it.
    case json([UInt8])
    /// JSON whose values have no types: the fields of a form as an object, or a text as a string.
    case untyped([UInt8])
    /// Why it cannot be read; a phrase without any part of the request.
    case unreadable(String)
}

/// Reads the body of a route's requests. It uses at most `memory(for:)`, and time proportional to it.
package struct BodyReader: Sendable {
    package let kind: BodyKind
    /// The field of a form whose value is the body's JSON; `nil` if forms are read as objects.
    package let jsonField: String?
    /// The start of a URL-encoded form with that field.
    let fieldPrefix: [UInt8]?
    /// Whether `Content-Type` may decide how the body is read: on a route that verifies nothing, and if the signature
    /// covers the header. Otherwise a captured request could be sent so that its bytes are read differently, so the
    /// bytes alone decide.
    package let trustsContentType: Bool

    package static let contentType: HeaderName = "content-type"

    package init(kind: BodyKind, jsonField: String?, trustsContentType: Bool) {
        self.kind = kind
        self.jsonField = jsonField
        fieldPrefix = jsonField.map { Array("\($0)=".utf8) }
        self.trustsContentType = trustsContentType
    }

    /// Reads the body of a request. On a route whose signature does not cover `Content-Type`, only the bytes
    /// decide how.
    package func read(_ request: borrowing RequestView) -> BodyReading {
        guard trustsContentType else { return readByContent(request) }
        guard let index = request.headers.firstIndex(of: Self.contentType) else {
            return read(request.body, MediaType(request.body.extracting(0..<0)))
        }
        return read(request.body, MediaType(request.headers.value(at: index)))
    }

    private func read(_ body: Span<UInt8>, _ type: borrowing MediaType) -> BodyReading {
        do throws(BodyError) {
            switch kind {
            // JSON is UTF-8 (RFC 8259 §8.1), regardless of other parts of the header.
            case .json: return .asReceived
            case .form: return try reading(of: try Self.form(body, type))
            case .text: return .untyped(try Self.text(body, try Charset.named(by: type) ?? Charset.marked(at: body)))
            case .bytes: return .json(Self.bytes(body))
            case .jwt: return try claims(of: body)
            case .auto: return try automatic(body, type)
            }
        } catch {
            return .unreadable(error.reason)
        }
    }

    private func automatic(_ body: Span<UInt8>, _ type: borrowing MediaType) throws(BodyError) -> BodyReading {
        switch type.family {
        case .json: return try Self.json(body, type)
        case .form, .multipart:
            return try reading(of: try Self.form(body, type))
        case .text: return .untyped(try Self.text(body, try Charset.named(by: type) ?? Charset.marked(at: body)))
        case .other: return .json(Self.bytes(body))
        }
    }
}

extension BodyReader {
    private static func json(_ body: Span<UInt8>, _ type: borrowing MediaType) throws(BodyError) -> BodyReading {
        guard let charset = try Charset.named(by: type), charset != .utf8 else { return .asReceived }
        guard let text = charset.decode(body) else { throw BodyError("the JSON is not valid in its charset") }
        return .json(json(in: text.span).array)
    }

    /// JSON without the byte-order mark that some senders add, which parsers need not accept (RFC 8259 §8.1).
    @_lifetime(copy text)
    static func json(in text: Span<UInt8>) -> Span<UInt8> {
        text.extracting(Charset.utf8.markLength(at: text)..<text.count)
    }

    /// The maximum memory of `read` in bytes, in addition to the body: for a copy in UTF-8, for fields, and for the
    /// JSON made from them.
    func memory(for request: borrowing RequestView) -> Int {
        let size = request.body.count
        guard size > 0, kind != .json else { return 0 }
        // The claims, and twice the JSON in one of them.
        if kind == .jwt { return 3 * size }
        guard trustsContentType else { return memoryByContent(request.body) }
        guard let index = request.headers.firstIndex(of: Self.contentType) else {
            return memory(for: request.body, MediaType(request.body.extracting(0..<0)))
        }
        return memory(for: request.body, MediaType(request.headers.value(at: index)))
    }

    private func memory(for body: Span<UInt8>, _ type: borrowing MediaType) -> Int {
        let size = body.count
        if kind == .auto, case .json = type.family { return type.parameter("charset") == nil ? 0 : 3 * size }
        return memory(forText: body, isUTF8: type.parameter("charset") == nil)
    }

    /// For a text, the fields of a form, or the bytes in base64.
    func memory(forText body: Span<UInt8>, isUTF8: Bool) -> Int {
        if kind == .bytes { return body.count / 3 * 4 + 32 }
        // Control characters of one byte become six; euro signs of windows-1252 three, and so do half the bytes of
        // UTF-16.
        return Swift.max([UInt8].jsonStringLength(body), isUTF8 ? 0 : 3 * body.count) + 3 * body.count
    }

    private static func form(_ body: Span<UInt8>, _ type: borrowing MediaType) throws(BodyError) -> FormFields {
        if case .multipart = type.family {
            guard let boundary = type.parameter("boundary") else {
                throw BodyError("the multipart body has no boundary in its content type")
            }
            return try MultipartForm.read(body, boundary: boundary, charset: try Charset.named(by: type) ?? .utf8)
        }
        return try URLEncodedForm.read(body, try Charset.named(by: type) ?? .utf8)
    }

    /// Returns a form, or the JSON in its field.
    func reading(of form: FormFields) throws(BodyError) -> BodyReading {
        guard let jsonField else { return .untyped(form.json) }
        let positions = form.positions(of: jsonField)
        guard let position = positions.first, positions.count == 1 else {
            let state = positions.isEmpty ? "no field" : "more than one field"
            throw BodyError("the form has \(state) '\(PrintableText.escape(jsonField))'")
        }
        if case .undecodable = form.kind(at: position) {
            throw BodyError("the field '\(PrintableText.escape(jsonField))' of the form is not valid in its charset")
        }
        return .json(Self.json(in: form.value(at: position)).array)
    }

    /// The claims of a token, or the JSON in one of them. `verify` checks its signature.
    func claims(of body: Span<UInt8>) throws(BodyError) -> BodyReading {
        let parts = body.array.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let claims = Base64.decodeURL(Array(parts[1]).span, allowsPadding: false) else {
            throw BodyError("the body is not a JSON Web Token")
        }
        guard let jsonField else { return .json(claims) }
        guard let document = JSONTree(claims)?[jsonField]?.string else {
            throw BodyError("the token has no claim '\(PrintableText.escape(jsonField))' that is a text")
        }
        return .json(Array(document.utf8))
    }

    /// - Returns: a JSON string.
    static func text(_ body: Span<UInt8>, _ charset: Charset) throws(BodyError) -> [UInt8] {
        guard let text = charset.decode(body) else { throw BodyError("the text is not valid in its charset") }
        var json: [UInt8] = []
        json.reserveCapacity(text.count + text.count / 16 + 2)
        // The mark shows the encoding and is not part of the text.
        json.appendJSONString(text.span.extracting(Charset.utf8.markLength(at: text.span)..<text.count))
        return json
    }

    /// - Returns: `{"base64":"…"}`
    static func bytes(_ body: Span<UInt8>) -> [UInt8] {
        var json = Array(#"{"base64":""#.utf8)
        json.reserveCapacity(json.count + (body.count + 2) / 3 * 4 + 2)
        Base64.append(body, to: &json)
        json.append(UInt8(ascii: "\""))
        json.append(UInt8(ascii: "}"))
        return json
    }
}

/// Why a body cannot be read.
struct BodyError: Error {
    /// A phrase without any part of the request.
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// How a route reads the body: `body`.
package enum BodyKind: String, CaseIterable, Sendable {
    /// By `Content-Type`.
    case auto
    case json
    case form
    case text
    case bytes
    /// The claims of a JSON Web Token.
    case jwt
}

/// A body of JSON texts, one per line (JSON lines, `application/x-ndjson`), converted to an array.
struct JSONLines {
    /// The array; its elements are the unchanged lines.
    private(set) var document: [UInt8] = [UInt8(ascii: "[")]
    /// The range of each line in the document, up to the maximum number of elements.
    private(set) var lines: [Range<Int>] = []
    /// The number of lines.
    private(set) var count = 0

    /// Lines end in LF or CR LF; blank lines are skipped.
    init(_ body: Span<UInt8>) {
        let body = BodyReader.json(in: body)
        document.reserveCapacity(body.count + 2)
        var start = 0
        while start < body.count {
            let end = body.firstIndex(of: ASCII.lineFeed, from: start) ?? body.count
            add(body.extracting(Self.trimmed(start..<end, of: body)))
            start = end + 1
        }
        document.append(UInt8(ascii: "]"))
    }

    private mutating func add(_ line: Span<UInt8>) {
        guard !line.isEmpty else { return }
        if document.count > 1 { document.append(UInt8(ascii: ",")) }
        count += 1
        if count <= JSONFindings.maximumItems { lines.append(document.count..<(document.count + line.count)) }
        document.append(line)
    }

    private static func trimmed(_ line: Range<Int>, of body: Span<UInt8>) -> Range<Int> {
        var start = line.lowerBound
        var end = line.upperBound
        while end > start, ASCII.isWhiteSpace(body[end - 1]) { end -= 1 }
        while start < end, ASCII.isWhiteSpace(body[start]) { start += 1 }
        return start..<end
    }
}
