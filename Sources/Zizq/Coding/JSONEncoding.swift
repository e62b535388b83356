internal import FoundationEssentials
internal import SluiceBase
internal import SluiceJSON

/// The encoder of a value and of everything inside it: each `encode(to:)` appends at the end of the bytes.
///
/// Containers that are requested first and filled later (`nestedContainer`, `superEncoder`) have separate encoders,
/// whose bytes are inserted at the end.
final class JSONEncoding: Encoder {
    /// The kind of the current value, according to what was written so far.
    enum Level {
        case nothing
        case object(isEmpty: Bool)
        case array(count: Int)
        case scalar
    }

    /// The state that changes with everything that is written, in one place, so that writing a member is one access to
    /// this object instead of six.
    struct Output {
        var bytes: [UInt8] = []
        var level = Level.nothing

        /// Writes a member's key; its value follows.
        @inline(__always)
        mutating func writeKey(_ key: some CodingKey) {
            if case .object(isEmpty: false) = level { bytes.append(UInt8(ascii: ",")) }
            level = .object(isEmpty: false)
            bytes.appendJSONString(key.stringValue)
            bytes.append(UInt8(ascii: ":"))
        }

        /// Starts an element; its value follows.
        @inline(__always)
        mutating func beginElement() {
            guard case .array(let count) = level else { return }
            if count > 0 { bytes.append(UInt8(ascii: ",")) }
            level = .array(count: count + 1)
        }
    }

    var output = Output()
    private(set) var codingPath: [any CodingKey]
    let userInfo: [CodingUserInfoKey: Any] = [:]
    private var depth: Int
    private let maximumDepth: Int
    /// Encoders whose bytes belong at a position in these.
    private var children: [(offset: Int, child: JSONEncoding)] = []
    /// The first error, where the protocol does not allow throwing.
    private var failure: EncodingError?

    init(maximumDepth: Int, depth: Int = 0, codingPath: [any CodingKey] = []) {
        self.maximumDepth = maximumDepth
        self.depth = depth
        self.codingPath = codingPath
    }

