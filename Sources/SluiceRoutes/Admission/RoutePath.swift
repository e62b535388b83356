internal import SluiceBase

/// The path of a route: literal segments, and parameters for one segment each.
package struct RoutePath: Sendable, Hashable {
    /// What is between two slashes.
    package enum Segment: Sendable, Hashable {
        case literal([UInt8])
        case parameter(String)
    }

    /// Why a text is not a path, as a sentence.
    package struct PathError: Error {
        package let message: String
    }

    package static let longest = 1024

    /// As written.
    package let text: String
    /// The segments between the slashes; the last one is empty if the path ends in a slash.
    package let segments: [Segment]

    /// The names of the parameters with their segments, from 0.
    package var parameters: [String: Int] {
        var parameters: [String: Int] = [:]
        for (position, segment) in segments.enumerated() {
            if case .parameter(let name) = segment { parameters[name] = position }
        }
        return parameters
    }

    /// The segments of the parameters, in the order of the path.
    var parameterSegments: [Int] {
        segments.indices.filter { if case .parameter = segments[$0] { true } else { false } }
    }

    /// In lower case and without a final slash, for finding similar paths.
    var folded: RoutePath {
        var folded = segments.map { segment in
            if case .literal(let text) = segment { Segment.literal(text.map(ASCII.lowercase)) } else { segment }
        }
        if folded.count > 1, folded.last == .literal([]) { folded.removeLast() }
        return RoutePath(text: text, segments: folded)
    }

    private init(text: String, segments: [Segment]) {
        self.text = text
        self.segments = segments
    }

    /// Parses `/github/{tenant}`.
    package init(parsing text: String) throws(PathError) {
        guard text.utf8.first == UInt8(ascii: "/") else { throw PathError(message: "'path' must begin with '/'") }
        guard text.utf8.count <= Self.longest else {
            throw PathError(message: "'path' must not have more than \(Self.longest) bytes")
        }
        for scalar in text.unicodeScalars {
            if let message = Self.complaint(about: scalar) { throw PathError(message: message) }
        }
        guard PercentDecoding.hasPlainSegments(Array(text.utf8)) else {
            throw PathError(
                message:
                    "'path' must not contain '//' or the segments '.' and '..': requests for such paths are refused")
        }
        var segments: [Segment] = []
        // By bytes, like requests: in Swift, a slash with an accent is another character.
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let segment = try Self.segment(part)
            if case .parameter(let name) = segment, segments.contains(segment) {
                throw PathError(message: "the path has two parameters '\(PrintableText.escape(name))'")
            }
            segments.append(segment)
        }
        self.text = text
        self.segments = segments
    }

    private static func complaint(about scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "?", "#", "%": "'path' must not contain '\(scalar)': it is the path alone, not percent-encoded"
        case "\\": "'path' must not contain '\\'"
        default:
            scalar.value <= 0x20 || scalar.value == 0x7F ? "'path' must not contain spaces or control characters" : nil
        }
    }

    private static func segment(_ part: Substring.UTF8View) throws(PathError) -> Segment {
        let (opening, closing) = (UInt8(ascii: "{"), UInt8(ascii: "}"))
        guard part.contains(where: { $0 == opening || $0 == closing }) else { return .literal(Array(part)) }
        let name = part.dropFirst().dropLast()
        guard part.first == opening, part.last == closing, let first = name.first, !ASCII.isDigit(first),
            name.allSatisfy(ASCII.isWordByte)
        else {
            throw PathError(
                message:
                    "a parameter must be a whole segment of the path, such as /github/{tenant}; its name can have "
                    + "letters, digits, '_' and '-'"
            )
        }
        return .parameter(String(Substring(name)))
    }
}

/// The query of a request target.
enum QueryParameters {
    /// The decoded value of the first parameter with this name; `nil` if there is none.
    static func first(_ name: String, in query: Span<UInt8>) -> [UInt8]? {
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            let parameter = query.extracting(start..<end)
            let mark = parameter.firstIndex(of: UInt8(ascii: "=")) ?? parameter.count
            if PercentDecoding.formDecode(parameter.extracting(0..<mark)) == Array(name.utf8) {
                return PercentDecoding.formDecode(
                    parameter.extracting(min(mark + 1, parameter.count)..<parameter.count))
            }
            start = end + 1
        }
        return nil
    }
}

/// The values of path parameters.
package enum PathParameters {
    /// - Parameters:
    ///   - segment: from 0.
    ///   - path: as received.
    /// - Returns: the segment, decoded once; empty if there is none.
    package static func value(at segment: Int, of path: Span<UInt8>) -> [UInt8] {
        var start = 1
        for _ in 0..<segment {
            start = (path.firstIndex(of: UInt8(ascii: "/"), from: min(start, path.count)) ?? path.count) + 1
        }
        guard start < path.count else { return [] }
        let end = path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
        return PercentDecoding.pathDecode(path.extracting((start - 1)..<end)).map { Array($0.dropFirst()) } ?? []
    }
}
