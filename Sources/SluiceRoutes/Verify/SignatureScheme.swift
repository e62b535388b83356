package import SluiceBase
internal import SluiceCrypto
package import SluiceJSON

/// A route's signature scheme without the secrets: `verify` as read from the route file.
package struct SignatureScheme: Sendable {
    package let algorithm: SignatureAlgorithm
    package let location: SignatureLocation
    private(set) var format: SignatureFormat
    package let secretFormat: SecretFormat
    /// `nil` if requests contain no time.
    package let timestamp: SignedTimestamp?
    /// The value of `${id}`.
    package let id: Reference?
    /// The pattern of ids.
    let idPattern: IDPattern
    /// The alternatives for the signed text; none if the value is the secret, or a token.
    package private(set) var signed: [SignedTemplate]
    /// Conditions in addition to the signature.
    let requirements: [SignatureRequirement]
    /// Only with `alg: jwt`.
    package let token: TokenScheme?
    /// The source of the keys; `nil` if the route has secrets.
    package let keySource: KeySource?
    /// The array in the body whose elements are signed individually, ending in `each`; `nil` without one.
    package let items: JSONPath?
    /// The paths that are searched in the body before the signature is verified.
    let paths: JSONPathSet
    /// The same paths, in the order of their numbers.
    private let pathList: [JSONPath]
    /// The header of the signature, if it contains one signature over the body as received and nothing else is checked.
    private(set) var soleHeader: HeaderName?
    /// Whether the body is read as a form to get the signed text.
    let readsForm: Bool

    /// The parts that most schemes do not use.
    package struct Additions: Sendable {
        package var requirements: [SignatureRequirement] = []
        package var token: TokenScheme?
        package var items: JSONPath?
        package var keySource: KeySource?

        package init() {}
    }

    package init(
        algorithm: SignatureAlgorithm, location: SignatureLocation, format: SignatureFormat, secretFormat: SecretFormat,
        timestamp: SignedTimestamp?, id: Reference?, idPattern: IDPattern, signed: [SignedTemplate],
        paths: [JSONPath], additions: Additions = Additions()
    ) {
        self.algorithm = algorithm
        self.location = location
        self.format = format
        self.secretFormat = secretFormat
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
        readsForm = signed.contains { $0.sources.contains(where: \.isOfForm) }
        let isPlain = timestamp == nil && id == nil && requirements.isEmpty && items == nil && format.separator == nil
        if case .header(let name) = location, case .hmac = algorithm.keyKind, isPlain,
            signed.count == 1, signed[0].isBodyAlone
        {
            soleHeader = name
        } else {
            soleHeader = nil
        }
        if usesPublicKey { self.format.maximumEntries = SignatureEntries.publicKeyLimit }
    }

    /// Whether a text contains the names and values of a form or a query without separators.
    package var joinsPairs: Bool { signed.contains(where: \.joinsPairs) }

    /// Whether a text contains the body only as its CRC-32, which other bodies can be made to have.
    package var holdsOnlyChecksum: Bool {
        signed.contains { $0.sources.filter(\.isOfWholeBody) == [.derived(.bodyCRC32)] }
    }

    var hasItems: Bool { items != nil }

    /// Whether the keys are public keys, which need not be kept secret.
    package var usesPublicKey: Bool {
        algorithm.usesPublicKey || token?.algorithms.contains(where: \.usesPublicKey) ?? false
    }

    /// Whether the whole body is signed in each alternative.
    package var holdsBody: Bool {
        if algorithm.carriesSecret { return true }
        return token.map { $0.holdsBody || location.isWholeBody } ?? signed.allSatisfy(\.holdsBody)
    }

    /// The values that every valid request must have, for each of the texts that can be signed.
    package var requiredSources: [[ReferenceSource]] {
        guard signed.isEmpty else { return signed.map(\.requiredSources) }
        return [(token?.coveredSources ?? []) + (location.isWholeBody ? [.body(.root)] : [])]
    }

    /// The value that `require` compares with the digest of the body: if it is signed, so is the body.
    package var digestSource: ReferenceSource? {
        requirements.first { $0.text?.soleReference?.source == .bodyDigest(.root) }?.reference.source
    }

    /// The values that `require` excludes: no valid request has one of them.
    package var excludedSources: [ReferenceSource] {
        requirements.filter { $0.text == nil }.map(\.reference.source)
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
        return location.headers + sources.compactMap(\.header)
    }

    /// The same scheme with another notation of signatures.
    func reading(as format: SignatureFormat) -> SignatureScheme {
        var scheme = self
        scheme.format = format
        return scheme
    }

    /// The path into the body of one of the scheme's references.
    func path(of reference: Reference) -> [JSONPath.Step] {
        pathList.indices.contains(reference.pathID) ? pathList[reference.pathID].steps : []
    }

    /// Whether a part of the signature is in the body, which is then read before anything is verified.
    package var readsBody: Bool { paths.count > 0 }
}

