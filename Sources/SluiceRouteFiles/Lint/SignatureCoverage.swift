internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes

/// What of a request a signature protects: who has captured one can change everything else and send it again.
struct SignatureCoverage {
    private let signed: [ReferenceSource]
    /// Whether the URL that is signed has the path of the request in it.
    private let urlHoldsPath: Bool
    /// Whether `signed` holds `${timestamp}`.
    let holdsTimestamp: Bool
    let holdsBody: Bool

    init(scheme: SignatureScheme, publicURL: PublicURL?) {
        var signed = scheme.signed.requiredSources
        holdsTimestamp = signed.contains(.signedTimestamp)
        holdsBody = scheme.signed.holdsBody
        // One entry of a header is not the header.
        if holdsTimestamp, let timestamp = scheme.timestamp, timestamp.prefix == nil {
            signed.append(timestamp.reference.source)
        }
        if signed.contains(.signedID), let id = scheme.id { signed.append(id.source) }
        self.signed = signed
        urlHoldsPath = publicURL?.takesPathOfRequest ?? false
    }

    /// Whether nobody can change a value of the request without breaking the signature.
    func covers(_ source: ReferenceSource) -> Bool {
        switch source {
        case .body(let path): coversBody(path, isDigest: false)
        case .bodyDigest(let path): coversBody(path, isDigest: true)
        case .query: signed.contains(source) || signed.contains(.url)
        case .parameter, .path:
            signed.contains(source) || signed.contains(.path) || signed.contains(.url) && urlHoldsPath
        case .header, .headers, .method, .url, .event, .deliveryID, .receivedAt, .receivedMilliseconds, .remoteAddress,
            .route, .item,
            .itemDigest, .index, .signedTimestamp, .signedID, .account, .handshakeHMAC:
            signed.contains(source)
        }
    }

    /// A field is signed as text, so only its text is covered: not whether it is a string, a number or an object, nor
    /// how a string is escaped.
    private func coversBody(_ path: JSONPath, isDigest: Bool) -> Bool {
        signed.contains { source in
            switch source {
            case .body(let signedPath) where !signedPath.steps.isEmpty: path == signedPath && !isDigest
            case .body(let signedPath), .bodyDigest(let signedPath): path.steps.starts(with: signedPath.steps)
            default: false
            }
        }
    }
}
