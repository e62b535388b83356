internal import SluiceBase
internal import SluiceCrypto
internal import SluiceInflate

/// The values that senders derive from the parts of a request before they sign them.
extension SignedRequest {
    /// - Parameter pathID: of the original value, if the source is derived from one.
    func value(_ source: VerifyReference, _ pathID: Int) throws(VerificationError) -> [UInt8]? {
        switch source {
        case .value(let derived): return try value(derived)
        case .lower(let source): return try value(source, pathID).map(Self.lowercased)
        case .escaped(let source): return try value(source, pathID).map(Self.escaped)
        case .formWithout(let name): return try joinedForm(without: name)
        case .listedHeaders(let name): return try listedHeaders(name)
        }
    }

    private func value(_ derived: DerivedValue) throws(VerificationError) -> [UInt8]? {
        switch derived {
        // Filled in for each secret, and for a request for a key.
        case .key, .keyID: return nil
        case .target: return request.target.array
        case .urlWithPort: return publicURL?.withPort.url(of: request)
        case .urlWithoutPort: return publicURL?.withoutPort.url(of: request)
        case .urlWithoutQuery: return publicURL?.url(ofPath: request)
        case .bodyBase64: return Array(Base64.encode(request.body.array).utf8)
        case .bodyCRC32: return Array(String(CRC32.of(request.body)).utf8)
        case .bodyMD5: return Array(Base64.encode(Hash.digest(.md5, request.body).span.array).utf8)
        case .sortedForm: return try form().sortedPairs
        case .sortedQuery: return try Self.pairs(request.query, "the query").sortedPairs
        }
    }

    private static func lowercased(_ value: [UInt8]) -> [UInt8] {
        String(validating: value, as: UTF8.self).map { Array($0.lowercased().utf8) } ?? value
    }

    /// Adds a backslash before each backslash and colon.
    private static func escaped(_ value: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for byte in value {
            if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: ":") { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
        return text
    }

    func form() throws(VerificationError) -> FormFields {
        do throws(BodyError) { try URLEncodedForm.requireWhole(request.body) } catch { throw .invalid(error.reason) }
        return try Self.pairs(request.body, "the body")
    }

    private static func pairs(_ text: Span<UInt8>, _ noun: String) throws(VerificationError) -> FormFields {
        do throws(BodyError) {
            return try URLEncodedForm.read(text, .utf8)
        } catch {
            throw .invalid("\(noun), which is signed, cannot be read: \(error.reason)")
        }
    }

    /// Joins the fields of a form. Refuses a name that contains a separator, which could include other fields, and a
    /// repeated name, because it is unclear which value counts.
    private func joinedForm(without name: String) throws(VerificationError) -> [UInt8] {
        guard let text = try form().joinedPairs(without: Array(name.utf8)) else {
            throw .invalid("the body, which is signed, has a repeated field, or one whose name contains & or =")
        }
        return text
    }

    /// Joins the headers that a header lists, as `name:value`, with semicolons in the order of their names. Senders
    /// leave out listed headers that the request does not have.
    private func listedHeaders(_ list: HeaderName) throws(VerificationError) -> [UInt8]? {
        guard let value = try header(list) else { return nil }
        let semicolon = UInt8(ascii: ";")
        var listed: [(name: HeaderName, index: Int?)] = []
        listed.reserveCapacity(16)
        var (splitter, hasSemicolon, length) = (EntrySplitter(separator: UInt8(ascii: ",")), false, 0)
        while let range = splitter.next(in: value.span) {
            if range.isEmpty { continue }
            let name = HeaderName(lowercased: value[range].map(ASCII.lowercase))
            guard name.lowercased.allSatisfy(HeaderSyntax.isTokenByte), listed.count < Self.maximumListedHeaders,
                !listed.contains(where: { $0.name == name })
            else { throw .invalid("the header \(list) is not a list of different headers") }
            let index = try index(of: name)
            if let index, request.headers.value(at: index).firstIndex(of: semicolon) != nil { hasSemicolon = true }
            length += range.count + 2 + (index.map { request.headers.value(at: $0).count } ?? 0)
            listed.append((name, index))
        }
        if hasSemicolon { try checkSemicolons(in: listed, of: list) }
        listed.sort { $0.name.lowercased.lexicographicallyPrecedes($1.name.lowercased) }
        var text: [UInt8] = []
        text.reserveCapacity(length)
        for (name, index) in listed {
            guard let index else { continue }
            if !text.isEmpty { text.append(semicolon) }
            text += name.lowercased
            text.append(UInt8(ascii: ":"))
            text.append(request.headers.value(at: index))
        }
        return text
    }

    /// If the list itself is signed, its names show where each header ends, unless a value contains one of them in the
    /// same form: a header could be moved into the value of the one before it, and be absent.
    private func checkSemicolons(in listed: [(name: HeaderName, index: Int?)], of list: HeaderName)
        throws(VerificationError)
    {
        guard listed.contains(where: { $0.name == list }) else {
            throw .invalid("a header that \(list) lists contains a semicolon, the separator of the signed headers")
        }
        for case let index? in listed.map(\.index) {
            let value = request.headers.value(at: index)
            var start: Int?
            for position in value.indices {
                switch value[position] {
                case UInt8(ascii: ";"): start = position + 1
                case UInt8(ascii: ":"):
                    guard let nameStart = start else { continue }
                    let name = value.extracting(nameStart..<position)
                    if listed.contains(where: { name.equals($0.name.lowercased.span) }) {
                        throw .invalid("a header that \(list) lists contains the name of another listed header")
                    }
                    start = nil
                default: break
                }
            }
        }
    }

    private static let maximumListedHeaders = 64
}
