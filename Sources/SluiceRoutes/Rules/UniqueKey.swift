package import SluiceBase
internal import SluiceCrypto

extension DeliveryKey {
    /// - Parameter parts: none of them blank.
    init(scope: KeyScope, parts: [KeyPart], isList: Bool) {
        self.init(
            hash: Self.fingerprint(scope, parts), bytes: Self.bytes(prefix: scope.prefix, parts, isList: isList))
    }

    /// What the text of a job in lists, after the route's name, can mean: the key as written; without the number of the
    /// job. If it ends like a generation, which lists never show of a key as written: without it; also without the
    /// number; and only then the key as written.
    ///
    /// - Parameter text: such as `72d3162e`, `72d3162e~1` or `acme:72d3162e#0.3`.
    /// - Returns: the possible hashes of each key, and the `unique_key` that one of its jobs must have: without such a
    ///   job the text is not of this key. `nil` for the key as written.
    package static func readings(route: String, listed text: String) -> [(hashes: [Fingerprint], job: String?)] {
        let ofJob = text.replacing(/~[0-9]+$/, with: "")
        var readings: [String] = []
        for reading in [ofJob, ofJob.replacing(/#[0-9]+(\.[0-9]+)?$/, with: ""), text]
        where !readings.contains(reading) {
            readings.append(reading)
        }
        let job = String(decoding: KeyScope(name: Array(route.utf8)).prefix, as: UTF8.self) + text
        return readings.map { (hashes(route: route, text: $0), $0 == text ? nil : job) }
    }

    /// The possible hashes of a key from its text after the route's name: of one text, of values of path parameters
    /// before it, or of a list's typed parts.
    ///
    /// - Parameter text: such as `72d3162e`, `acme:72d3162e` or `s4:acme|n2:17`.
    static func hashes(route: String, text: String) -> [Fingerprint] {
        let name = Array(route.utf8)
        let segments = Array(text.utf8).split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        return (0..<min(segments.count, maximumParameters + 1)).flatMap { count -> [Fingerprint] in
            let scope = KeyScope(name: name, parameters: segments.prefix(count).map { KeyScope.decoded(Array($0)) })
            let rest = Array(segments.dropFirst(count).joined(separator: [UInt8(ascii: ":")]))
            let lists = KeyPart.list(rest).map { [fingerprint(scope, $0)] } ?? []
            return [fingerprint(scope, [KeyPart(type: .text, bytes: rest)])] + lists
        }
    }

    private static let maximumParameters = 8

    /// The maximum length of a key that is sent to Zizq unchanged, in bytes.
    static let longestText = 200

    /// Zizq's `unique_key`: `route:key`, or if that has more than 200 bytes or is not UTF-8, `sha256:` and its digest
    /// in hex. At most 200 bytes.
    package var text: String { Self.text(bytes) }

    /// The same for one of several jobs of the delivery: `route:key#0.3`.
    func text(suffix: String) -> String { Self.text(bytes + Array(suffix.utf8)) }

    /// A rule's own key for Zizq, without a scope.
    static func ownText(_ parts: [KeyPart], isList: Bool) -> String { text(bytes(prefix: [], parts, isList: isList)) }

    private static func text(_ bytes: [UInt8]) -> String {
        if bytes.count <= longestText, let text = String(validating: bytes, as: UTF8.self) { return text }
        return "sha256:\(Hash.digest(.sha256, bytes.span).hex)"
    }

    private static func bytes(prefix: [UInt8], _ parts: [KeyPart], isList: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(prefix.count + (parts.first?.bytes.count ?? 0))
        bytes += prefix
        for (index, part) in parts.enumerated() {
            guard isList else {
                bytes += part.bytes
                continue
            }
            if index > 0 { bytes.append(UInt8(ascii: "|")) }
            bytes.append(part.type.rawValue)
            bytes += Array("\(part.bytes.count):".utf8)
            bytes += part.bytes
        }
        return bytes
    }

    /// Lengths precede contents, so that different inputs have different bytes.
    private static func fingerprint(_ scope: KeyScope, _ parts: [KeyPart]) -> Fingerprint {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(96 + scope.prefix.count)
        append(scope.name, to: &bytes)
        appendCount(scope.parameters.count, to: &bytes)
        for value in scope.parameters { append(value, to: &bytes) }
        appendCount(parts.count, to: &bytes)
        for part in parts {
            bytes.append(part.type.rawValue)
            append(part.bytes, to: &bytes)
        }
        let digest = Hash.digest(.sha256, bytes.span)
        return Fingerprint(digest.span)
    }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        appendCount(text.count, to: &bytes)
        bytes += text
    }

    private static func appendCount(_ count: Int, to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
    }
}

/// The scope of a unique key: the route's name, and the values of its path parameters.
struct KeyScope: Sendable, Hashable {
    let name: [UInt8]
    /// Decoded, in the order of the path.
    let parameters: [[UInt8]]
    /// The text before the key for Zizq: `route:value:`. A colon or percent sign in the name or a value is
    /// percent-encoded, so that no other route or value has the same text; so is the first letter of a route with the
    /// name `sha256`, whose keys would look like digests.
    let prefix: [UInt8]

