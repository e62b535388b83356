internal import SluiceBase
internal import SluiceJSON

/// The fields of a form, in their order.
struct FormFields {
    /// The maximum number of fields.
    static let maximum = 1000
    /// The number of fields up to which comparing each pair is faster than sorting.
    private static let few = 24

    /// What the bytes of a value are.
    enum Kind {
        /// Text in UTF-8.
        case text
        /// JSON with at least two levels of nesting to spare.
        case json
        /// JSON with the bytes of a value that is invalid in its charset.
        case undecodable
    }

    private struct Field {
        /// Ranges of `bytes`.
        let name: Range<Int>
        let value: Range<Int>
        let kind: Kind
    }

    /// All names and values, one after another: an array for each of them would cost more than reading it.
    private var bytes: [UInt8] = []
    private var fields: [Field] = []

    /// - Parameter size: the approximate number of bytes of all names and values.
    init(size: Int) { bytes.reserveCapacity(size) }

    /// Adds a field whose parts the closures append.
    mutating func add(
        _ kind: Kind, name: (inout [UInt8]) throws(BodyError) -> Void, value: (inout [UInt8]) throws(BodyError) -> Void
    ) throws(BodyError) {
        let start = bytes.count
        try name(&bytes)
        let middle = bytes.count
        try value(&bytes)
        fields.append(Field(name: start..<middle, value: middle..<bytes.count, kind: kind))
    }

    var count: Int { fields.count }

    /// The positions of the fields with a name, in order.
    func positions(of name: String) -> [Int] {
        fields.indices.filter { bytes[fields[$0].name].elementsEqual(name.utf8) }
    }

    func kind(at position: Int) -> Kind { fields[position].kind }

    @_lifetime(borrow self)
    func value(at position: Int) -> Span<UInt8> { bytes.span.extracting(fields[position].value) }

    /// By name and then by value. Names are compared by their bytes, so that names that only look the same stay
    /// different.
    private var sorted: [Field] {
        fields.sorted { one, other in
            let order = compare(one.name, other.name)
            return order == 0 ? compare(one.value, other.value) < 0 : order < 0
        }
    }

    /// - Returns: less than 0 if the bytes of `one` come first, 0 if they are equal.
    private func compare(_ one: Range<Int>, _ other: Range<Int>) -> Int {
        let all = bytes.span
        for offset in 0..<min(one.count, other.count) {
            let (byte, second) = (all[one.lowerBound &+ offset], all[other.lowerBound &+ offset])
            if byte != second { return byte < second ? -1 : 1 }
        }
        return one.count - other.count
    }

    private func isEqual(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        one.count == other.count && compare(one, other) == 0
    }

    /// Names and values concatenated, sorted by name and then by value, without duplicates.
    var sortedPairs: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var last: Field?
        for field in sorted {
            if let last, isEqual(last.name, field.name), isEqual(last.value, field.value) { continue }
            // The value follows the name.
            text.append(bytes.span.extracting(field.name.lowerBound..<field.value.upperBound))
            last = field
        }
        return text
    }

    /// `&name=value` for each field but one, sorted by name, with `_` for `&` and `=` in values.
    ///
    /// - Returns: `nil` where two forms with other names would give the same text.
    func joinedPairs(without name: [UInt8]) -> [UInt8]? {
        let all = bytes.span
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + 2 * fields.count)
        var last: Field?
        for field in sorted where !all.extracting(field.name).equals(name.span) {
            if let last, isEqual(last.name, field.name) { return nil }
            for index in field.name where Self.isSeparator(all[index]) { return nil }
            text.append(UInt8(ascii: "&"))
            text.append(all.extracting(field.name))
            text.append(UInt8(ascii: "="))
            for index in field.value { text.append(Self.isSeparator(all[index]) ? UInt8(ascii: "_") : all[index]) }
            last = field
        }
        return text
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "&") || byte == UInt8(ascii: "=") }

    /// The form as a JSON object: a repeated field is an array, and a field `payload` with a JSON object or array is
    /// that JSON. Names are in the order in which they first appear.
    var json: [UInt8] {
        var json: [UInt8] = []
        // Of each field the quotes, the colon and the comma.
        json.reserveCapacity(bytes.count + 6 * fields.count + 2)
        json.append(UInt8(ascii: "{"))
        if fields.count <= Self.few, fields.indices.allSatisfy(isFirstOfName) {
            for field in fields { append(field, [field], to: &json) }
        } else {
            appendRepeated(to: &json)
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    private func appendRepeated(to json: inout [UInt8]) {
        let next = nextOfSameName
        let later = Set(next.compactMap(\.self))
        for (index, field) in fields.enumerated() where !later.contains(index) {
            append(field, sequence(first: index) { next[$0] }.map { fields[$0] }, to: &json)
        }
    }

    /// For each field the position of the next one with its name.
    private var nextOfSameName: [Int?] {
        let order = fields.indices.sorted { compare(fields[$0].name, fields[$1].name) < 0 }
        var next = [Int?](repeating: nil, count: fields.count)
        // Sorting is stable.
        for (index, other) in zip(order, order.dropFirst()) where isEqual(fields[index].name, fields[other].name) {
            next[index] = other
        }
        return next
    }

    private func isFirstOfName(_ index: Int) -> Bool {
        for other in 0..<index where isEqual(fields[other].name, fields[index].name) { return false }
        return true
    }

    /// Appends the values of one name.
    private func append(_ first: Field, _ values: [Field], to json: inout [UInt8]) {
        let name = bytes.span.extracting(first.name)
        if json.count > 1 { json.append(UInt8(ascii: ",")) }
        json.appendJSONString(name)
        json.append(UInt8(ascii: ":"))
        if values.count > 1 { json.append(UInt8(ascii: "[")) }
        for (index, field) in values.enumerated() {
            let value = bytes.span.extracting(field.value)
            if index > 0 { json.append(UInt8(ascii: ",")) }
            switch field.kind {
            case .json, .undecodable: json.append(value)
            case .text where name.equals("payload") && Self.isObjectOrArray(BodyReader.json(in: value)):
                json.append(BodyReader.json(in: value))
            case .text: json.appendJSONString(value)
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
