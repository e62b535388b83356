package import SluiceBase
package import SluiceJSON

/// The value that a reference names.
package enum ReferenceSource: Sendable, Hashable {
    /// A value of the body, or with the root path the whole body.
    case body(JSONPath)
    /// One request header.
    case header(HeaderName)
    /// All request headers as an object, without credentials.
    case headers
    /// A parameter of the query.
    case query(String)
    /// A parameter of the path: the decoded segment at this index, from 0.
    case parameter(String, segment: Int)
    case method
    /// The URL that the provider uses, from `public_url`.
    case url
    /// The path that the route matched.
    case path
    /// The event, as defined by the route or its provider.
    case event
    case deliveryID
    /// RFC 3339, in UTC with milliseconds.
    case receivedAt
    case receivedMilliseconds
    case remoteAddress
    /// The route's name.
    case route
    /// SHA-256 of the body, after gzip, or of the exact bytes of a value in it, in hex.
    case bodyDigest(JSONPath)
    /// The current element, with `each`, or a value in it.
    case item(JSONPath)
    /// SHA-256 of the exact bytes of the element, or of a value in it, in hex.
    case itemDigest(JSONPath)
    /// The position of the element, from 0.
    case index
    /// Only in `verify`: the values of `timestamp_from` and `id_from`.
    case signedTimestamp
    case signedID
    /// Only in a preset: the value of the route's `account` with this name. Replaced before compilation.
    case account(String)
    /// Only in the reply of a handshake: the authentication code of the rule.
    case handshakeHMAC
    /// Only in `verify`.
    case verifyOnly(VerifyReference)
}

/// Values that senders derive from a request or a secret before they sign.
package indirect enum VerifyReference: Sendable, Hashable {
    /// The secret, if it is part of the text whose plain digest is the signature.
    case key
    /// The id of the key that a token names.
    case keyID
    /// The body in base64.
    case bodyBase64
    /// The CRC-32 of the body as an unsigned decimal number.
    case bodyCRC32
    /// The MD5 of the body in base64.
    case bodyMD5
    /// Another value in lower case.
    case lower(ReferenceSource)
    /// Another value with a backslash before each backslash and colon.
    case escaped(ReferenceSource)
    /// The names and values of a form, or of the query, decoded and sorted.
    case sortedForm
    case sortedQuery
    /// The fields of a form but this one, sorted and joined.
    case formWithout(String)
    /// The headers that this header lists.
    case listedHeaders(HeaderName)
    /// Path and query as received.
    case target
    /// Variants of the URL.
    case urlWithPort
    case urlWithoutPort
    case urlWithoutQuery

    /// The same reference for another value, if it is derived from one.
    package func replacing(inner: ReferenceSource) -> VerifyReference {
        switch self {
        case .lower: .lower(inner)
        case .escaped: .escaped(inner)
        case .key, .keyID, .bodyBase64, .bodyCRC32, .bodyMD5, .sortedForm, .sortedQuery, .formWithout,
            .listedHeaders, .target, .urlWithPort, .urlWithoutPort, .urlWithoutQuery:
            self
        }
    }

    /// The value that it is derived from, if any.
    package var inner: ReferenceSource? {
        switch self {
        case .lower(let source), .escaped(let source): source
        case .key, .keyID, .bodyBase64, .bodyCRC32, .bodyMD5, .sortedForm, .sortedQuery, .formWithout,
            .listedHeaders, .target, .urlWithPort, .urlWithoutPort, .urlWithoutQuery:
            nil
        }
    }
}

extension ReferenceSource {
    /// The path into the body, if the reference has one that must be found.
    ///
    /// - Parameter items: the path of the elements, with `each`.
    package func bodyPath(items: JSONPath?) -> JSONPath? {
        switch self {
        case .body(let path): path
        case .bodyDigest(let path): path.steps.isEmpty ? nil : path
        case .item(let path), .itemDigest(let path): JSONPath((items?.steps ?? []) + path.steps)
        case .verifyOnly(let source): source.inner?.bodyPath(items: items)
        case .header, .headers, .query, .parameter, .method, .url, .path, .event, .deliveryID, .receivedAt,
            .receivedMilliseconds,
            .remoteAddress, .route, .index, .signedTimestamp, .signedID, .account, .handshakeHMAC:
            nil
        }
    }

