internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes

/// What a reader makes of a body is JSON of a bounded size; a text is not altered, and what stands around the parts of
/// a multipart body changes nothing.
enum BodyProperty {
    static func check(_ bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: 0x0A) else { return }
        let (type, body) = (Array(bytes[..<end]), Array(bytes[(end + 1)...]))
        for kind in BodyKind.allCases {
            for unwraps in [false, true] {
                check(read(body, type, kind, unwraps), body, kind)
                let unsigned = read(body, type, kind, unwraps, trusts: false)
                check(unsigned, body, kind)
                let other = read(body, Array("text/plain; charset=utf-16".utf8), kind, unwraps, trusts: false)
                precondition(
                    outcome(unsigned, body) == outcome(other, body),
                    "A header that is not signed decided how a body is read.")
            }
        }
        checkText(body)
        checkSurroundings(of: body, type)
    }

    private static func check(_ reading: BodyReading, _ body: [UInt8], _ kind: BodyKind) {
        switch reading {
        case .untyped(let json):
            precondition(isJSON(json), "What was made of a body is not JSON.")
            precondition(json.count <= 6 * body.count + 64, "What was made of a body is too large.")
        case .json(let json):
            precondition(json.count <= 6 * body.count + 64, "What was made of a body is too large.")
            if case .bytes = kind { precondition(json == base64(body), "Bytes were altered.") }
        case .unreadable(let why):
            precondition(why.allSatisfy { $0.isASCII && $0 != "\n" } && why.count < 200, "A reason holds the body.")
        case .asReceived: break
        }
    }

    /// What is read, without the words for what cannot be.
    private static func outcome(_ reading: BodyReading, _ body: [UInt8]) -> [UInt8]? {
        switch reading {
        case .untyped(let json), .json(let json): isJSON(json) ? json : nil
        case .asReceived: isJSON(body) ? body : nil
        case .unreadable: nil
        }
    }

    /// The same as the standard library says.
    private static func checkText(_ body: [UInt8]) {
        let content = body.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(body[3...]) : body
        let text = String(validating: content, as: UTF8.self)
        switch read(body, Array("text/plain; charset=utf-8".utf8), .auto, false) {
        case .untyped(let json):
            precondition(JSONText.decode(json.span).map { Array($0.utf8) } == content, "A text was altered.")
        default: precondition(text == nil, "A text was not read.")
        }
    }

    private static func checkSurroundings(of body: [UInt8], _ type: [UInt8]) {
        guard String(decoding: type, as: UTF8.self).lowercased().hasPrefix("multipart/form-data;") else { return }
        guard case .untyped(let form) = read(body, type, .auto, false) else { return }
        for around in [Array("preamble\r\n".utf8) + body, body + Array("\r\nepilogue".utf8)] {
            guard case .untyped(let again) = read(around, type, .auto, false), again == form else {
                preconditionFailure("What stands around the parts changed them.")
            }
        }
    }

    private static func read(_ body: [UInt8], _ type: [UInt8], _ kind: BodyKind, _ unwraps: Bool, trusts: Bool = true)
        -> BodyReading
    {
        let name = Array("Content-Type".utf8)
        let head = name + type
        let fields = [HeaderField(name: 0..<name.count, value: name.count..<head.count)]
        let (method, target) = (Array("POST".utf8), Array("/".utf8))
        let request = RequestView(
            method: method.span, target: target.span, headers: HeaderView(bytes: head.span, fields: fields),
            body: body.span, peer: .unknown
        )
        return BodyReader(kind: kind, jsonField: unwraps ? "payload" : nil, trustsContentType: trusts).read(request)
    }

    private static func isJSON(_ json: [UInt8]) -> Bool {
        var findings = JSONFindings()
        return (try? JSONScanner.scan(json.span, paths: .none, into: &findings)) != nil
    }

    private static func base64(_ body: [UInt8]) -> [UInt8] { Array("{\"base64\":\"\(Base64.encode(body))\"}".utf8) }
}
