internal import SluiceBase
internal import SluiceJSON

/// Whether two signed texts of one route can be equal for different requests: a signature of one would then be valid
/// for a request of the other, with another id, timestamp or body. Only for compiling routes.
///
/// Both texts are read from the same end, as long as their values end at the same byte. They differ for all requests if
/// they cannot continue with the same byte.
struct SignedTextComparison {
    enum Outcome: Equatable {
        /// No request has a text that is also one of another request.
        case distinct
        /// The same, if the body of a text fulfils this condition.
        case distinctWith(SignedBoundary, isFirst: Bool)
        /// They have the same one value, and differ only in the literals around it, which could become a part of it.
        case distinctButForLiterals
        case ambiguous
    }

    private enum Direction: CaseIterable {
        case forwards, backwards
    }

    let first: (template: SignedTemplate, scheme: SignatureScheme)
    let second: (template: SignedTemplate, scheme: SignatureScheme)

    var outcome: Outcome {
        let sources = [first.template.sources, second.template.sources]
        // Without an id, a time or the body in it, a text protects none of them.
        guard sources.joined().contains(where: \.isIdentity) else { return .distinct }
        let outcome = comparison
        guard outcome == .ambiguous, sources[0].count == 1, sources[0] == sources[1] else { return outcome }
        return .distinctButForLiterals
    }

    private var comparison: Outcome {
        var heads: [(one: ArraySlice<SignedUnit>, other: ArraySlice<SignedUnit>, direction: Direction)] = []
        for direction in Direction.allCases {
            var (one, other) = (units(of: first, direction), units(of: second, direction))
            var isSameRequest = true
            while !areSame(one, other), let unit = one.first, let unit2 = other.first,
                unit.endsTogether(with: unit2, before: one.dropFirst().first, other.dropFirst().first)
            {
                isSameRequest = isSameRequest && unit.hasSameMeaning(as: unit2)
                one.removeFirst()
                other.removeFirst()
            }
            // Both have the same values in the same order.
            if areSame(one, other) { return isSameRequest ? .distinct : .ambiguous }
            if areDistinct(one, other) { return .distinct }
            heads.append((one, other, direction))
        }
        for (one, other, direction) in heads {
            for mayBeEmpty in [true, false] {
                let isForwards = direction == .forwards
                let condition = SignedBoundary.json(begins: isForwards, ends: !isForwards, mayBeEmpty: mayBeEmpty)
                let json = SignedUnit.Bytes(isForwards ? "{[" : "}]", mayBeEmpty: mayBeEmpty)
                if let limited = limited(one, to: json), areDistinct(limited, other) {
                    return .distinctWith(condition, isFirst: true)
                }
                if let limited = limited(other, to: json), areDistinct(one, limited) {
                    return .distinctWith(condition, isFirst: false)
                }
            }
        }
        return .ambiguous
    }

    private func areSame(_ one: ArraySlice<SignedUnit>, _ other: ArraySlice<SignedUnit>) -> Bool {
        one.count == other.count && zip(one, other).allSatisfy { $0.isSame(as: $1) }
    }

    private func areDistinct(_ one: ArraySlice<SignedUnit>, _ other: ArraySlice<SignedUnit>) -> Bool {
        let (starts, otherStarts) = (starts(of: one), starts(of: other))
        return starts.first.isDisjoint(with: otherStarts.first) && !(starts.mayBeEmpty && otherStarts.mayBeEmpty)
    }

    /// The bytes with which the rest of a text can continue, and whether it can be empty.
    private func starts(of units: ArraySlice<SignedUnit>) -> SignedUnit.Bytes {
        var starts = SignedUnit.Bytes("", mayBeEmpty: true)
        for unit in units where starts.mayBeEmpty {
            starts.first.formUnion(unit.bytes.first)
            starts.mayBeEmpty = unit.bytes.mayBeEmpty
        }
        return starts
    }

    /// The same units with a condition on the body at their start; `nil` if there is none.
    private func limited(_ units: ArraySlice<SignedUnit>, to bytes: SignedUnit.Bytes) -> ArraySlice<SignedUnit>? {
        guard let first = units.first, first.source == .body(.root) else { return nil }
        var limited = units
        limited[limited.startIndex].bytes.first.formIntersection(bytes.first)
        limited[limited.startIndex].bytes.mayBeEmpty = first.bytes.mayBeEmpty && bytes.mayBeEmpty
        return limited
    }

    private func units(
        of text: (template: SignedTemplate, scheme: SignatureScheme), _ direction: Direction
    ) -> ArraySlice<SignedUnit> {
        let isForwards = direction == .forwards
        let units = text.template.pieces.flatMap { piece in
            switch piece.part {
            case .literal(let literal): literal.map { SignedUnit(byte: $0) }
            case .reference(let reference):
                [
                    SignedUnit(
                        reference, in: piece, of: text.scheme, isForwards: isForwards,
                        body: text.template.bodyBoundaries)
                ]
            }
        }
        return ArraySlice(isForwards ? units : units.reversed())
    }
}

/// A byte of a signed text that is always the same, or a value.
private struct SignedUnit {
    /// What is known about the bytes of a value.
    struct Bytes {
        /// The bytes with which it can begin, in the direction of reading.
        var first: Set<UInt8>
        var all: Set<UInt8>
        var mayBeEmpty: Bool

