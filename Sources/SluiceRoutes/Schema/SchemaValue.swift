internal import SluiceJSON

/// A JSON value whose objects keep the order in which their members were written.
indirect enum SchemaValue: Sendable {
    case object([Member])
    case array([SchemaValue])
    case text(String)
    case integer(Int)
    case boolean(Bool)

    struct Member: Sendable {
        let key: String
        let value: SchemaValue
    }

    /// What a schema says, member by member; `true`, which takes everything, says nothing.
    var constraints: [Member] {
        switch self {
        case .object(let members): members
        case .boolean(true): []
        case .boolean(false), .array, .text, .integer: preconditionFailure("a schema that says something is an object")
        }
    }

    /// A schema with more behind what it says.
    func adding(_ members: KeyValuePairs<String, SchemaValue>) -> SchemaValue {
        .object(constraints + members.map { Member(key: $0.key, value: $0.value) })
    }

    static func texts(_ texts: [String]) -> SchemaValue { .array(texts.map { .text($0) }) }
}

extension SchemaValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }

    init(integerLiteral value: Int) { self = .integer(value) }

    init(booleanLiteral value: Bool) { self = .boolean(value) }

    init(arrayLiteral elements: SchemaValue...) { self = .array(elements) }

    init(dictionaryLiteral elements: (String, SchemaValue)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }
}

extension SchemaValue {
    /// JSON text for people: two blanks for each level, and on one line what holds nothing that holds anything.
    var prettyText: String {
        var bytes: [UInt8] = []
        append(to: &bytes, depth: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func append(to bytes: inout [UInt8], depth: Int) {
        switch self {
        case .text(let text): bytes.appendJSONString(text)
        case .integer(let number): bytes.appendJSONInteger(Int64(number))
        case .boolean(let value): bytes += Array((value ? "true" : "false").utf8)
        case .array(let elements):
            let lines = elements.map { element in Line(key: nil, value: element) }
            Self.append(lines, between: "[", "]", isFlat: elements.allSatisfy(\.isScalar), to: &bytes, depth)
        case .object(let members):
            let lines = members.map { member in Line(key: member.key, value: member.value) }
            let isFlat = members.count <= 1 && members.allSatisfy(\.value.isScalar)
            Self.append(lines, between: "{", "}", isFlat: isFlat, to: &bytes, depth)
        }
    }

    private struct Line {
        let key: String?
        let value: SchemaValue
    }

    private static func append(
        _ lines: [Line], between open: Unicode.Scalar, _ close: Unicode.Scalar, isFlat: Bool, to bytes: inout [UInt8], _ depth: Int
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
            line.value.append(to: &bytes, depth: depth + 1)
        }
        if !lines.isEmpty { bytes += lineBreak }
        bytes.append(UInt8(ascii: close))
    }

    private var isScalar: Bool {
        switch self {
        case .text, .integer, .boolean: true
        case .object, .array: false
        }
    }
}