    init(name: [UInt8], parameters: [[UInt8]] = []) {
        self.name = name
        self.parameters = parameters
        var prefix: [UInt8] = []
        for value in [name] + parameters {
            for byte in value {
                switch byte {
                case UInt8(ascii: ":"): prefix += Array("%3A".utf8)
                case UInt8(ascii: "%"): prefix += Array("%25".utf8)
                default: prefix.append(byte)
                }
            }
            prefix.append(UInt8(ascii: ":"))
        }
        if prefix.starts(with: "sha256:".utf8) { prefix.replaceSubrange(0..<1, with: "%73".utf8) }
        self.prefix = prefix
    }

    /// The value of a parameter from `prefix`, with its two escapes resolved.
    static func decoded(_ value: [UInt8]) -> [UInt8] {
        value.replacing(Array("%3A".utf8), with: Array(":".utf8)).replacing(Array("%25".utf8), with: Array("%".utf8))
    }
}

/// One part of a unique key from a request.
struct KeyPart: Sendable, Hashable {
    enum PartType: UInt8, Sendable {
        case text = 0x73
        case number = 0x6E
        case boolean = 0x62
        /// An object or an array, as its exact JSON.
        case json = 0x6A
        /// A JSON string that is not valid Unicode, as its exact JSON.
        case raw = 0x72
    }

    let type: PartType
    let bytes: [UInt8]

    /// The parts of a list in the format of `DeliveryKey`: `s4:acme|n2:17`; `nil` for another format.
    static func list(_ bytes: [UInt8]) -> [KeyPart]? {
        var parts: [KeyPart] = []
        var rest = bytes[...]
        while let letter = rest.popFirst() {
            let digits = rest.prefix(while: ASCII.isDigit)
            rest = rest.dropFirst(digits.count)
            guard let type = PartType(rawValue: letter), let count = Int(String(decoding: digits, as: UTF8.self)),
                rest.popFirst() == UInt8(ascii: ":"), rest.count >= count
            else { return nil }
            parts.append(KeyPart(type: type, bytes: Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
            guard rest.isEmpty || rest.popFirst() == UInt8(ascii: "|") else { return nil }
        }
        return parts.isEmpty ? nil : parts
    }

    /// Whether it is empty or only white space.
    var isBlank: Bool { bytes.allSatisfy(ASCII.isWhiteSpace) }
}

/// The template of a delivery's unique key: one text, or several typed parts.
package struct UniqueKeyTemplate: Sendable {
    let parts: [TextTemplate]
    /// Whether it was written as a list. Its parts then keep their types and lengths, so that `a`, `bc` is not `ab`,
    /// `c`.
    let isList: Bool

    package init(parts: [TextTemplate], isList: Bool) {
        self.parts = parts
        self.isList = isList
    }

    package var references: [Reference] { parts.flatMap(\.references) }

}
