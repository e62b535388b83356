internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// What `signed` says: the text over which a signature is made, with references in it.
struct SignedTemplate: Sendable {
    /// What stands before the first `${body}`, between two of them, and behind the last.
    private let segments: [[TextTemplate.Part]]
    /// The text, where the body is all that differs between requests.
    private let constant: SignedText?
    let sources: [ReferenceSource]

    init(_ template: TextTemplate) {
        var segments: [[TextTemplate.Part]] = [[]]
        for part in template.parts {
            if case .reference(let reference) = part, case .body(let path) = reference.source, path.steps.isEmpty {
                segments.append([])
            } else {
                segments[segments.count - 1].append(part)
            }
        }
        self.segments = segments
        sources = template.references.map(\.source)
        let literals = segments.map { TextTemplate(parts: $0).constant.map { Array($0.utf8) } }
        constant = literals.contains(nil) ? nil : SignedText(segments: literals.compactMap(\.self))
    }

    /// Whether it is `${body}`.
    var isBodyAlone: Bool { constant?.segments == [[], []] }

    /// Whether the whole body is signed, as it is or by its digest.
    var holdsBody: Bool { sources.contains(.body(.root)) || sources.contains(.bodyDigest(.root)) }

    /// The text of one request.
    ///
    /// - Throws: where a part is absent and has no default, or stands twice.
    func text(of request: borrowing SignedRequest, timestamp: [UInt8]?, id: [UInt8]?) throws(Refusal) -> SignedText {
        if let constant { return constant }
        var text = SignedText(segments: [])
        for segment in segments {
            var bytes: [UInt8] = []
            for part in segment {
                switch part {
                case .literal(let literal): bytes += literal
                case .reference(let reference):
                    let value: [UInt8]? =
                        switch reference.source {
                        case .signedTimestamp: timestamp
                        case .signedID: id
                        default: try request.value(reference)
                        }
                    guard let value = value ?? reference.fallback?.text else {
                        throw .missing("\(reference.source.noun), which is signed, is missing")
                    }
                    bytes += value
                }
            }
            text.segments.append(bytes)
        }
        return text
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
