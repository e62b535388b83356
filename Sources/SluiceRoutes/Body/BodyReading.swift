internal import SluiceBase

/// What a body turns out to be before its JSON is scanned.
enum BodyReading {
    /// The body as received is JSON.
    case asReceived
    /// The fields of a form, as a JSON object.
    case form([UInt8])
    /// JSON that was found in a form.
    case enclosed([UInt8])
    /// Why it cannot be read; a phrase without anything of the request.
    case unreadable(String)
}

/// Reads the body of a route's requests as what it is.
struct BodyReader: Sendable {
    let kind: BodyKind
    /// Whether a form that `auto` finds is the provider's envelope: then the body is the JSON in its field `payload`.
    let unwrapsPayload: Bool

    private static let contentType: HeaderName = "content-type"

    func read(_ request: borrowing RequestView) -> BodyReading {
        switch kind {
        case .json: .asReceived
        case .form: form(request.body)
        case .auto: automatic(request)
        }
    }

    private func automatic(_ request: borrowing RequestView) -> BodyReading {
        guard let index = request.headers.firstIndex(of: Self.contentType) else { return .asReceived }
        switch MediaType.family(of: request.headers.value(at: index)) {
        case .json: return .asReceived
        case .other: return .unreadable("the content type is neither JSON nor a form")
        case .form: return unwrapsPayload ? payload(request.body) : form(request.body)
        }
    }

    private func form(_ body: Span<UInt8>) -> BodyReading {
        guard let form = FormBody(body) else { return .unreadable("the form has more than \(FormBody.maximumFields) fields") }
        return .form(form.json)
    }

    private func payload(_ body: Span<UInt8>) -> BodyReading {
        guard let form = FormBody(body) else { return .unreadable("the form has more than \(FormBody.maximumFields) fields") }
        let payloads = form.values(of: "payload")
        guard let payload = payloads.first, payloads.count == 1 else {
            return .unreadable("the form has \(payloads.isEmpty ? "no field" : "more than one field") 'payload'")
        }
        return .enclosed(payload)
    }
}

/// What a media type (RFC 9110 §8.3.1) means for reading a body.
enum MediaType {
    enum Family {
        case json
        case form
        case other
    }

    /// Parameters such as `charset` are left aside: JSON is UTF-8 (RFC 8259 §8.1), and form fields are read as such.
    static func family(of value: Span<UInt8>) -> Family {
        let end = value.firstIndex(of: UInt8(ascii: ";")) ?? value.count
        var type = value.extracting(0..<end)
        while type.count > 0, isBlank(type[type.count - 1]) { type = type.extracting(0..<(type.count - 1)) }
        if type.isEmpty || type.matches("application/json") || type.ends(in: "+json") { return .json }
        return type.matches("application/x-www-form-urlencoded") ? .form : .other
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }
}

extension Span where Element == UInt8 {
    /// Compares without case. No loop over a copy: both are short.
    fileprivate func matches(_ lowercased: StaticString) -> Bool {
        count == lowercased.utf8CodeUnitCount && ends(in: lowercased)
    }

    fileprivate func ends(in lowercased: StaticString) -> Bool {
        let length = lowercased.utf8CodeUnitCount
        guard count >= length else { return false }
        let tail = extracting((count - length)..<count)
        return String(describing: lowercased).utf8.enumerated().allSatisfy { ASCII.lowercase(tail[$0.offset]) == $0.element }
    }
}