    // MARK: - Encoder

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        beginObject()
        return KeyedEncodingContainer(JSONKeyedEncoding<Key>(self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        beginArray()
        return JSONUnkeyedEncoding(self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONSingleEncoding(self) }

    private func beginObject() {
        switch output.level {
        case .nothing:
            enter(UInt8(ascii: "{"))
            output.level = .object(isEmpty: true)
        case .object: break
        case .array, .scalar: refuse("a value requested an object after it had started to encode something else")
        }
    }

    private func beginArray() {
        switch output.level {
        case .nothing:
            enter(UInt8(ascii: "["))
            output.level = .array(count: 0)
        case .array: break
        case .object, .scalar: refuse("a value requested an array after it had started to encode something else")
        }
    }

    private func enter(_ bracket: UInt8) {
        depth += 1
        if depth > maximumDepth { refuse("the nesting is deeper than \(maximumDepth) levels") }
        output.bytes.append(bracket)
    }

    private func refuse(_ what: String) {
        failure =
            failure ?? .invalidValue(Self.self, EncodingError.Context(codingPath: codingPath, debugDescription: what))
    }

    // MARK: - Writing

    /// Starts a single value.
    func beginScalar() {
        guard case .nothing = output.level else { return refuse("a value was encoded twice") }
        output.level = .scalar
    }

    func write(_ flag: Bool) { output.bytes.append(contentsOf: flag ? "true".utf8 : "false".utf8) }

    func writeNull() { output.bytes.append(contentsOf: "null".utf8) }

    func write(_ number: some BinaryFloatingPoint & LosslessStringConvertible, at key: (any CodingKey)?) throws {
        guard number.isFinite else {
            let path = codingPath + [key].compactMap { $0 }
            throw EncodingError.invalidValue(
                number, .init(codingPath: path, debugDescription: "JSON cannot represent \(number)"))
        }
        output.bytes.append(contentsOf: number.description.utf8)
    }

    /// Encodes a value after its key.
    func encode(_ value: some Encodable, at key: some CodingKey) throws {
        codingPath.append(key)
        try encode(value)
        codingPath.removeLast()
    }

    /// Encodes a value.
    func encode<Value: Encodable>(_ value: Value) throws {
        // Values that are too deep are not walked, because the stack is limited, too.
        if let failure { throw failure }
        if try writeKnown(value) { return }
        let outer = output.level
        output.level = .nothing
        try value.encode(to: self)
        close()
        output.level = outer
    }

    /// Types whose own conformance is slower, or is not the usual JSON.
    @inline(__always)
    private func writeKnown<Value: Encodable>(_ value: Value) throws -> Bool {
        // Comparing types is cheap; only a match is cast.
        if Value.self == String.self, let text = value as? String {
            output.bytes.appendJSONString(text)
        } else if Value.self == Int.self, let number = value as? Int {
            output.bytes.appendDecimal(number)
        } else if Value.self == Date.self, let date = value as? Date {
            try writeDate(date)
        } else if Value.self == Data.self, let data = value as? Data {
            output.bytes.appendJSONString(data.base64EncodedString())
        } else if Value.self == URL.self, let url = value as? URL {
            output.bytes.appendJSONString(url.absoluteString)
        } else if Value.self == Decimal.self, let number = value as? Decimal {
            guard number.isFinite else { throw notFinite(number) }
            output.bytes.append(contentsOf: number.description.utf8)
        } else {
            return false
        }
        return true
    }

    private func notFinite(_ number: Decimal) -> EncodingError {
        .invalidValue(
            number, EncodingError.Context(codingPath: codingPath, debugDescription: "JSON cannot represent \(number)"))
    }

    /// Seconds since 1970, from the start of year 0 to the end of year 9999.
    private static let writableDates = -62_167_219_200.0..<253_402_300_799.9995

    private func writeDate(_ date: Date) throws {
        guard Self.writableDates.contains(date.timeIntervalSince1970) else {
            let context = EncodingError.Context(
                codingPath: codingPath, debugDescription: "a date must be between the years 0 and 9999 (RFC 3339)")
            throw EncodingError.invalidValue(date, context)
        }
        output.bytes.append(UInt8(ascii: "\""))
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        TimestampText.append(milliseconds: Int64(milliseconds), to: &output.bytes)
        output.bytes.append(UInt8(ascii: "\""))
    }

    /// Completes the current value. If nothing was encoded, it is an empty object.
    private func close() {
        switch output.level {
        case .nothing: output.bytes.append(contentsOf: "{}".utf8)
        case .object:
            output.bytes.append(UInt8(ascii: "}"))
            depth -= 1
        case .array:
            output.bytes.append(UInt8(ascii: "]"))
            depth -= 1
        case .scalar: break
        }
    }

    // MARK: - Containers that are filled later

    /// An encoder whose bytes belong at the current end.
    func child(at key: any CodingKey) -> JSONEncoding {
        let child = JSONEncoding(maximumDepth: maximumDepth, depth: depth, codingPath: codingPath + [key])
        children.append((output.bytes.count, child))
        return child
    }

    /// Inserts the bytes of the children.
    ///
    /// - Throws: an error that could not be thrown earlier.
    func finish() throws {
        for (_, child) in children {
            child.close()
            try child.finish()
        }
        if let failure { throw failure }
        guard !children.isEmpty else { return }
        var whole: [UInt8] = []
        whole.reserveCapacity(output.bytes.count + children.reduce(0) { $0 + $1.child.output.bytes.count })
        var start = 0
        for (offset, child) in children {
            whole += output.bytes[start..<offset]
            whole += child.output.bytes
            start = offset
        }
        whole += output.bytes[start...]
        output.bytes = whole
        children = []
    }
}

/// A position in an array in a coding path, or the key of `superEncoder()` and `superDecoder()` without a key.
struct JSONPathKey: CodingKey {
    let intValue: Int?
    var stringValue: String { intValue.map { String($0) } ?? "super" }

    static let superKey = JSONPathKey(nil)

    init(_ index: Int?) { intValue = index }
    init?(intValue: Int) { self.init(intValue) }
    init?(stringValue: String) { return nil }
}

/// Writes `Encodable` values as JSON, directly into bytes. Optimized for the conformances that Swift synthesizes;
/// hand-written ones (interleaved containers, super encoders) work, too.
///
/// Differs from Foundation's encoder for a few types: a `Date` becomes an RFC 3339 text in UTC with milliseconds,
/// `Data` base64, a `URL` its text, a `Decimal` a number. Keys keep the order in which they are encoded.
package enum JSONValueEncoder {
    /// Appends a value as JSON text.
    ///
    /// - Parameters:
    ///   - bytes: the output; unchanged after an error.
    ///   - maximumDepth: the maximum nesting of arrays and objects.
    /// - Throws: `EncodingError.invalidValue` for a number that JSON does not have (infinite, NaN) and for a value that
    ///   is too deep, and any error of the value's own `encode(to:)`.
    package static func append(
        _ value: some Encodable, to bytes: inout [UInt8], maximumDepth: Int = JSONLimits.messageDepth
    ) throws {
        let start = bytes.count
        let encoding = JSONEncoding(maximumDepth: maximumDepth)
        // The bytes are moved there and back, not copied.
        swap(&encoding.output.bytes, &bytes)
        defer { swap(&encoding.output.bytes, &bytes) }
        do {
            try encoding.encode(value)
            try encoding.finish()
        } catch {
            encoding.output.bytes.removeSubrange(start...)
            throw error
        }
    }

    /// A value as JSON text.
    package static func encode(_ value: some Encodable, maximumDepth: Int = JSONLimits.messageDepth) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try append(value, to: &bytes, maximumDepth: maximumDepth)
        return bytes
    }
}
