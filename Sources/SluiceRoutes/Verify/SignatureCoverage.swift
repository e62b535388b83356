internal import SluiceYAML

/// Whether a unique key comes from what the signature protects: only then can nobody send a captured request again with a fresh key.
struct SignatureCoverage {
    let preset: ProviderPreset?
    let event: TextTemplate?

    /// Warns of a key with a part from outside of what is signed.
    ///
    /// Not of the header in which the provider itself puts its delivery id: the provider signs nothing better, and a warning that
    /// nobody can do anything about is only noise.
    func warn(of key: UniqueKeyTemplate, at position: YAMLPosition, in context: FileContext) {
        guard let outside = key.references.first(where: isOutside) else { return }
        context.warning(
            position,
            "the signature does not cover \(outside.source.noun), which the unique key reads: who captures a request could send it again "
                + "with another one; take the key from the body if you can")
    }

    private func isOutside(_ reference: Reference) -> Bool {
        switch reference.source {
        case .header(let name): preset?.uniqueKeyHeader != name
        case .headers, .query: true
        case .event: event?.references.contains(where: isOutside) ?? false
        case .body, .bodyDigest, .item, .itemDigest, .index, .parameter, .method, .url, .path, .deliveryID, .receivedAt,
            .receivedMilliseconds, .remoteAddress, .route, .signedTimestamp, .signedID:
            false
        }
    }
}

extension ReferenceSource {
    fileprivate var noun: String {
        switch self {
        case .header(let name): "the header \(name)"
        case .headers: "the headers"
        case .query: "the query"
        case .event: "the event"
        case .body, .bodyDigest, .item, .itemDigest, .index, .parameter, .method, .url, .path, .deliveryID, .receivedAt,
            .receivedMilliseconds, .remoteAddress, .route, .signedTimestamp, .signedID:
            "it"
        }
    }
}
