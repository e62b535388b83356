internal import SluiceBase
internal import SluiceJSON

/// A condition on each value of a signed text, so that the text can be split in only one way: a signature covers bytes,
/// but not where one value ends and the next begins.
///
/// At most one value is free. The end of each value before it is known, reading from the left: by a fixed length, by
/// the value's own format, or at the literal after it, whose first byte the value must not contain. Those after the
/// free value are read from the right in the same way.
enum SignedBoundary: Sendable, Hashable {
    /// For the free value, and for values whose own format shows where they end.
    case none
    /// The value must not contain this byte, with which the literal next to it begins or ends.
    case excludes(UInt8)
    /// The value has this many bytes.
    case length(Int)
    /// For a URL directly next to the body, or a number of any length directly after it: it must contain no brace and
    /// no bracket, with which the body starts and ends. A number must have the length, if it is known and the body is
    /// empty.
    case besideJSON(length: Int?)
    /// For the body: directly after a URL it must begin with `{` or `[`, and directly before a URL or a number end with
    /// `}` or `]`. It may be empty if the value on its other side shows where it ends.
    case json(begins: Bool, ends: Bool, mayBeEmpty: Bool)
}

/// The known bounds of a value in a signed text, for any request.
package enum SignedExtent: Sendable, Hashable {
    /// A fixed number of bytes.
    case fixed(Int)
    /// A format of which no value begins or ends with another one, such as times of RFC 3339 and HTTP dates.
    case selfDelimiting
    /// Contains no colon: if a time of RFC 3339 or an HTTP date follows, it ends 13 or 19 bytes before the first colon,
    /// which is the first one in the time.
    case withoutColon
    /// Ends before the first colon that no backslash escapes.
    case escaped
    case open
    /// May contain any bytes, including the text next to it.
    case free
}

/// Two adjacent values of a signed text, where nothing shows the end of the first one.
package struct AmbiguousJoinError: Error {
    package let first: ReferenceSource
    package let second: ReferenceSource
}

extension SignedBoundary {
    /// The conditions on the values of a signed text, in the order of its parts; `none` for its literals.
    ///
    /// - Parameter open: the value that is free, whatever is next to it.
    /// - Throws: if two values are free.
    static func all(
        of parts: [TextTemplate.Part], extent: (ReferenceSource) -> SignedExtent, open: ReferenceSource? = nil
    ) throws(AmbiguousJoinError) -> [SignedBoundary] {
        let extent = { (source: ReferenceSource) in source == open ? .free : extent(source) }
        var boundaries = [SignedBoundary](repeating: .none, count: parts.count)
        // Literals have a fixed length, so they show where the only value begins and ends.
        if parts.count(where: { if case .reference = $0 { true } else { false } }) < 2 { return boundaries }
        var first = 0
        while first < parts.count, let boundary = boundary(in: parts, at: first, towards: 1, extent: extent) {
            boundaries[first] = boundary
            first += 1
        }
        var last = parts.count - 1
        while last > first, let boundary = boundary(in: parts, at: last, towards: -1, extent: extent) {
            boundaries[last] = boundary
            last -= 1
        }
        guard first >= last else { throw join(in: parts[first...last]) }
        // All other values have a boundary, so this is the body between its neighbours.
        guard first < parts.count, boundaries[first] == .none else { return boundaries }
        let before = first > 0 ? boundaries[first - 1] : .none
        let behind = first + 1 < parts.count ? boundaries[first + 1] : .none
        boundaries[first] = before.isBesideJSON || behind.isBesideJSON ? json(between: before, behind) : .none
        return boundaries
    }

    private static func json(between before: SignedBoundary, _ behind: SignedBoundary) -> SignedBoundary {
        let isOpenBehind = behind == .besideJSON(length: nil)
        return .json(
            begins: before.isBesideJSON, ends: behind.isBesideJSON, mayBeEmpty: !before.isBesideJSON || !isOpenBehind)
    }

    private var isBesideJSON: Bool { if case .besideJSON = self { true } else { false } }

