extension JSONTree {
    /// An object with the members that have a value.
    package static func object(_ members: KeyValuePairs<String, JSONTree?>) -> JSONTree {
        .object(members.compactMap { key, value in value.map { Member(key: key, value: $0) } })
    }

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
