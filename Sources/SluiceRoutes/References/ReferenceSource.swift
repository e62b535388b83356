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
    case method
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
}

extension ReferenceSource {
    /// The path into the body, where the reference has one that must be looked for in it.
    var bodyPath: JSONPath? {
        switch self {
        case .body(let path): path
        case .bodyDigest(let path): path.steps.isEmpty ? nil : path
        case .header, .headers, .query, .method, .path, .event, .deliveryID, .receivedAt, .receivedMilliseconds, .remoteAddress, .route:
            nil
        }
    }
}

/// What stands in for a value that is absent or null.
package struct ReferenceFallback: Sendable, Hashable {
    /// As JSON.
    let json: [UInt8]
    /// As it reads inside other text.
    let text: [UInt8]
}

/// A reference as a route uses it.
package struct Reference: Sendable, Hashable {
    let source: ReferenceSource
    /// The position of its body path among the paths of the route, or -1 where it has none.
    var pathID = -1
    let fallback: ReferenceFallback?
}
