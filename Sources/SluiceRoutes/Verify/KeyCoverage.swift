internal import SluiceBase
internal import SluiceJSON
internal import SluiceYAML

/// Whether a unique key comes from what the signature protects: only then can nobody send a captured request again with a fresh key.
struct KeyCoverage {
    let signature: SignatureCoverage
    let preset: ProviderPreset?
    /// What names the event, the elements and the path parameters.
    let scope: RouteScope

    /// Warns of a key with a part from outside of what is signed.
    ///
    /// Not of the header in which the provider itself puts its delivery id: the provider signs nothing better, and a warning that
    /// nobody can do anything about is only noise.
    func warn(of key: UniqueKeyTemplate, at position: YAMLPosition) {
        guard let outside = key.references.first(where: isOutside) else { return }
        scope.context.warning(
            position,
            "the signature does not cover \(outside.source.noun), which the unique key reads: who captures a request could send it again "
                + "with another one; take the key from \(signature.holdsBody ? "the body" : "what 'signed' holds") if you can")
    }

    private func isOutside(_ reference: Reference) -> Bool {
        switch reference.source {
        case .header(let name): preset?.uniqueKeyHeader != name && !signature.covers(reference.source)
        case .headers, .query, .parameter, .url, .body, .bodyDigest: !signature.covers(reference.source)
        // Without parameters the route has one path.
        case .path: !scope.parameters.isEmpty && !signature.covers(.path)
        case .item, .itemDigest: !signature.covers(.body(reference.source.bodyPath(items: scope.items) ?? .root))
        case .index: !signature.covers(.body(scope.items ?? .root))
        case .event: scope.event?.references.contains(where: isOutside) ?? false
        case .method, .deliveryID, .receivedAt, .receivedMilliseconds, .remoteAddress, .route, .signedTimestamp, .signedID: false
        }
    }
}
