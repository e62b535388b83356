internal import SluiceBase
internal import SluiceJSON

/// How a body is read whose `Content-Type` the signature does not cover: by its own bytes, whatever the header says.
extension BodyReader {
    private static let notJSON =
        "the body is not JSON, and the signature does not cover Content-Type: set 'body' to form, text or bytes"

    func readByContent(_ request: borrowing RequestView) -> BodyReading {
        let body = request.body
        do throws(BodyError) {
            switch kind {
            case .json: return .asReceived
            case .form: return .untyped(try Self.form(body).json)
            case .text: return .untyped(try Self.text(body, Charset.marked(at: body)))
            case .bytes: return .json(Self.bytes(body))
            case .auto: return try jsonOrPayload(body, isSaidToBeJSON: declaredFamily(request) == .json)
            }
        } catch {
            return .unreadable(error.reason)
        }
    }

    /// JSON, or for a provider that can send it so the JSON in the one field `payload` of a form.
    ///
    /// - Parameter isSaidToBeJSON: decides what is said of a body that cannot be read, and nothing else.
    private func jsonOrPayload(_ body: Span<UInt8>, isSaidToBeJSON: Bool) throws(BodyError) -> BodyReading {
        let charset = Charset.marked(at: body)
        if case .utf16 = charset {
            guard let text = charset.decode(body) else { throw BodyError("the JSON is not valid in its charset") }
            return .json(Self.json(in: text.span).array)
        }
        guard let first = Self.firstByte(of: body), !"{[".utf8.contains(first) else { return .asReceived }
        if unwrapsPayload, Self.isPayload(body) { return .json(try Self.solePayload(of: body)) }
        // A number, a text, true, false or null.
        guard isSaidToBeJSON || FormFields.isJSON(Self.json(in: body)) else { throw BodyError(Self.notJSON) }
        return .asReceived
    }

    /// What the header says, and without one JSON.
    func declaredFamily(_ request: borrowing RequestView) -> MediaType.Family {
        request.headers.firstIndex(of: Self.contentType).map { MediaType(request.headers.value(at: $0)).family }
            ?? .json
    }

    /// The first byte that is not JSON's white space (RFC 8259 §2), behind a byte-order mark.
    private static func firstByte(of body: Span<UInt8>) -> UInt8? {
        var index = Charset.utf8.markLength(at: body)
        while index < body.count, " \t\r\n".utf8.contains(body[index]) { index += 1 }
        return index < body.count ? body[index] : nil
    }

    private static func solePayload(of body: Span<UInt8>) throws(BodyError) -> [UInt8] {
        try URLEncodedForm.requireWhole(body)
        let form = try URLEncodedForm.read(body, .utf8)
        guard form.count == 1, let payload = form.values(of: "payload").first, form.values(of: "payload").count == 1
        else {
            throw BodyError("the form has fields other than one 'payload'")
        }
        return json(in: payload.bytes.span).array
    }

    static func isPayload(_ body: Span<UInt8>) -> Bool { body.hasPrefix(Array("payload=".utf8).span) }

    /// How many bytes `readByContent` needs at most, besides the body.
    func memoryByContent(_ body: Span<UInt8>) -> Int {
        let isUTF16 = Charset.utf16.markLength(at: body) > 0
        guard kind == .auto else { return memory(forText: body, isUTF8: !isUTF16) }
        return isUTF16 || unwrapsPayload && Self.isPayload(body) ? 3 * body.count : 0
    }

    /// A form of several parts begins with its boundary, which a form in one line, without a line break, cannot.
    private static func form(_ body: Span<UInt8>) throws(BodyError) -> FormFields {
        if let boundary = MultipartForm.boundary(at: body) {
            return try MultipartForm.read(body, boundary: boundary, charset: .utf8)
        }
        try URLEncodedForm.requireWhole(body)
        return try URLEncodedForm.read(body, .utf8)
    }
}
