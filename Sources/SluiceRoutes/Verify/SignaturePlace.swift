package import SluiceBase

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
