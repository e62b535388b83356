package import SluiceBase
internal import SluiceCrypto
package import SluiceJSON

/// Everything about a route's signatures but the secrets: what `verify` says, or a provider's preset, read.
package struct SignatureScheme: Sendable {
    let algorithm: SignatureAlgorithm
    let place: SignaturePlace
    let form: SignatureForm
    package let keyForm: KeyForm
    /// `nil` where requests say no time.
    package let timestamp: SignedTimestamp?
    /// Where what `${id}` stands for is.
    package let id: Reference?
    /// What ids must be.
    let idPattern: IDPattern
    package let signed: SignedTemplate
    /// What is looked for in the body before the signature is known to be right.
    let paths: JSONPathSet
    /// The header of the signature, where it holds one signature over the body as received and nothing else matters.
    let soleHeader: HeaderName?

    package init(
        algorithm: SignatureAlgorithm, place: SignaturePlace, form: SignatureForm, keyForm: KeyForm,
        timestamp: SignedTimestamp?,
        id: Reference?, idPattern: IDPattern, signed: SignedTemplate, paths: [JSONPath]
    ) {
        self.algorithm = algorithm
        self.place = place
        self.form = form
        self.keyForm = keyForm
        self.timestamp = timestamp
        self.id = id
        self.idPattern = idPattern
        self.signed = signed
        self.paths = JSONPathSet(paths)
        if case .header(let name) = place, form.separator == nil, timestamp == nil, id == nil, signed.isBodyAlone {
            soleHeader = name
        } else {
            soleHeader = nil
        }
    }

    /// Whether a part of the signature stands in the body, which is then read before anything is verified.
    var readsBody: Bool { paths.count > 0 }
}

extension SignatureScheme {
    /// All signatures that a request carries.
    func entries(in request: borrowing SignedRequest) throws(VerificationError) -> SignatureEntries {
        var entries = SignatureEntries(form)
        switch place {
        case .header(let name): try take(name, request, into: &entries)
        case .numberedHeaders(_, let names):
            for name in names { try take(name, request, into: &entries) }
        case .value(let reference):
            if let value = try request.value(reference) { entries.take(value.span) }
        }
        return entries
    }

    /// Several lines are several values for a scheme that can tell them apart, and a refusal for any other.
    private func take(_ name: HeaderName, _ request: borrowing SignedRequest, into entries: inout SignatureEntries)
        throws(VerificationError)
    {
        let headers = request.request.headers
        guard var index = headers.firstIndex(of: name) else { return }
        entries.take(headers.value(at: index))
        while let next = headers.firstIndex(of: name, from: index + 1) {
            guard form.separator != nil else { throw .invalid("the header \(name) is repeated") }
            entries.take(headers.value(at: next))
            index = next
        }
    }

    /// The text that the signature of a request has to be over.
    ///
    /// - Parameter timestamp: as received; `nil` where the scheme has none.
    func text(of request: borrowing SignedRequest, timestamp: [UInt8]?) throws(VerificationError) -> SignedText {
        try signed.text(of: request, timestamp: timestamp, id: try id(in: request))
    }

    /// What `${id}` stands for; `nil` where the scheme has no id.
    func id(in request: borrowing SignedRequest) throws(VerificationError) -> [UInt8]? {
        guard let id else { return nil }
        let text = try request.requiredValue(id, "id")
        guard idPattern.matches(text) else {
            throw .invalid("\(id.source.noun), which contains the id, does not match 'id_pattern'")
        }
        return text
    }
}

/// How a route's secrets are written.
package struct KeyForm: Sendable {
    package var encoding = KeyEncoding.utf8
    /// Taken off where it is there.
    package var prefix = ""
    /// What is done with the decoded secret, in order.
    package var transforms: [KeyTransform] = []

    package init(encoding: KeyEncoding = .utf8, prefix: String = "") {
        self.encoding = encoding
        self.prefix = prefix
    }

    /// - Returns: the key; `nil` for what is not of this form, and for one that is empty.
    package func key(_ secret: [UInt8]) -> [UInt8]? {
        guard let key = encoding.decode(withoutPrefix(secret)), !key.isEmpty else { return nil }
        return transforms.reduce(key) { $1.apply($0) }
    }

    package func withoutPrefix(_ secret: [UInt8]) -> [UInt8] {
        secret.starts(with: prefix.utf8) ? Array(secret.dropFirst(prefix.utf8.count)) : secret
    }

    /// How a key is written in this form.
    package func write(_ key: [UInt8]) -> String { prefix + encoding.encode(key) }
}

/// What is made of a decoded secret before it is the key.
package enum KeyTransform: String, CaseIterable, Sendable {
    /// The digest, as bytes.
    case sha1
    case sha256

    func apply(_ key: [UInt8]) -> [UInt8] {
        switch self {
        case .sha1: Hash.digest(.sha1, key.span).span.array
        case .sha256: Hash.digest(.sha256, key.span).span.array
        }
    }
}

/// Where in a request a scheme finds its signatures.
package enum SignaturePlace: Sendable {
    case header(HeaderName)
    /// `${header.NAME-*}`, for a provider that sends a header a key: `NAME-1` to `NAME-20`.
    case numberedHeaders(String, [HeaderName])
    /// A query parameter, a path parameter or a field of the body.
    case value(Reference)

    /// As many numbers as entries of one value are looked at.
    package static func numbered(_ pattern: HeaderName) -> SignaturePlace {
        let stem = pattern.description.dropLast()
        return .numberedHeaders(pattern.description, (1...SignatureEntries.limit).map { HeaderName("\(stem)\($0)") })
    }

    /// The headers that it stands in; none where it stands elsewhere.
    package var headers: [HeaderName] {
        switch self {
        case .header(let name): [name]
        case .numberedHeaders(_, let names): names
        case .value: []
        }
    }

    /// Whether the signature is read from the body.
    var isInBody: Bool { if case .value(let reference) = self { reference.source.isOfBody } else { false } }

    /// With an article, for messages.
    var noun: String {
        switch self {
        case .header(let name): "the header \(name)"
        case .numberedHeaders(let pattern, _): "the header \(pattern)"
        case .value(let reference): reference.source.noun
        }
    }
}