        init(_ bytes: some Sequence<UInt8>, mayBeEmpty: Bool) {
            first = Set(bytes)
            all = first
            self.mayBeEmpty = mayBeEmpty
        }

        init(_ bytes: String, mayBeEmpty: Bool = false) { self.init(bytes.utf8, mayBeEmpty: mayBeEmpty) }

        static let any = Bytes(0...255, mayBeEmpty: true)
    }

    /// `nil` for a byte that is always the same.
    let source: ReferenceSource?
    let boundary: SignedBoundary
    /// Whether nothing but the value itself shows where it ends.
    let isSelfDelimiting: Bool
    var bytes: Bytes

    init(byte: UInt8) {
        source = nil
        boundary = .none
        isSelfDelimiting = false
        bytes = Bytes([byte], mayBeEmpty: false)
    }

    init(
        _ reference: Reference, in piece: SignedTemplate.Piece, of scheme: SignatureScheme, isForwards: Bool,
        body: [SignedBoundary]
    ) {
        source = reference.source
        boundary = piece.boundary
        isSelfDelimiting = piece.extent == .selfDelimiting || piece.extent == .escaped && isForwards
        bytes = Self.bytes(of: reference, scheme, isForwards: isForwards)
        if case .excludes(let byte) = piece.boundary {
            bytes.first.remove(byte)
            bytes.all.remove(byte)
        }
        guard reference.isWholeBody else { return }
        for case .json(let begins, let ends, let mayBeEmpty) in body {
            if isForwards ? begins : ends { bytes.first.formIntersection((isForwards ? "{[" : "}]").utf8) }
            if !mayBeEmpty { bytes.mayBeEmpty = false }
        }
    }

    /// Whether it is the same byte, or the same value with the same condition.
    func isSame(as other: SignedUnit) -> Bool {
        source?.original == other.source?.original && boundary == other.boundary
            && (source != nil || bytes.first == other.bytes.first)
    }

    /// Whether equal texts that reach both values also have them end at the same byte, before these next units.
    func endsTogether(with other: SignedUnit, before next: SignedUnit?, _ otherNext: SignedUnit?) -> Bool {
        switch (boundary, other.boundary) {
        case _ where source == nil || other.source == nil:
            return source == nil && other.source == nil && bytes.first == other.bytes.first
        case (.length(let length), .length(let otherLength)): return length == otherLength
        case (.excludes(let byte), .excludes(let otherByte)):
            // Only if the byte is in this direction.
            guard next?.source == nil, next?.bytes.first == [byte], otherNext?.source == nil,
                otherNext?.bytes.first == [otherByte]
            else { return false }
            return !bytes.all.contains(otherByte) && !other.bytes.all.contains(byte)
        default:
            return source == other.source && isSelfDelimiting && other.isSelfDelimiting
        }
    }

    /// Whether it makes no difference which of the two a request contains.
    func hasSameMeaning(as other: SignedUnit) -> Bool {
        guard let source, let otherSource = other.source else { return true }
        if source.original == otherSource.original { return true }
        return !source.isIdentity && !otherSource.isIdentity
    }

    private static func bytes(of reference: Reference, _ scheme: SignatureScheme, isForwards: Bool) -> Bytes {
        guard reference.fallback == nil else { return .any }
        var bytes = Bytes.any
        switch reference.source {
        case .signedTimestamp:
            switch scheme.timestamp?.format {
            case .rfc3339: bytes.first = Set((isForwards ? digits : digits + "Zz").utf8)
            // The first letters of the days of the week, and the last one of "GMT".
            case .httpDate: bytes.first = Set((isForwards ? "FMSTW" : "T").utf8)
            default:
                bytes = Bytes(digits)
                bytes.first = Set(digits.utf8)
            }
        case .signedID: bytes = Bytes((0...255).filter(scheme.idPattern.allows), mayBeEmpty: false)
        case .bodyDigest: return Bytes(digits + "abcdef")
        case .derived(.bodyCRC32): return Bytes(digits)
        case .derived(.bodyMD5): return Bytes(base64)
        case .derived(.bodyBase64): return Bytes(base64, mayBeEmpty: true)
        // A token (RFC 9110 §5.6.2).
        case .method: return Bytes(digits + letters + "!#$%&'*+-.^_`|~")
        case .path: if isForwards { bytes.first = Set("/".utf8) }
        case .derived(.target): if isForwards { bytes.first = Set("/hH".utf8) }
        case _ where reference.source.isURL: if isForwards { bytes.first = Set("h".utf8) }
        default: return .any
        }
        bytes.mayBeEmpty = false
        return bytes
    }

    private static let digits = "0123456789"
    private static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    private static let base64 = digits + letters + "+/="
}

extension ReferenceSource {
    /// The value that it is another notation of, as far as that makes no other request.
    fileprivate var original: ReferenceSource {
        if case .verifyOnly(.lower(let inner)) = self { return inner }
        return isURL ? .url : self
    }

    /// Whether requests with another one are other requests: an id, a time, or a part of the body.
    fileprivate var isIdentity: Bool {
        switch original {
        case .signedTimestamp, .signedID, .bodyDigest: true
        default: isOfBody || isOfWholeBody
        }
    }
}
