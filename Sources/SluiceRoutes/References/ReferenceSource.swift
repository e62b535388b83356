package import SluiceBase
package import SluiceJSON

/// What a reference names.
package enum ReferenceSource: Sendable, Hashable {
    /// A value of the body, or with the root path all of it.
    case body(JSONPath)
    /// One request header.
    case header(HeaderName)
    /// All request headers as an object, without credentials.
    case headers
    /// A parameter of the query.
    case query(String)
    /// A parameter of the path: what stands at this segment of it, counted from 0, decoded.
    case parameter(String, segment: Int)
    case method
    /// The URL as the provider knows it, from `public_url`.
    case url
    /// The path as the route matched it.
    case path
    /// What the route or its provider calls the event.
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
    /// The position of the element, counted from 0.
    case index
    /// In `verify` alone: what `timestamp_from` and `id_from` name.
    case signedTimestamp
    case signedID
    /// In a preset alone: what the route's `account` holds under this name. Replaced before anything is compiled.
    case account(String)
    /// In the reply of a handshake alone: the authentication code that the rule makes.
    case handshakeHMAC
}

extension ReferenceSource {
    /// The path into the body, where the reference has one that must be looked for in it.
    ///
    /// - Parameter items: the path of the elements, with `each`.
    package func bodyPath(items: JSONPath?) -> JSONPath? {
        switch self {
        case .body(let path): path
        case .bodyDigest(let path): path.steps.isEmpty ? nil : path
        case .item(let path), .itemDigest(let path): JSONPath((items?.steps ?? []) + path.steps)
        case .header, .headers, .query, .parameter, .method, .url, .path, .event, .deliveryID, .receivedAt,
            .receivedMilliseconds,
            .remoteAddress, .route, .index, .signedTimestamp, .signedID, .account, .handshakeHMAC:
            nil
        }
    }

    /// Whether it is a value of the body, which has a JSON type.
    package var isOfBody: Bool {
        switch self {
        case .body, .item: true
        case .bodyDigest, .itemDigest, .header, .headers, .query, .parameter, .method, .url, .path, .event, .deliveryID,
            .receivedAt,
            .receivedMilliseconds, .remoteAddress, .route, .index, .signedTimestamp, .signedID, .account,
            .handshakeHMAC:
            false
        }
    }

    /// Whether it is of one element, and means nothing without `each`.
    package var isOfItem: Bool {
        switch self {
        case .item, .itemDigest, .index: true
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
        case .body, .bodyDigest, .header, .query, .parameter, .method, .url, .path, .signedTimestamp, .signedID,
            .account:
            true
        case .headers, .event, .deliveryID, .receivedAt, .receivedMilliseconds, .remoteAddress, .route, .item,
            .itemDigest, .index, .handshakeHMAC:
            false
        }
    }
}

/// What stands in for a value that is absent or null.
package struct ReferenceFallback: Sendable, Hashable {
    /// As JSON.
    package let json: [UInt8]
    /// As it reads inside other text.
    let text: [UInt8]

    package init(json: [UInt8], text: [UInt8]) {
        self.json = json
        self.text = text
    }
}

/// A reference as a route uses it.
package struct Reference: Sendable, Hashable {
    package var source: ReferenceSource
    /// The position of its body path among the paths of the route, or -1 where it has none.
    package var pathID = -1
    package let fallback: ReferenceFallback?

    package init(source: ReferenceSource, pathID: Int = -1, fallback: ReferenceFallback?) {
        self.source = source
        self.pathID = pathID
        self.fallback = fallback
    }
}
