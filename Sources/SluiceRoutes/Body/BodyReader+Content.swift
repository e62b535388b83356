internal import SluiceBase
internal import SluiceJSON

/// Reading a body whose `Content-Type` is not signed: only its bytes decide.
extension BodyReader {
    private static let notJSON =
        "the body is not JSON, and the signature does not cover Content-Type: set 'body' to form, text or bytes"

    func readByContent(_ request: borrowing RequestView) -> BodyReading {
        let body = request.body
        do throws(BodyError) {
            switch kind {
            case .json: return .asReceived
            case .form: return try reading(of: try Self.form(body))
            case .text: return .untyped(try Self.text(body, Charset.marked(at: body)))
            case .bytes: return .json(Self.bytes(body))
            case .jwt: return try claims(of: body)
            case .auto: return try jsonOrPayload(body, isSaidToBeJSON: declaredFamily(request) == .json)
            }
        } catch {
            return .unreadable(error.reason)
        }
    }

    /// Reads JSON, or the JSON in the field of a form if the provider may send it like this.
    ///
    /// - Parameter isSaidToBeJSON: only decides the error for an unreadable body.
    private func jsonOrPayload(_ body: Span<UInt8>, isSaidToBeJSON: Bool) throws(BodyError) -> BodyReading {
        let charset = Charset.marked(at: body)
        if case .utf16 = charset {
            guard let text = charset.decode(body) else { throw BodyError("the JSON is not valid in its charset") }
            return .json(Self.json(in: text.span).array)
        }
        guard let first = Self.firstByte(of: body), !"{[".utf8.contains(first) else { return .asReceived }
        if let jsonField, mayHoldField(body) { return try soleField(jsonField, of: body) }
        // A number, a text, true, false or null.
        guard isSaidToBeJSON || FormFields.isJSON(Self.json(in: body)) else { throw BodyError(Self.notJSON) }
        return .asReceived
    }

    /// The family of the header; JSON without one.
    func declaredFamily(_ request: borrowing RequestView) -> MediaType.Family {
        request.headers.firstIndex(of: Self.contentType).map { MediaType(request.headers.value(at: $0)).family }
            ?? .json
    }

    /// The first byte that is not JSON white space (RFC 8259 §2), after a byte-order mark.
    static func firstByte(of body: Span<UInt8>) -> UInt8? {
        var index = Charset.utf8.markLength(at: body)
        while index < body.count, ASCII.isWhiteSpace(body[index]) { index += 1 }
        return index < body.count ? body[index] : nil
    }

    private func soleField(_ name: String, of body: Span<UInt8>) throws(BodyError) -> BodyReading {
        let form = try Self.form(body)
        guard form.count == 1, form.positions(of: name).count == 1 else {
            throw BodyError("the form has fields other than one '\(PrintableText.escape(name))'")
        }
        return try reading(of: form)
    }

    /// Whether a body that is not JSON starts like a form with the field.
    func mayHoldField(_ body: Span<UInt8>) -> Bool {
        fieldPrefix.map { body.begins(with: $0.span) || MultipartForm.boundary(at: body) != nil } ?? false
    }

    /// Whether a body that was read as a form, a text or bytes, because of its content type or `body: form`, starts and
    /// ends like JSON: its sender probably names the wrong type, and no reference finds its fields.
    func isMislabelledJSON(_ request: borrowing RequestView, read reading: BodyReading) -> Bool {
        guard trustsContentType, kind == .auto || kind == .form else { return false }
        switch reading {
        case .asReceived, .unreadable: return false
        case .json: guard declaredFamily(request) != .json, jsonField == nil else { return false }
        case .untyped: break
        }
        let (first, last) = Self.ends(of: request.body)
        return first == UInt8(ascii: "{") && last == UInt8(ascii: "}")
            || first == UInt8(ascii: "[") && last == UInt8(ascii: "]")
    }

    /// The first and the last byte except for white space, byte-order marks and the zeros of UTF-16.
    private static func ends(of body: Span<UInt8>) -> (first: UInt8?, last: UInt8?) {
        let (start, blank) = (Charset.utf8.markLength(at: body), " \t\r\n\0".utf8)
        var (first, last) = (max(start, Charset.utf16.markLength(at: body)), body.count - 1)
        while first < body.count, blank.contains(body[first]) { first += 1 }
        while last > first, blank.contains(body[last]) { last -= 1 }
        return first < body.count ? (body[first], body[last]) : (nil, nil)
    }

    /// The maximum memory of `readByContent` in bytes, in addition to the body.
    func memoryByContent(_ body: Span<UInt8>) -> Int {
        let isUTF16 = Charset.utf16.markLength(at: body) > 0
        guard kind == .auto else { return memory(forText: body, isUTF8: !isUTF16) }
        return isUTF16 || mayHoldField(body) ? 3 * body.count : 0
    }

    /// A multipart form starts with its boundary; a form in one line has no line break.
    private static func form(_ body: Span<UInt8>) throws(BodyError) -> FormFields {
        if let boundary = MultipartForm.boundary(at: body) {
            return try MultipartForm.read(body, boundary: boundary, charset: .utf8)
        }
        try URLEncodedForm.requireWhole(body)
        return try URLEncodedForm.read(body, .utf8)
    }
}