    /// - Parameter step: 1 for the end of a value that is read from the left, -1 for the start of one that is read from
    ///   the right.
    /// - Returns: `nil` for a value without a known end, or start.
    private static func boundary(
        in parts: [TextTemplate.Part], at index: Int, towards step: Int, extent: (ReferenceSource) -> SignedExtent
    ) -> SignedBoundary? {
        guard case .reference(let reference) = parts[index] else { return SignedBoundary.none }
        if reference.isWholeBody { return nil }
        let known = extent(reference.source)
        if known == .selfDelimiting { return SignedBoundary.none }
        if known == .free { return nil }
        guard parts.indices.contains(index + step) else { return nil }
        switch (parts[index + step], known) {
        case (.literal(let literal), .escaped) where step > 0 && literal.first == UInt8(ascii: ":"):
            return SignedBoundary.none
        case (.literal(let literal), _): return (step > 0 ? literal.first : literal.last).map { .excludes($0) }
        case (.reference(let next), _) where step < 0 && reference.source == .signedTimestamp && next.isWholeBody:
            return .besideJSON(length: known.length)
        case (.reference, .fixed(let length)): return .length(length)
        case (.reference(let next), .withoutColon) where step > 0 && next.source == .signedTimestamp:
            return extent(next.source) == .selfDelimiting ? SignedBoundary.none : nil
        case (.reference(let next), _):
            guard reference.source.isURL else { return nil }
            // The sender joins them without a separator, and so do its other receivers.
            if step > 0, next.source.isSortedPairs { return SignedBoundary.none }
            return next.isWholeBody ? .besideJSON(length: nil) : nil
        }
    }

    /// The first two adjacent values of a part of the text whose border is not known.
    private static func join(in parts: ArraySlice<TextTemplate.Part>) -> AmbiguousJoinError {
        let sources = parts.compactMap { part -> ReferenceSource? in
            if case .reference(let reference) = part { reference.source } else { nil }
        }
        return AmbiguousJoinError(first: sources[0], second: sources[sources.count > 1 ? 1 : 0])
    }
}

extension SignedBoundary {
    /// The reason why a value breaks the condition, as the end of a sentence that begins with the value's name; `nil`
    /// if it does not.
    ///
    /// - Parameters:
    ///   - value: for a URL, the part that differs between requests.
    ///   - hasBody: whether the body of the request is not empty.
    func complaint(about value: ArraySlice<UInt8>, hasBody: Bool) -> String? {
        switch self {
        case .none, .json: nil
        case .excludes(let byte):
            value.span.firstIndex(of: byte) != nil
                ? "contains the character that separates it from the next part of the signed text" : nil
        case .length(let length): value.count == length ? nil : "does not have \(length) bytes"
        case .besideJSON(let length):
            if value.contains(where: Self.brackets.contains) {
                "contains a brace or a bracket, so the start of the adjacent body is ambiguous"
            } else if !hasBody, let length {
                SignedBoundary.length(length).complaint(about: value, hasBody: false)
            } else {
                nil
            }
        }
    }

    /// The same for a body, which is checked in place.
    func complaint(aboutBody body: Span<UInt8>) -> String? {
        guard case .json(let begins, let ends, let mayBeEmpty) = self else { return nil }
        if body.isEmpty { return mayBeEmpty ? nil : "is empty, so the end of the previous value is ambiguous" }
        if begins, !"{[".utf8.contains(body[0]) {
            return "does not begin with { or [, so the end of the previous value is ambiguous"
        }
        if ends, !"}]".utf8.contains(body[body.count - 1]) {
            return "does not end with } or ], so the start of the next value is ambiguous"
        }
        return nil
    }

    private static let brackets = Array("{}[]".utf8)
}

extension SignedExtent {
    /// `nil` if it differs.
    fileprivate var length: Int? { if case .fixed(let length) = self { length } else { nil } }
}

extension Reference {
    /// Whether it is all of the body, as received.
    var isWholeBody: Bool { source == .body(.root) }
}
