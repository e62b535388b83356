internal import SluiceBase

/// A JSON value as a tree, for comparing results with expectations.
package indirect enum JSONTree: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// The digits as written.
    case number(String)
    case text(String)
    case array([JSONTree])
    /// In the order of the text; the last of two equal keys counts.
    case object([Member])

    /// A member of an object.
    package struct Member: Sendable, Hashable {
        package let key: String
        package let value: JSONTree

        package init(key: String, value: JSONTree) {
            self.key = key
            self.value = value
        }
    }

    /// Parses one JSON text.
    ///
    /// - Returns: `nil` if it is not valid, or deeper than Zizq accepts.
    package init?(_ bytes: [UInt8]) {
        do throws(JSONError) {
            var reader = JSONReader(bytes.span, acceptsLoneSurrogates: true)
            let tree = try Self.read(&reader, bytes.span)
            try reader.finish()
            self = tree
        } catch {
            return nil
        }
    }

    /// Recurses at most as deep as the reader allows.
    private static func read(_ reader: inout JSONReader, _ bytes: Span<UInt8>) throws(JSONError) -> JSONTree {
        switch try reader.peek() {
        case .null:
            _ = try reader.readNull()
            return .null
        case .true, .false: return .boolean(try reader.readBool())
        case .number: return .number(bytes.extracting(try reader.skipValue()).text)
        case .string: return .text(try reader.readString())
        case .array:
            var elements: [JSONTree] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try read(&reader, bytes)) }
            return .array(elements)
        case .object:
            var members: [Member] = []
            try reader.beginObject()
            while let key = try reader.nextKey()?.text {
                members.append(Member(key: key, value: try read(&reader, bytes)))
            }
            return .object(members)
        }
    }

    /// The value of a key, compared byte for byte.
    package subscript(key: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The text of a string; `nil` for anything else.
    package var string: String? {
        if case .text(let text) = self { text } else { nil }
    }

    /// The elements of an array; empty for anything else.
    package var elements: [JSONTree] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// Whether two scalars are equal: numbers by value, texts byte for byte.
    package func isSameScalar(as other: JSONTree) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.boolean(let one), .boolean(let other)): one == other
        case (.text(let one), .text(let other)): one.utf8.elementsEqual(other.utf8)
        case (.number(let one), .number(let other)):
            one == other || JSONNumber(one).flatMap { number in JSONNumber(other).map { number == $0 } } ?? false
        default: false
        }
    }

    /// The value as JSON.
    package var json: String {
        switch self {
        case .null: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .number(let text): return text
        case .text(let text): return Self.quoted(text)
        case .array(let elements): return "[\(elements.map(\.json).joined(separator: ","))]"
        case .object(let members):
            return "{\(members.map { "\(Self.quoted($0.key)):\($0.value.json)" }.joined(separator: ","))}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.appendJSONString(text)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSONTree {
    /// An object with the members that have a value.
    package static func object(_ members: KeyValuePairs<String, JSONTree?>) -> JSONTree {
        .object(members.compactMap { key, value in value.map { Member(key: key, value: $0) } })
    }

    /// An integer.
    package static func number(_ number: some BinaryInteger) -> JSONTree { .number(String(number)) }

    /// The layout of JSON for people.
    package enum Layout {
        /// The members of each object sorted by their keys, byte for byte, each on its own line.
        case sorted
        /// In the original order, with objects and arrays that contain only scalars on one line.
        case compact
    }

    /// JSON text for people: two spaces per level.
    package func prettyText(_ layout: Layout = .sorted) -> String {
        var bytes: [UInt8] = []
        append(to: &bytes, depth: 0, layout)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Recurses as deep as the tree, which its reader or builder limits.
    private func append(to bytes: inout [UInt8], depth: Int, _ layout: Layout) {
        switch self {
        case .null, .boolean, .number, .text: bytes += Array(json.utf8)
        case .array(let elements):
            let isFlat = layout == .compact && elements.allSatisfy(\.isScalar)
            Self.append(
                elements.map { (nil, $0) }, between: "[", "]", isFlat: isFlat, to: &bytes, depth: depth, layout: layout)
        case .object(let members):
            let isFlat = layout == .compact && members.count <= 1 && members.allSatisfy(\.value.isScalar)
            let ordered =
                layout == .compact ? members : members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            Self.append(
                ordered.map { ($0.key, $0.value) }, between: "{", "}", isFlat: isFlat, to: &bytes, depth: depth,
                layout: layout)
        }
    }

    private static func append(
        _ lines: [(key: String?, value: JSONTree)], between open: Unicode.Scalar, _ close: Unicode.Scalar, isFlat: Bool,
        to bytes: inout [UInt8], depth: Int, layout: Layout
    ) {
        let lineBreak = isFlat ? [] : [UInt8(ascii: "\n")] + [UInt8](repeating: UInt8(ascii: " "), count: depth * 2)
        let indent = isFlat ? [] : lineBreak + Array("  ".utf8)
        bytes.append(UInt8(ascii: open))
        for (index, line) in lines.enumerated() {
            if index > 0 { bytes += Array((isFlat ? ", " : ",").utf8) }
            bytes += indent
            if let key = line.key {
                bytes.appendJSONString(key)
                bytes += Array(": ".utf8)
            }
            line.value.append(to: &bytes, depth: depth + 1, layout)
        }
        if !lines.isEmpty { bytes += lineBreak }
        bytes.append(UInt8(ascii: close))
    }

    private var isScalar: Bool {
        switch self {
        case .null, .boolean, .number, .text: true
        case .array, .object: false
        }
    }
}
