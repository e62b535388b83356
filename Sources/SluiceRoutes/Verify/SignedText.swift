internal import SluiceBase
internal import SluiceCrypto
internal import SluiceJSON

/// The text over which a signature is made, with references: `signed`.
package struct SignedTemplate: Sendable {
    /// One part of the text, and the condition on its value.
    struct Piece {
        let part: TextTemplate.Part
        let boundary: SignedBoundary
        /// The known bounds of a value.
        let extent: SignedExtent
    }

    let pieces: [Piece]
    /// The conditions on the body.
    var bodyBoundaries: [SignedBoundary]
    /// The text, if only body and key differ between requests.
    private let constant: SignedText?
    package let sources: [ReferenceSource]
    /// The values that every request must have: the signature of a request without one would also fit a request that
    /// contains the default.
    package let requiredSources: [ReferenceSource]

    /// - Parameters:
    ///   - extent: returns the known bounds of a value.
    ///   - open: the value that may contain its separator; the ends of all others are then known.
    /// - Throws: if two of them could be split elsewhere under the same signature.
    package init(
        _ template: TextTemplate, extent: (ReferenceSource) -> SignedExtent, open: ReferenceSource? = nil
    ) throws(AmbiguousJoinError) {
        let boundaries = try SignedBoundary.all(of: template.parts, extent: extent, open: open)
        pieces = zip(template.parts, boundaries).map { part, boundary in
            guard case .reference(let reference) = part else {
                return Piece(part: part, boundary: boundary, extent: .open)
            }
            let known = reference.source == open ? .free : extent(reference.source)
            return Piece(part: part, boundary: boundary, extent: known)
        }
        bodyBoundaries = pieces.filter { $0.part.isWholeBody && $0.boundary != .none }.map(\.boundary)
        sources = template.references.map(\.source)
        requiredSources = template.references.filter { $0.fallback == nil }.map(\.source)
        let constants = pieces.map { $0.part.constantPiece }
        constant = constants.contains(nil) ? nil : SignedText(pieces: constants.compactMap(\.self))
    }

    /// Whether it contains the names and values of a form or a query without separators.
    var joinsPairs: Bool { sources.contains(where: \.isSortedPairs) }

    /// Whether it may consist of the characters of a token only. Not if it contains the body as received, which starts
    /// with a bracket or contains an equals sign and more.
    package var mayBeToken: Bool { mayBeToken(with: "") }

    /// The same with other characters.
    func mayBeToken(with others: String) -> Bool {
        !sources.contains(.body(.root))
            && pieces.allSatisfy { piece in
                guard case .literal(let bytes) = piece.part else { return true }
                let rest = bytes.filter { !others.utf8.contains($0) }
                return OpaqueToken.isTokenText(rest.span)
            }
    }

    /// Whether it is `${body}`, without a condition on it.
    var isBodyAlone: Bool { bodyBoundaries.isEmpty && constant?.isBodyAlone ?? false }

    /// Whether the whole body is signed, directly or by its digest.
    package var holdsBody: Bool { sources.contains(where: \.isOfWholeBody) }

    /// Returns the text of one request.
    ///
    /// - Throws: if a part is absent and has no default, is repeated, or could belong to the part next to it.
    func text(
        of request: borrowing SignedRequest, _ values: inout SignedValues
    ) throws(VerificationError) -> SignedText {
        for boundary in bodyBoundaries {
            if let complaint = boundary.complaint(aboutBody: request.request.body) {
                throw .invalid("the body \(complaint)")
            }
        }
        if let constant { return constant }
        var text = SignedText(pieces: [])
        text.pieces.reserveCapacity(pieces.count)
        for piece in pieces {
            if let constant = piece.part.constantPiece {
                text.pieces.append(constant)
            } else if case .reference(let reference) = piece.part {
                let value = try value(of: reference, in: request, &values)
                try check(value, of: reference.source, boundary: piece.boundary, in: request)
                text.pieces.append(.bytes(value))
            }
        }
        return text
    }

    private func value(
        of reference: Reference, in request: borrowing SignedRequest, _ values: inout SignedValues
    ) throws(VerificationError) -> [UInt8] {
        let value: [UInt8]?
        switch reference.source {
        case .signedTimestamp: value = values.timestamp
        case .signedID: value = values.id
        case .sortedForm:
            if values.sortedForm == nil { values.sortedForm = try request.value(reference) }
            value = values.sortedForm
        default: value = try request.value(reference)
        }
        guard let value = value ?? reference.fallback?.text else {
            throw .missing("\(reference.source.noun), which is signed, is missing")
        }
        return value
    }

    private func check(
        _ value: [UInt8], of source: ReferenceSource, boundary: SignedBoundary, in request: borrowing SignedRequest
    ) throws(VerificationError) {
        if boundary == .none { return }
        let constantLength = request.publicURL?.constantLength(of: source) ?? 0
        if constantLength > 0, value.count == constantLength { return }
        // A length applies to the whole value.
        let differing = if case .length = boundary { value[...] } else { value.dropFirst(constantLength) }
        guard let complaint = boundary.complaint(about: differing, hasBody: !request.request.body.isEmpty) else {
            return
        }
        throw .invalid("\(source.noun) \(complaint)")
    }
}

