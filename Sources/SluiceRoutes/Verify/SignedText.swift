internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// What `signed` says: the text over which a signature is made, with references in it.
package struct SignedTemplate: Sendable {
    /// One part of the text, and what its value must fulfil.
    private struct Piece {
        let part: TextTemplate.Part
        let boundary: SignedBoundary
    }

    /// What stands before the first `${body}`, between two of them, and behind the last.
    private let segments: [[Piece]]
    /// What the body itself must fulfil.
    private let bodyBoundaries: [SignedBoundary]
    /// The text, where the body is all that differs between requests.
    private let constant: SignedText?
    package let sources: [ReferenceSource]
    /// The values that every request must have: a default stands for absence, so its signature also fits a request that
    /// has the default.
    package let requiredSources: [ReferenceSource]

    /// - Parameter extent: what is known of the values that the text may hold.
    /// - Throws: where two of them could be cut elsewhere under the same signature.
    package init(_ template: TextTemplate, extent: (ReferenceSource) -> SignedExtent) throws(AmbiguousJoinError) {
        let boundaries = try SignedBoundary.all(of: template.parts, extent: extent)
        var segments: [[Piece]] = [[]]
        var bodyBoundaries: [SignedBoundary] = []
        for (part, boundary) in zip(template.parts, boundaries) {
            if case .reference(let reference) = part, reference.isWholeBody {
                segments.append([])
                if boundary != .none { bodyBoundaries.append(boundary) }
            } else {
                segments[segments.count - 1].append(Piece(part: part, boundary: boundary))
            }
        }
        self.segments = segments
        self.bodyBoundaries = bodyBoundaries
        sources = template.references.map(\.source)
        requiredSources = template.references.filter { $0.fallback == nil }.map(\.source)
        let literals = segments.map { TextTemplate(parts: $0.map(\.part)).constant.map { Array($0.utf8) } }
        constant = literals.contains(nil) ? nil : SignedText(segments: literals.compactMap(\.self))
    }

    /// Whether it is `${body}`.
    var isBodyAlone: Bool { constant?.segments == [[], []] }

    /// Whether the whole body is signed, as it is or by its digest.
    package var holdsBody: Bool { sources.contains(.body(.root)) || sources.contains(.bodyDigest(.root)) }

    /// The text of one request.
    ///
    /// - Throws: where a part is absent and has no default, stands twice, or could belong to the part next to it.
    func text(of request: borrowing SignedRequest, timestamp: [UInt8]?, id: [UInt8]?) throws(VerificationError)
        -> SignedText
    {
        if let constant { return constant }
        for boundary in bodyBoundaries {
            if let complaint = boundary.complaint(aboutBody: request.request.body) {
                throw .invalid("the body \(complaint)")
            }
        }
        var text = SignedText(segments: [])
        for segment in segments {
            var bytes: [UInt8] = []
            for piece in segment {
                switch piece.part {
                case .literal(let literal): bytes += literal
                case .reference(let reference):
                    let value = try value(of: reference, in: request, timestamp: timestamp, id: id)
                    try check(value, of: reference.source, boundary: piece.boundary, publicURL: request.publicURL)
                    bytes += value
                }
            }
            text.segments.append(bytes)
        }
        return text
    }

    private func value(
        of reference: Reference, in request: borrowing SignedRequest, timestamp: [UInt8]?, id: [UInt8]?
    ) throws(VerificationError) -> [UInt8] {
        let value: [UInt8]? =
            switch reference.source {
            case .signedTimestamp: timestamp
            case .signedID: id
            default: try request.value(reference)
            }
        guard let value = value ?? reference.fallback?.text else {
            throw .missing("\(reference.source.noun), which is signed, is missing")
        }
        return value
    }

    private func check(
        _ value: [UInt8], of source: ReferenceSource, boundary: SignedBoundary, publicURL: PublicURL?
    ) throws(VerificationError) {
        if boundary == .none { return }
        let constantLength = source == .url ? publicURL?.constantLength ?? 0 : 0
        guard let complaint = boundary.complaint(about: value.dropFirst(constantLength)) else { return }
        throw .invalid("\(source.noun) \(complaint)")
    }
}

/// The text that a request is signed over, with the body left out: it is read where it lies.
struct SignedText {
    /// Between each two of them stands the body.
    var segments: [[UInt8]]

    /// The authentication code of the whole text.
    func authenticate(_ key: HMACKey, body: Span<UInt8>) -> Digest {
        var computation = HMACComputation(key)
        for (index, segment) in segments.enumerated() {
            if index > 0 { computation.update(body) }
            if !segment.isEmpty { computation.update(segment.span) }
        }
        return computation.finish()
    }

    /// The whole text, for a person.
    func bytes(body: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, segment) in segments.enumerated() {
            if index > 0 { bytes.append(body) }
            bytes += segment
        }
        return bytes
    }
}
