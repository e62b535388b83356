internal import SluiceBase
internal import SluiceJSON

/// The fields of a form, in the order in which their names first appear.
struct FormFields {
    /// The maximum number of fields.
    static let maximum = 1000

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

    private var names: [[UInt8]] = []
    /// By the bytes of the name, so that names that only look the same stay different.
    private var valuesByName: [[UInt8]: [Value]] = [:]

    mutating func add(_ name: [UInt8], _ value: Value) {
        if valuesByName[name] == nil { names.append(name) }
        valuesByName[name, default: []].append(value)
    }

    /// The number of names.
    var count: Int { names.count }

    /// The values of a field, in order.
    func values(of name: String) -> [Value] { valuesByName[Array(name.utf8)] ?? [] }

    /// Names and values concatenated, sorted by name and then by value, without duplicates.
    var sortedPairs: [UInt8] {
        var text: [UInt8] = []
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let values = Set((valuesByName[name] ?? []).map(\.bytes))
            for value in values.sorted(by: { $0.lexicographicallyPrecedes($1) }) { text += name + value }
        }
        return text
    }

    /// `&name=value` for each field but one, sorted by name, with `_` for `&` and `=` in values.
    ///
    /// - Returns: `nil` where two forms with other names would give the same text.
    func joinedPairs(without field: [UInt8]) -> [UInt8]? {
        let separators = Array("&=".utf8)
        var text: [UInt8] = []
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) where name != field {
            guard let values = valuesByName[name], values.count == 1, !name.contains(where: separators.contains) else {
                return nil
            }
            let value = values[0].bytes.map { separators.contains($0) ? UInt8(ascii: "_") : $0 }
            text += [UInt8(ascii: "&")] + name + [UInt8(ascii: "=")] + value
        }
        return text
    }

    /// The form as a JSON object: a repeated field is an array, and a field `payload` with a JSON object or array is
    /// that JSON.
    var json: [UInt8] {
        var json: [UInt8] = [UInt8(ascii: "{")]
        for name in names {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            json.appendJSONString(name.span)
            json.append(UInt8(ascii: ":"))
            append(valuesByName[name] ?? [], unwrapsJSON: name.elementsEqual("payload".utf8), to: &json)
        }
        json.append(UInt8(ascii: "}"))
        return json
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
