internal import SluiceBase
internal import SluiceJSON

/// The fields of a form, in their order.
struct FormFields {
    /// The maximum number of fields.
    static let maximum = 1000
    /// The number of fields up to which comparing each pair is faster than sorting.
    private static let few = 24

    /// The value of a field.
    package enum Value {
        /// In UTF-8.
        case text([UInt8])
        /// JSON with at least two levels of nesting to spare.
        case json([UInt8])
        /// JSON with the bytes of a value that is invalid in its charset.
        case undecodable([UInt8])

        var bytes: [UInt8] {
            switch self {
            case .text(let bytes), .json(let bytes), .undecodable(let bytes): bytes
            }
        }
    }

    /// Names are compared by their bytes, so that names that only look the same stay different.
    private var fields: [(name: [UInt8], value: Value)] = []

    mutating func add(_ name: [UInt8], _ value: Value) { fields.append((name, value)) }

    var count: Int { fields.count }

    /// The values of a field, in order.
    func values(of name: String) -> [Value] {
        fields.filter { $0.name.elementsEqual(name.utf8) }.map(\.value)
    }

    /// By name and then by value.
    private var sorted: [(name: [UInt8], value: [UInt8])] {
        fields.map { ($0.name, $0.value.bytes) }.sorted { one, other in
            one.name == other.name
                ? one.value.lexicographicallyPrecedes(other.value) : one.name.lexicographicallyPrecedes(other.name)
        }
    }

    /// Names and values concatenated, sorted by name and then by value, without duplicates.
    var sortedPairs: [UInt8] {
        var text: [UInt8] = []
        var last: (name: [UInt8], value: [UInt8])?
        for field in sorted {
            if let last, last == field { continue }
            text += field.name
            text += field.value
            last = field
        }
        return text
    }

    /// `&name=value` for each field but one, sorted by name, with `_` for `&` and `=` in values.
    ///
    /// - Returns: `nil` where two forms with other names would give the same text.
    func joinedPairs(without field: [UInt8]) -> [UInt8]? {
        var text: [UInt8] = []
        var last: [UInt8]?
        for (name, value) in sorted where name != field {
            guard name != last, !name.contains(where: Self.isSeparator) else { return nil }
            text.append(UInt8(ascii: "&"))
            text += name
            text.append(UInt8(ascii: "="))
            let start = text.count
            text += value
            for index in start..<text.count where Self.isSeparator(text[index]) { text[index] = UInt8(ascii: "_") }
            last = name
        }
        return text
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "&") || byte == UInt8(ascii: "=") }

    /// The form as a JSON object: a repeated field is an array, and a field `payload` with a JSON object or array is
    /// that JSON. Names are in the order in which they first appear.
    var json: [UInt8] {
        var json: [UInt8] = [UInt8(ascii: "{")]
        let next = nextOfSameName
        let later = Set(next.compactMap(\.self))
        for index in fields.indices where !later.contains(index) {
            let name = fields[index].name
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            json.appendJSONString(name.span)
            json.append(UInt8(ascii: ":"))
            let values =
                next.isEmpty ? [fields[index].value] : sequence(first: index) { next[$0] }.map { fields[$0].value }
            append(values, unwrapsJSON: name.elementsEqual("payload".utf8), to: &json)
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// For each field the position of the next one with its name; empty if few fields have different names.
    private var nextOfSameName: [Int?] {
        if fields.count <= Self.few, fields.indices.allSatisfy(isFirstOfName) { return [] }
        let order = fields.indices.sorted { fields[$0].name.lexicographicallyPrecedes(fields[$1].name) }
        var next = [Int?](repeating: nil, count: fields.count)
        // Sorting is stable.
        for (index, other) in zip(order, order.dropFirst()) where fields[index].name == fields[other].name {
            next[index] = other
        }
        return next
    }

    private func isFirstOfName(_ index: Int) -> Bool {
        fields[..<index].allSatisfy { $0.name != fields[index].name }
    }

    private func append(_ values: [Value], unwrapsJSON: Bool, to json: inout [UInt8]) {
        if values.count > 1 { json.append(UInt8(ascii: "[")) }
        for (index, value) in values.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            switch value {
            case .json(let document), .undecodable(let document): json += document
            case .text(let text) where unwrapsJSON && Self.isObjectOrArray(BodyReader.json(in: text.span)):
                json.append(BodyReader.json(in: text.span))
            case .text(let text): json.appendJSONString(text.span)
            }
        }
        if values.count > 1 { json.append(UInt8(ascii: "]")) }
    }

    private static func isObjectOrArray(_ value: Span<UInt8>) -> Bool {
        !value.isEmpty && (value[0] == UInt8(ascii: "{") || value[0] == UInt8(ascii: "[")) && isJSON(value)
    }

    /// Whether `value` can be in the form's object as it is.
    static func isJSON(_ value: Span<UInt8>) -> Bool {
        var findings = JSONFindings()
        // One level is the form's object, one an array of repeated fields.
        return (try? JSONScanner.scan(value, paths: .none, maximumDepth: JSONLimits.bulkDepth - 2, into: &findings))
            != nil
    }
}