extension SignatureScheme {
    /// What is known about the texts of several schemes.
    package struct Distinction {
        /// The schemes, as positions, whose bodies must begin or end like JSON so that no text is that of another
        /// request.
        package fileprivate(set) var limited: Set<Int> = []
        /// Pairs with texts that can be equal for different requests. A scheme with itself if `signed` is a list.
        package fileprivate(set) var ambiguous: [(first: Int, second: Int)] = []
        /// Pairs of which each text contains only the same value, with other literals around it.
        package fileprivate(set) var differentLiterals: [(first: Int, second: Int)] = []
    }

    /// Adds conditions on bodies, so that no request has a signed text that is also one of another request by the same
    /// or another of the schemes, which are all alternatives of the route.
    package static func distinguish(_ schemes: inout [SignatureScheme]) -> Distinction {
        var distinction = Distinction()
        let texts = schemes.indices.flatMap { index in schemes[index].signed.indices.map { (scheme: index, text: $0) } }
        for (position, one) in texts.enumerated() {
            for other in texts[(position + 1)...] {
                let (scheme, second) = (schemes[one.scheme], schemes[other.scheme])
                guard scheme.algorithm == second.algorithm else { continue }
                if scheme.signed[one.text].joinsPairs || second.signed[other.text].joinsPairs {
                    // Texts with pairs are ambiguous by themselves, and their bodies are forms.
                    for text in [one, other] where !schemes[text.scheme].signed[text.text].joinsPairs {
                        limit(text, of: &schemes, &distinction)
                    }
                    continue
                }
                let comparison = SignedTextComparison(
                    first: (scheme.signed[one.text], scheme), second: (second.signed[other.text], second))
                switch comparison.outcome {
                case .distinct: break
                case .ambiguous: distinction.ambiguous.append((one.scheme, other.scheme))
                case .distinctButForLiterals: distinction.differentLiterals.append((one.scheme, other.scheme))
                case .distinctWith(let condition, let isFirst):
                    limit(isFirst ? one : other, by: condition, of: &schemes, &distinction)
                }
            }
        }
        for (token, scheme) in schemes.enumerated() {
            // The signature of a token is one over `HEADER.PAYLOAD` (RFC 7515 §5.1).
            for text in texts where scheme.token?.hasKeys(of: schemes[text.scheme].algorithm) == true {
                let signed = schemes[text.scheme].signed[text.text]
                if signed.sources.contains(.body(.root)) {
                    limit(text, of: &schemes, &distinction)
                } else if signed.mayBeToken(with: ".") {
                    distinction.ambiguous.append((min(token, text.scheme), max(token, text.scheme)))
                }
            }
        }
        return distinction
    }

    private static func limit(
        _ text: (scheme: Int, text: Int),
        by condition: SignedBoundary = .json(begins: true, ends: false, mayBeEmpty: false),
        of schemes: inout [SignatureScheme], _ distinction: inout Distinction
    ) {
        schemes[text.scheme].limitBody(of: text.text, by: condition)
        distinction.limited.insert(text.scheme)
    }

    private mutating func limitBody(of text: Int, by condition: SignedBoundary) {
        signed[text].bodyBoundaries.append(condition)
        soleHeader = nil
    }

    /// Returns all signatures in a request.
    func entries(in request: borrowing SignedRequest) throws(VerificationError) -> SignatureEntries {
        var entries = SignatureEntries(format)
        switch location {
        case .header(let name): try take(name, request, into: &entries)
        case .numberedHeaders(_, let names):
            for name in names { try take(name, request, into: &entries) }
        case .value(let reference):
            if let value = try request.value(reference) { entries.take(value.span) }
        }
        return entries
    }

    /// Adds the values of a header. Several lines are several values if the scheme allows it; otherwise the request is
    /// refused.
    private func take(_ name: HeaderName, _ request: borrowing SignedRequest, into entries: inout SignatureEntries)
        throws(VerificationError)
    {
        let headers = request.request.headers
        guard var index = headers.firstIndex(of: name) else { return }
        entries.take(headers.value(at: index))
        while let next = headers.firstIndex(of: name, from: index + 1) {
            guard format.separator != nil, !format.skipsFirst else { throw .invalid("the header \(name) is repeated") }
            entries.take(headers.value(at: next))
            index = next
        }
    }

