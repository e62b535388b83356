internal import SluiceBase
internal import SluiceCrypto
internal import SluiceInflate

/// The values that senders derive from the parts of a request before they sign them.
extension SignedRequest {
    /// - Parameter pathID: of the original value, if the source is derived from one.
    func value(_ source: VerifyReference, _ pathID: Int) throws(VerificationError) -> [UInt8]? {
        switch source {
        // Filled in for each secret, and for a request for a key.
        case .key, .keyID: return nil
        case .bodyBase64: return Array(Base64.encode(request.body.array).utf8)
        case .bodyCRC32: return Array(String(CRC32.of(request.body)).utf8)
        case .bodyMD5: return Array(Base64.encode(Hash.digest(.md5, request.body).span.array).utf8)
        case .lower(let source): return try value(source, pathID).map(Self.lowercased)
        case .escaped(let source): return try value(source, pathID).map(Self.escaped)
        case .sortedForm: return try form().sortedPairs
        case .formWithout(let name): return try joinedForm(without: name)
        case .sortedQuery: return try Self.pairs(request.query, "the query").sortedPairs
        case .listedHeaders(let name): return try listedHeaders(name)
        case .target: return request.target.array
        case .urlWithPort: return publicURL?.withPort.url(of: request)
        case .urlWithoutPort: return publicURL?.withoutPort.url(of: request)
        case .urlWithoutQuery: return publicURL?.url(ofPath: request)
        }
    }

    private static func lowercased(_ value: [UInt8]) -> [UInt8] {
        String(validating: value, as: UTF8.self).map { Array($0.lowercased().utf8) } ?? value
    }

    /// Adds a backslash before each backslash and colon.
    private static func escaped(_ value: [UInt8]) -> [UInt8] {
        value.flatMap { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: ":") ? [UInt8(ascii: "\\"), $0] : [$0] }
    }

    private func form() throws(VerificationError) -> FormFields {
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

    /// Joins the headers that a header lists, as `name:value`, with semicolons in the order of their names.
    private func listedHeaders(_ list: HeaderName) throws(VerificationError) -> [UInt8]? {
        guard let value = try header(list) else { return nil }
        var values: [String: [UInt8]] = [:]
        for part in String(decoding: value, as: UTF8.self).split(separator: ",") {
            let name = part.lowercased().filter { !$0.isWhitespace }
            guard HeaderSyntax.isName(name), values[name] == nil, values.count < Self.maximumListedHeaders else {
                throw .invalid("the header \(list) is not a list of different headers")
            }
            values[name] = try header(HeaderName(name)) ?? []
        }
        // The list itself shows where each header ends, if it is signed.
        guard values[list.description] != nil || !values.values.contains(where: { $0.contains(Self.semicolon) }) else {
            throw .invalid("a header that the header \(list) lists contains a semicolon, which separates the headers")
        }
        let lines = values.sorted { $0.key < $1.key }.map { Array("\($0.key):".utf8) + $0.value }
        return Array(lines.joined(separator: [Self.semicolon]))
    }

    private static let semicolon = UInt8(ascii: ";")
    private static let maximumListedHeaders = 64
}
