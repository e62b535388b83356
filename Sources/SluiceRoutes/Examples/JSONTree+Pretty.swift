internal import SluiceJSON

extension JSONTree {
    /// An object of those members that have a value.
    static func object(_ members: KeyValuePairs<String, JSONTree?>) -> JSONTree {
        .object(members.compactMap { key, value in value.map { Member(key: key, value: $0) } })
    }

    static func number(_ number: some BinaryInteger) -> JSONTree { .number(String(number)) }

    /// JSON text for people: two blanks for each level, and the members of each object sorted by their keys, byte for byte.
    var prettyText: String {
        var bytes: [UInt8] = []
        append(to: &bytes, depth: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Recurses as deep as the reader of JSON lets values lie, or whoever made the tree.
    private func append(to bytes: inout [UInt8], depth: Int) {
        switch self {
        case .null, .boolean, .number, .text: bytes += Array(json.utf8)
        case .array(let elements):
            Self.append(elements.map { (nil, $0) }, between: "[", "]", to: &bytes, depth)
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            Self.append(sorted.map { ($0.key, $0.value) }, between: "{", "}", to: &bytes, depth)
        }
    }

    private static func append(
        _ lines: [(key: String?, value: JSONTree)], between open: Unicode.Scalar, _ close: Unicode.Scalar, to bytes: inout [UInt8],
        _ depth: Int
    ) {
        let lineBreak = [UInt8(ascii: "\n")] + [UInt8](repeating: UInt8(ascii: " "), count: depth * 2)
        bytes.append(UInt8(ascii: open))
        for (index, line) in lines.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += lineBreak + Array("  ".utf8)
            if let key = line.key {
                bytes.appendJSONString(key)
                bytes += Array(": ".utf8)
            }
            line.value.append(to: &bytes, depth: depth + 1)
        }
        if !lines.isEmpty { bytes += lineBreak }
        bytes.append(UInt8(ascii: close))
    }
}
