internal import SluiceBase
internal import SluiceJSON

/// A body of the type `application/x-www-form-urlencoded`, read as the WHATWG URL standard (§5.1) says.
struct FormBody {
    /// More fields than this are not a webhook.
    static let maximumFields = 1000

    /// In the order in which they first stand.
    private var names: [String] = []
    private var valuesByName: [String: [[UInt8]]] = [:]

    /// - Returns: `nil` for more than `maximumFields` fields.
    init?(_ body: Span<UInt8>) {
        var start = 0
        var count = 0
        while start < body.count {
            let end = body.firstIndex(of: UInt8(ascii: "&"), from: start) ?? body.count
            if end > start {
                count += 1
                guard count <= Self.maximumFields else { return nil }
                add(body.extracting(start..<end))
            }
            start = end + 1
        }
    }

    private mutating func add(_ field: Span<UInt8>) {
        let mark = field.firstIndex(of: UInt8(ascii: "=")) ?? field.count
        let name = String(decoding: PercentDecoding.formDecode(field.extracting(0..<mark)), as: UTF8.self)
        let value = PercentDecoding.formDecode(field.extracting(min(mark + 1, field.count)..<field.count))
        if valuesByName[name] == nil { names.append(name) }
        valuesByName[name, default: []].append(value)
    }

    /// The decoded values of a field, in order.
    func values(of name: String) -> [[UInt8]] { valuesByName[name] ?? [] }

    /// The form as a JSON object: a field that stands twice is an array, and a field `payload` that holds a JSON object or array
    /// is that.
    var json: [UInt8] {
        var json: [UInt8] = [UInt8(ascii: "{")]
        for name in names {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            json.appendJSONString(name)
            json.append(UInt8(ascii: ":"))
            append(values(of: name), unwrapsJSON: name == "payload", to: &json)
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    private func append(_ values: [[UInt8]], unwrapsJSON: Bool, to json: inout [UInt8]) {
        if values.count > 1 { json.append(UInt8(ascii: "[")) }
        for (index, value) in values.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            if unwrapsJSON, Self.isObjectOrArray(value) {
                json += value
            } else {
                json.appendJSONString(value.span)
            }
        }
        if values.count > 1 { json.append(UInt8(ascii: "]")) }
    }

    private static func isObjectOrArray(_ value: [UInt8]) -> Bool {
        guard value.first == UInt8(ascii: "{") || value.first == UInt8(ascii: "[") else { return false }
        var findings = JSONFindings()
        // One level is the form's own object, one an array of repeated fields.
        return (try? JSONScanner.scan(value.span, paths: .none, maximumDepth: JSONLimits.bulkDepth - 2, into: &findings)) != nil
    }
}
