internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// A request as a scheme's references see it: not yet verified, with values as the sender signed them. Valid while the
/// request is processed.
struct SignedRequest: ~Escapable {
    let request: RequestView
    /// The JSON of the body, if it contains a part of the signature; otherwise empty.
    let document: Span<UInt8>
    /// `nil` if nothing was searched.
    let findings: JSONFindings?
    var publicURL: PublicURL?
    /// The current element, counted from 0, if each is signed individually.
    var item = 0

    @_lifetime(copy request, copy document)
    init(request: RequestView, document: Span<UInt8>, findings: JSONFindings?, publicURL: PublicURL?) {
        self.request = request
        self.document = document
        self.findings = findings
        self.publicURL = publicURL
    }
}

extension SignedRequest {
    /// The text of a value: the decoded string for a string in the body, and the bytes as written for other JSON.
    ///
    /// - Returns: `nil` if it is absent or null. A default does not count.
    /// - Throws: for a repeated header, because two readers could use different lines.
    func value(_ reference: Reference) throws(VerificationError) -> [UInt8]? {
        try value(reference.source, reference.pathID)
    }

    func value(_ source: ReferenceSource, _ pathID: Int) throws(VerificationError) -> [UInt8]? {
        switch source {
        case .body(let path): path.steps.isEmpty ? request.body.array : fieldText(pathID)
        case .item: fieldText(pathID)
        case .bodyDigest: digest(pathID)
        case .header(let name): try header(name)
        case .query(let name): QueryParameters.first(name, in: request.query)
        case .parameter(_, let segment): PathParameters.value(at: segment, of: request.path)
        case .request(let value): self.value(value)
        case .verifyOnly(let source): try value(source, pathID)
        // The scope refuses these in `verify`, and the first two are filled in before.
        case .signedTimestamp, .signedID, .account, .headers, .event, .itemDigest, .index, .handshakeHMAC: nil
        }
    }

    private func value(_ value: RequestValue) -> [UInt8]? {
        switch value {
        case .method: request.method.array
        // Not decoded, because the sender signed it as it is.
        case .path: request.path.array
        case .url: publicURL?.url(of: request)
        // The scope refuses these in `verify`.
        case .deliveryID, .receivedAt, .receivedMilliseconds, .remoteAddress, .route: nil
        }
    }

    /// As `value`, for a part that a request must have and that must not be empty.
    ///
    /// - Parameter role: its role in the signature, for messages: `timestamp`.
    func requiredValue(_ reference: Reference, _ role: String) throws(VerificationError) -> [UInt8] {
        guard let value = try value(reference) else {
            throw .missing("\(reference.source.noun), which contains the \(role), is missing")
        }
        guard !value.isEmpty else {
            throw .missing("\(reference.source.noun), which contains the \(role), is empty")
        }
        return value
    }

    /// All values of a part, which may be in several lines of one header.
    func values(_ reference: Reference, mayRepeat: Bool) throws(VerificationError) -> [[UInt8]] {
        guard mayRepeat, case .header(let name) = reference.source else {
            let value = try value(reference)
            return value.map { [$0] } ?? []
        }
        var values: [[UInt8]] = []
        var next = request.headers.firstIndex(of: name)
        while let index = next {
            values.append(request.headers.value(at: index).array)
            next = request.headers.firstIndex(of: name, from: index + 1)
        }
        return values
    }

    func header(_ name: HeaderName) throws(VerificationError) -> [UInt8]? {
        guard let index = try index(of: name) else { return nil }
        return request.headers.value(at: index).array
    }

    /// - Returns: `nil` if the header is absent.
    func index(of name: HeaderName) throws(VerificationError) -> Int? {
        guard let index = request.headers.firstIndex(of: name) else { return nil }
        guard request.headers.firstIndex(of: name, from: index + 1) == nil else {
            throw .invalid("the header \(name) is repeated")
        }
        return index
    }

    private func fieldText(_ path: Int) -> [UInt8]? {
        guard let range = findings?.range(of: path, item: item), let kind = findings?.kind(of: path, item: item),
            kind != .null
        else { return nil }
        let value = document.extracting(range)
        guard kind == .string else { return value.array }
        let content = value.extracting(1..<(value.count - 1))
        if content.firstIndex(of: UInt8(ascii: "\\")) == nil { return content.array }
        return JSONText.decode(value).map { Array($0.utf8) }
    }

    private func digest(_ path: Int) -> [UInt8]? {
        guard path >= 0 else { return Array(Hash.digest(.sha256, request.body).hex.utf8) }
        return findings?.range(of: path).map { Array(Hash.digest(.sha256, document.extracting($0)).hex.utf8) }
    }
}