extension TextTemplate.Part {
    var isWholeBody: Bool { if case .reference(let reference) = self { reference.isWholeBody } else { false } }

    /// The value if it is the same in every request; otherwise `nil`.
    fileprivate var constantPiece: SignedText.Piece? {
        switch self {
        case .literal(let bytes): .bytes(bytes)
        case .reference(let reference) where reference.isWholeBody: .body
        case .reference(let reference) where reference.source == .secret: .key
        case .reference: nil
        }
    }
}

/// The values of one request that are the same in each of its texts.
struct SignedValues {
    let timestamp: [UInt8]?
    let id: [UInt8]?
    /// Set by the first text that has it, because it takes longer than the rest.
    var sortedForm: [UInt8]?
}

/// The signed text of a request. Refers to the body without a copy; the key is inserted for each secret.
struct SignedText: Equatable {
    enum Piece: Equatable {
        case bytes([UInt8])
        case body
        case key
    }

    var pieces: [Piece]

    var isBodyAlone: Bool { pieces == [.body] }

    /// The authentication code of the whole text.
    func authenticate(_ key: HMACKey, body: Span<UInt8>) -> Digest {
        var computation = HMACComputation(key)
        for piece in pieces {
            switch piece {
            case .bytes(let bytes): computation.update(bytes.span)
            case .body: computation.update(body)
            case .key: break
            }
        }
        return computation.finish()
    }

    /// The plain SHA-256 of the whole text.
    func digest(key: [UInt8], body: Span<UInt8>) -> Digest {
        Hash.digest(.sha256, bytes(body: body, key: key).span)
    }

    /// Its length in bytes, without the secret.
    func count(body: Span<UInt8>) -> Int {
        pieces.reduce(0) { count, piece in
            switch piece {
            case .bytes(let bytes): count + bytes.count
            case .body: count + body.count
            case .key: count
            }
        }
    }

    /// Whether anyone who knows a plain digest can have made this text from the one with that digest. SHA-256 continues
    /// from its own result, behind a padding that ends in the length as eight bytes, the first of them zero
    /// (FIPS 180-4 §5.1.1). Not possible if the secret is at the end.
    func mayBeExtended(body: Span<UInt8>) -> Bool {
        guard pieces.last != .key else { return false }
        return pieces.contains { piece in
            switch piece {
            case .bytes(let bytes): bytes.contains(0)
            case .body: body.firstIndex(of: 0) != nil
            case .key: false
            }
        }
    }

    func isVerified(_ signature: Span<UInt8>, by key: PublicKey, body: Span<UInt8>) -> Bool {
        if isBodyAlone { return key.verifies(signature, over: body) }
        return key.verifies(signature, over: bytes(body: body, key: []).span)
    }

    /// The bytes of the whole text.
    ///
    /// - Parameter key: the value of `${key}`.
    func bytes(body: Span<UInt8>, key: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .bytes(let piece): bytes += piece
            case .body: bytes.append(body)
            case .key: bytes += key
            }
        }
        return bytes
    }
}
