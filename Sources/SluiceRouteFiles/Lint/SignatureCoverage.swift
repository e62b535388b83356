internal import SluiceBase
internal import SluiceJSON
internal import SluiceRoutes

/// The values of a request that a signature covers: an attacker with a captured request can change everything else and
/// send it again. With several alternatives or signed texts, the values that each of them covers.
struct SignatureCoverage {
    private let alternatives: [TextCoverage]

    /// - Parameter schemes: empty for a route that verifies nothing, so that nothing needs to be covered.
    init(schemes: [SignatureScheme], publicURL: PublicURL?) {
        alternatives = schemes.flatMap { scheme in
            scheme.requiredSources.map { TextCoverage(of: $0, scheme: scheme, publicURL: publicURL) }
        }
    }

    /// Whether `signed` contains `${timestamp}`.
    var holdsTimestamp: Bool { alternatives.allSatisfy(\.holdsTimestamp) }
    var holdsBody: Bool { alternatives.allSatisfy(\.holdsBody) }

    /// Whether a value of the request cannot be changed without breaking the signature.
    func covers(_ source: ReferenceSource) -> Bool { alternatives.allSatisfy { $0.covers(source) } }

    /// The same for a request whose secret is known to its sender only: nothing if requests contain the secret.
    func signs(_ source: ReferenceSource) -> Bool {
        alternatives.allSatisfy { !$0.carriesSecret && $0.covers(source) }
    }
}

/// The coverage of a single signed text of one of the alternatives in `verify`.
private struct TextCoverage {
    private var signed: [ReferenceSource]
    /// The values that no valid request has.
    private let excluded: [ReferenceSource]
    /// Whether the signed URL contains the path of the request.
    private let urlHoldsPath: Bool
    let holdsTimestamp: Bool
    private(set) var holdsBody: Bool
    /// Whether requests contain the secret: an attacker with a captured one can then send anything, signed or not.
    let carriesSecret: Bool

    /// - Parameter sources: the values that every request with this text has.
    init(of sources: [ReferenceSource], scheme: SignatureScheme, publicURL: PublicURL?) {
        var signed = sources.map { Self.signed($0, items: scheme.items) }
        holdsTimestamp = signed.contains(.signedTimestamp)
        holdsBody = scheme.holdsBody
        // One entry of a header is not the whole header.
        if holdsTimestamp, let timestamp = scheme.timestamp, timestamp.prefix == nil, !timestamp.isFirstEntry {
            signed.append(timestamp.reference.source)
        }
        if signed.contains(.signedID), let id = scheme.id { signed.append(id.source) }
        self.signed = signed
        excluded = scheme.excludedSources
        urlHoldsPath = publicURL?.takesPathOfRequest ?? false
        carriesSecret = scheme.algorithm.carriesSecret
        if let source = scheme.digestSource, covers(source) {
            self.signed.append(.bodyDigest(.root))
            holdsBody = true
        }
    }

    /// The value that a signed value covers: an escaped value covers itself, and elements belong to the body.
    private static func signed(_ source: ReferenceSource, items: JSONPath?) -> ReferenceSource {
        var source = source
        if case .verifyOnly(.escaped(let inner)) = source { source = inner }
        guard case .item = source, let path = source.bodyPath(items: items) else { return source }
        return .body(path)
    }

    func covers(_ source: ReferenceSource) -> Bool {
        if carriesSecret || excluded.contains(source) { return true }
        return switch source {
        case .body(let path): coversBody(path, isDigest: false)
        case .bodyDigest(let path): coversBody(path, isDigest: true)
        case .query:
            signed.contains(source) || signed.contains(.url) || signed.contains(.derived(.target))
                || signed.contains(.urlWithPort) || signed.contains(.urlWithoutPort)
        case .parameter, .request(.path):
            signed.contains(source) || signed.contains(.path) || signed.contains(.derived(.target))
                || urlHoldsPath && signed.contains(where: \.isURL)
        case .header, .headers, .request, .event, .item, .itemDigest, .index, .signedTimestamp, .signedID, .verifyOnly,
            .account, .handshakeHMAC:
            signed.contains(source)
        }
    }

    /// A field is signed as text, so only its text is covered: not whether it is a string, a number or an object, or
    /// how a string is escaped.
    private func coversBody(_ path: JSONPath, isDigest: Bool) -> Bool {
        signed.contains { source in
            switch source {
            case .body(let signedPath) where !signedPath.steps.isEmpty: path == signedPath && !isDigest
            case .body(let signedPath), .bodyDigest(let signedPath): path.steps.starts(with: signedPath.steps)
            case .derived(.bodyBase64): true
            // The order of the fields and their percent-encoding are not signed.
            case .sortedForm: !isDigest
            case .verifyOnly(.formWithout(let name)): !isDigest && !path.steps.isEmpty && path.steps[0] != .key(name)
            default: false
            }
        }
    }
}
