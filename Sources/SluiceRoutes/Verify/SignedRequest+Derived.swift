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
        var text: [UInt8] = []
        for byte in value {
            if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: ":") { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
        return text
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
        let semicolon = UInt8(ascii: ";")
        var headers: [(name: HeaderName, value: [UInt8])] = []
        for part in value.split(separator: UInt8(ascii: ",")) {
            let name = part.filter { $0 != ASCII.space && $0 != ASCII.tab }.map(ASCII.lowercase)
            let header = HeaderName(lowercased: name)
            guard !name.isEmpty, name.allSatisfy(HeaderSyntax.isTokenByte), headers.count < Self.maximumListedHeaders,
                !headers.contains(where: { $0.name == header })
            else { throw .invalid("the header \(list) is not a list of different headers") }
            headers.append((header, try self.header(header) ?? []))
        }
        // The list itself shows where each header ends, if it is signed.
        guard headers.contains(where: { $0.name == list }) || !headers.contains(where: { $0.value.contains(semicolon) })
        else {
            throw .invalid("a header that the header \(list) lists contains a semicolon, which separates the headers")
        }
        headers.sort { $0.name.lowercased.lexicographicallyPrecedes($1.name.lowercased) }
        var text: [UInt8] = []
        for (name, value) in headers {
            if !text.isEmpty { text.append(semicolon) }
            text += name.lowercased
            text.append(UInt8(ascii: ":"))
            text += value
        }
        return text
    }

    private static let maximumListedHeaders = 64
}