    /// The maximum number of signatures that are compared, without decoding or searching for any.
    func maximumEntries(in request: borrowing RequestView) -> Int {
        // An element with the signature of a public key has more bytes.
        if hasItems { return 1 + request.body.count / 64 }
        let names = location.headers
        if names.isEmpty { return format.separator == nil ? 1 : format.maximumEntries }
        var count = 0
        for name in names where count < format.maximumEntries {
            var next = request.headers.firstIndex(of: name)
            while let index = next, count < format.maximumEntries {
                count += format.entryCount(in: request.headers.value(at: index))
                next = request.headers.firstIndex(of: name, from: index + 1)
            }
        }
        return min(count, format.maximumEntries)
    }

    /// The maximum number of possible signed texts of a request.
    func maximumTexts(of url: PublicURL?) -> Int {
        let hasVariants = url != nil && signed.contains { $0.sources.contains(where: \.isURL) }
        return max(signed.count, 1) * (hasVariants ? 2 : 1)
    }

    /// Returns the possible signed texts of a request.
    ///
    /// - Parameter timestamp: as received; `nil` if the scheme has none.
    /// - Throws: the reason if there is none: that of the first text, if several lack values.
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
                if algorithm == .sha256, text.mayBeExtended(body: request.request.body) {
                    throw .invalid(
                        "the signed text contains a zero byte, and anyone could have extended it after its end")
                }
                if !texts.contains(text) { texts.append(text) }
            } catch {
                firstError = firstError ?? error
            }
        }
        if texts.isEmpty, let firstError { throw firstError }
    }

    /// The value of `${id}`; `nil` if the scheme has no id.
    func id(in request: borrowing SignedRequest) throws(VerificationError) -> [UInt8]? {
        guard let id else { return nil }
        let text = try request.requiredValue(id, "id")
        guard idPattern.matches(text) else {
            throw .invalid("\(id.source.noun), which contains the id, does not match 'id_pattern'")
        }
        return text
    }
}

/// Where a request contains the signatures of a scheme.
package enum SignatureLocation: Sendable {
    case header(HeaderName)
    /// `${header.NAME-*}`, for a provider that sends one header for each key: `NAME-1` to `NAME-20`.
    case numberedHeaders(String, [HeaderName])
    /// A query parameter, a path parameter or a field of the body.
    case value(Reference)

    /// The location for `${header.NAME-*}`: the headers `NAME-1` to `NAME-` followed by the limit of checked entries.
    ///
    /// - Parameter pattern: `NAME-*`.
    package static func numbered(_ pattern: HeaderName) -> SignatureLocation {
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

    /// The maximum length of a value in a request.
    func maximumLength(in request: borrowing RequestView) -> Int {
        if isInBody { return request.body.count }
        var length = headers.isEmpty ? request.target.count : 0
        for name in headers {
            guard let index = request.headers.firstIndex(of: name) else { continue }
            length += request.headers.value(at: index).count
        }
        return length
    }

    /// With an article, for messages.
    var noun: String {
        switch self {
        case .header(let name): "the header \(name)"
        case .numberedHeaders(let pattern, _): "the header \(pattern)"
        case .value(let reference): reference.source.noun
        }
    }
}

/// A condition on a value of a request in addition to the signature, from `require`.
package struct SignatureRequirement: Sendable {
    let reference: Reference
    /// The required value; `nil` if there must be none.
    let text: TextTemplate?

    package init(reference: Reference, text: TextTemplate?) {
        self.reference = reference
        self.text = text
    }

    /// Returns if the request fulfils it.
    func check(_ request: borrowing SignedRequest) throws(VerificationError) {
        let value = try request.value(reference)
        guard let text else {
            if value == nil { return }
            throw .unmet("\(reference.source.noun) is present, which 'require' excludes")
        }
        guard let value else {
            var error = VerificationError.missing("\(reference.source.noun), which 'require' lists, is missing")
            error.isByRequirement = true
            throw error
        }
        let wanted = try request.text(text)
        guard constantTimeEquals(value.span, wanted.span) else {
            throw .unmet("\(reference.source.noun) does not match 'require'")
        }
    }
}

extension SignedRequest {
    /// A text with its references filled in.
    func text(_ template: TextTemplate) throws(VerificationError) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in template.parts {
            switch part {
            case .literal(let literal): bytes += literal
            case .reference(let reference):
                guard let value = try value(reference) ?? reference.fallback?.text else {
                    throw .missing("\(reference.source.noun) is missing")
                }
                bytes += value
            }
        }
        return bytes
    }
}
