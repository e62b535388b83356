internal import FoundationEssentials
internal import SluiceBase
internal import SluiceJSON

/// The decoder of one value of a document.
struct JSONDecoding: Decoder {
    let document: JSONDocument
    /// The entry of the value.
    let index: Int
    let codingPath: [any CodingKey]

    init(_ document: JSONDocument, at index: Int, path: [any CodingKey]) {
        self.document = document
        self.index = index
        codingPath = path
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard document.entries[index].kind == .object else { throw mismatch(JSONKeyedDecoding<Key>.self) }
        return KeyedDecodingContainer(JSONKeyedDecoding<Key>(self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard document.entries[index].kind == .array else { throw mismatch([Any].self) }
        return JSONUnkeyedDecoding(self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { JSONSingleDecoding(self) }

    // MARK: - The current value

    var isNull: Bool { document.entries[index].kind == .null }

    func bool() throws -> Bool {
        switch document.entries[index].kind {
        case .true: true
        case .false: false
        case .string, .number, .null, .object, .array: throw mismatch(Bool.self)
        }
    }

    func string() throws -> String {
        guard document.entries[index].kind == .string else { throw mismatch(String.self) }
        return document.text(index)
    }

    func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        guard document.entries[index].kind == .number else { throw mismatch(type) }
        let bytes = document.bytes
        let digits = bytes.span.extracting(document.range(index))
        if let value = JSONInteger.read(digits, as: type) { return value }
        // An integer that is written with a fraction or an exponent.
        if let value = Double(digits.text).flatMap({ Value(exactly: $0) }) { return value }
        throw corrupted("\(digits.text) does not fit into \(type)")
    }

    func floating<Value: BinaryFloatingPoint & LosslessStringConvertible>(_ type: Value.Type) throws -> Value {
        guard document.entries[index].kind == .number else { throw mismatch(type) }
        guard let value = Value(document.text(index)), value.isFinite else {
            throw corrupted("a number does not fit into \(type)")
        }
        return value
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let known = try decodeKnown(type) { return known }
        return try Value(from: self)
    }

    /// The counterpart of `JSONEncoding.writeKnown`.
    @inline(__always)
    private func decodeKnown<Value: Decodable>(_ type: Value.Type) throws -> Value? {
        if type == String.self { return try string() as? Value }
        if type == Int.self { return try integer(Int.self) as? Value }
        if type == Date.self { return try date() as? Value }
        if type == Data.self { return try data() as? Value }
        if type == URL.self { return try url() as? Value }
        if type == Decimal.self { return try decimal() as? Value }
        return nil
    }

    private func date() throws -> Date {
        if document.entries[index].kind == .number {
            return Date(timeIntervalSinceReferenceDate: try floating(Double.self))
        }
        let text = try string()
        guard let milliseconds = TimestampText.parse(text) else {
            throw corrupted("a time is not in the format of RFC 3339")
        }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    private func data() throws -> Data {
        // Foundation's own conformance writes an array of numbers.
        if document.entries[index].kind == .array { return try Data(from: self) }
        guard let data = Data(base64Encoded: try string()) else { throw corrupted("a text is not base64") }
        return data
    }

    private func url() throws -> URL {
        guard document.entries[index].kind == .string else { return try URL(from: self) }
        guard let url = URL(string: try string()) else { throw corrupted("a text is not a URL") }
        return url
    }

    private func decimal() throws -> Decimal {
        guard document.entries[index].kind == .number else { return try Decimal(from: self) }
        guard let value = Decimal(string: document.text(index)) else {
            throw corrupted("a number does not fit into Decimal")
        }
        return value
    }

    // MARK: - Errors

    func mismatch(_ type: Any.Type) -> DecodingError {
        let found = document.entries[index].kind.name
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "expected \(type), found \(found)")
        return isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    func corrupted(_ what: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: what))
    }
}

/// Decodes `Decodable` values from JSON text.
///
/// Reads what `JSONValueEncoder` writes. A number with a fraction or an exponent is accepted as an integer if its value
/// is one, because a queue server may write `1e2` as `100.0`. The last of several equal keys counts. A `Date` is read
/// from RFC 3339 text, or from a number of seconds since 2001, the format of Foundation.
package enum JSONValueDecoder {
    /// Decodes a whole text.
    ///
    /// - Throws: `DecodingError.dataCorrupted` for a text that is not JSON, and any error of the type's `init(from:)`.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes)
        } catch {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: error.description))
        }
        return try JSONDecoding(document, at: 0, path: []).decode(type)
    }
}
