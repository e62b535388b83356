package import SluiceBase
package import SluiceJSON

/// Everything about a route's signatures but the secrets: what `verify` says, read.
package struct SignatureScheme: Sendable {
    package let algorithm: SignatureAlgorithm
    package let place: SignaturePlace
    private(set) var form: SignatureForm
    package let keyForm: KeyForm
    /// `nil` where requests say no time.
    package let timestamp: SignedTimestamp?
    /// Where what `${id}` stands for is.
    package let id: Reference?
    /// What ids must be.
    let idPattern: IDPattern
    /// The texts of which any may be signed; none where the value is the secret, or a token.
    package let signed: [SignedTemplate]
    /// What must hold besides the signature.
    let requirements: [SignatureRequirement]
    /// With `alg: jwt`.
    package let token: TokenScheme?
    /// Where the keys are fetched from; `nil` where the route has secrets.
    package let keySource: KeySource?
    /// The array in the body whose elements are each signed by themselves, ending in `each`; `nil` without one.
    package let items: JSONPath?
    /// What is looked for in the body before the signature is known to be right.
    let paths: JSONPathSet
    /// The same, in the order of their numbers.
    private let pathList: [JSONPath]
    /// The header of the signature, where it holds one signature over the body as received and nothing else matters.
    let soleHeader: HeaderName?

    /// The parts of a scheme that most have no use for.
    package struct Additions: Sendable {
        package var requirements: [SignatureRequirement] = []
        package var token: TokenScheme?
        package var items: JSONPath?
        package var keySource: KeySource?

        package init() {}
    }

    package init(
        algorithm: SignatureAlgorithm, place: SignaturePlace, form: SignatureForm, keyForm: KeyForm,
        timestamp: SignedTimestamp?, id: Reference?, idPattern: IDPattern, signed: [SignedTemplate],
        paths: [JSONPath], additions: Additions = Additions()
    ) {
        self.algorithm = algorithm
        self.place = place
        self.form = form
        self.keyForm = keyForm
        self.timestamp = timestamp
        self.id = id
        self.idPattern = idPattern
        self.signed = signed
        requirements = additions.requirements
        token = additions.token
        items = additions.items
        keySource = additions.keySource
        self.paths = JSONPathSet(paths)
        pathList = paths
        let isPlain = timestamp == nil && id == nil && requirements.isEmpty && items == nil && form.separator == nil
        if case .header(let name) = place, case .hmac = algorithm.keyKind, isPlain,
            signed.count == 1, signed[0].isBodyAlone
        {
            soleHeader = name
        } else {
            soleHeader = nil
        }
    }

    var hasItems: Bool { items != nil }

    /// Whether secrets are public keys, which need not be kept secret.
    package var usesPublicKey: Bool {
        algorithm.usesPublicKey || token?.algorithms.contains(where: \.usesPublicKey) ?? false
    }

    /// Whether the whole body is signed whichever of the texts is.
    package var holdsBody: Bool {
        if algorithm.carriesSecret { return true }
        return token.map { $0.holdsBody || place.isWholeBody } ?? signed.allSatisfy(\.holdsBody)
    }

    /// The values that every valid request must have, whichever of the texts is signed.
    package var requiredSources: [ReferenceSource] {
        guard let first = signed.first else {
            return (token?.coveredSources ?? []) + (place.isWholeBody ? [.body(.root)] : [])
        }
        return first.requiredSources.filter { source in signed.allSatisfy { $0.requiredSources.contains(source) } }
    }

    /// Headers that `require` compares with something that only the sender should know.
    var secretHeaders: [HeaderName] {
        requirements.compactMap { requirement in
            guard case .header(let name) = requirement.reference.source, requirement.text != nil else { return nil }
            return name
        }
    }

    /// The headers that contain a part of the signature, or that it covers.
    var headersRead: [HeaderName] {
        let templates = requirements.compactMap(\.text) + (token?.claims.flatMap(\.texts) ?? [])
        let single = [timestamp?.reference, id].compactMap { $0 } + requirements.map(\.reference)
        let sources = signed.flatMap(\.sources) + (single + templates.flatMap(\.references)).map(\.source)
        return place.headers + sources.compactMap(\.header)
    }

    /// The same with signatures written in another way.
    func reading(as form: SignatureForm) -> SignatureScheme {
        var scheme = self
        scheme.form = form
        return scheme
    }

    /// The path into the body of one of the scheme's references.
    func path(of reference: Reference) -> [JSONPath.Step] {
        pathList.indices.contains(reference.pathID) ? pathList[reference.pathID].steps : []
    }

    /// Whether a part of the signature is in the body, which is then read before anything is verified.
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
            guard form.separator != nil, !form.skipsFirst else { throw .invalid("the header \(name) is repeated") }
            entries.take(headers.value(at: next))
            index = next
        }
    }

    /// The texts that the signature of a request may be over.
    ///
    /// - Parameter timestamp: as received; `nil` where the scheme has none.
    /// - Throws: why there is none: of the first text, if several have values that are missing.
    func texts(of request: borrowing SignedRequest, timestamp: [UInt8]?) throws(VerificationError) -> [SignedText] {
        var values = SignedValues(timestamp: timestamp, id: try id(in: request))
        var texts: [SignedText] = []
        try add(to: &texts, of: request, &values)
        guard let url = request.publicURL?.withoutSlash(of: request.request),
            signed.contains(where: { $0.sources.contains(where: \.isURL) })
        else { return texts }
        var slashless = copy request
        slashless.publicURL = url
        try add(to: &texts, of: slashless, &values)
        return texts
    }

    /// Adds the texts that are not there yet, such as one without the port of a URL that has none.
    private func add(
        to texts: inout [SignedText], of request: borrowing SignedRequest, _ values: inout SignedValues
    ) throws(VerificationError) {
        var firstError: VerificationError?
        for template in signed {
            do throws(VerificationError) {
                let text = try template.text(of: request, &values)
                if !texts.contains(text) { texts.append(text) }
            } catch {
                firstError = firstError ?? error
            }
        }
        if texts.isEmpty, let firstError { throw firstError }
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

/// Where in a request a scheme finds its signatures.
package enum SignaturePlace: Sendable {
    case header(HeaderName)
    /// `${header.NAME-*}`, for a provider that sends a header a key: `NAME-1` to `NAME-20`.
    case numberedHeaders(String, [HeaderName])
    /// A query parameter, a path parameter or a field of the body.
    case value(Reference)

    /// The maximum number of checked entries of one value.
    package static func numbered(_ pattern: HeaderName) -> SignaturePlace {
        let stem = pattern.description.dropLast()
        return .numberedHeaders(pattern.description, (1...SignatureEntries.limit).map { HeaderName("\(stem)\($0)") })
    }

    /// The headers that contain it; empty if it is elsewhere.
    package var headers: [HeaderName] {
        switch self {
        case .header(let name): [name]
        case .numberedHeaders(_, let names): names
        case .value: []
        }
    }

    /// Whether the body is the token.
    var isWholeBody: Bool { if case .value(let reference) = self { reference.isWholeBody } else { false } }

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