    /// The header that it names, or that its value is derived from; `nil` for anything else.
    var header: HeaderName? {
        switch self {
        case .header(let name), .verifyOnly(.listedHeaders(let name)): name
        case .verifyOnly(let source): source.inner?.header
        case .body, .item, .bodyDigest, .itemDigest, .headers, .query, .parameter, .method, .url, .path, .event,
            .deliveryID, .receivedAt, .receivedMilliseconds, .remoteAddress, .route, .index, .signedTimestamp,
            .signedID, .account, .handshakeHMAC:
            nil
        }
    }

    /// Whether it is a value of the body, which has a JSON type.
    package var isOfBody: Bool {
        switch self {
        case .body, .item: true
        case .verifyOnly(let source): source.inner?.isOfBody ?? false
        case .bodyDigest, .itemDigest, .header, .headers, .query, .parameter, .method, .url, .path, .event, .deliveryID,
            .receivedAt,
            .receivedMilliseconds, .remoteAddress, .route, .index, .signedTimestamp, .signedID, .account,
            .handshakeHMAC:
            false
        }
    }

    /// Whether it is a value of one element, and so needs `each`.
    package var isOfItem: Bool {
        switch self {
        case .item, .itemDigest, .index: true
        case .verifyOnly(let source): source.inner?.isOfItem ?? false
        case .body, .bodyDigest, .header, .headers, .query, .parameter, .method, .url, .path, .event, .deliveryID,
            .receivedAt,
            .receivedMilliseconds, .remoteAddress, .route, .signedTimestamp, .signedID, .account, .handshakeHMAC:
            false
        }
    }
}

extension ReferenceSource {
    /// Whether it is a part of a request that its sender can have signed.
    package var mayBeSigned: Bool {
        switch self {
        case .body, .bodyDigest, .header, .query, .parameter, .method, .url, .path, .item, .signedTimestamp, .signedID:
            true
        case .account: true
        case .verifyOnly(let source): source.inner?.mayBeSigned ?? true
        case .headers, .event, .deliveryID, .receivedAt, .receivedMilliseconds, .remoteAddress, .route, .itemDigest,
            .index, .handshakeHMAC:
            false
        }
    }

    /// Whether it is the whole body in any form.
    var isOfWholeBody: Bool {
        switch self {
        case .body(.root), .bodyDigest(.root), .verifyOnly(.bodyBase64), .verifyOnly(.bodyMD5),
            .verifyOnly(.bodyCRC32), .verifyOnly(.sortedForm), .verifyOnly(.formWithout):
            true
        default: false
        }
    }

    /// Whether it is the URL, or a variant of it.
    package var isURL: Bool {
        switch self {
        case .url, .verifyOnly(.urlWithPort), .verifyOnly(.urlWithoutPort), .verifyOnly(.urlWithoutQuery): true
        default: false
        }
    }

    /// Whether it is names and values without separators.
    package var isSortedPairs: Bool { self == .verifyOnly(.sortedForm) || self == .verifyOnly(.sortedQuery) }
}

/// The default for a value that is absent or null.
package struct ReferenceFallback: Sendable, Hashable {
    /// As JSON.
    package let json: [UInt8]
    /// As it is written inside other text.
    let text: [UInt8]

    package init(json: [UInt8], text: [UInt8]) {
        self.json = json
        self.text = text
    }
}

/// A reference as a route uses it.
package struct Reference: Sendable, Hashable {
    package var source: ReferenceSource
    /// The index of its body path among the paths of the route, or -1 for none.
    package var pathID = -1
    package let fallback: ReferenceFallback?

    package init(source: ReferenceSource, pathID: Int = -1, fallback: ReferenceFallback?) {
        self.source = source
        self.pathID = pathID
        self.fallback = fallback
    }
}
