internal import SluiceJSON

/// The members of an object during decoding.
struct JSONKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let decoding: JSONDecoding
    /// The positions of the values of a large object by key; a small one is searched linearly.
    private let indices: [[UInt8]: Int]?

    /// The number of entries above which a table is faster than a linear search.
    private static var smallest: Int { 64 }

    init(_ decoding: JSONDecoding) {
        self.decoding = decoding
        let document = decoding.document
        guard document.next(decoding.index) - decoding.index > Self.smallest else {
            indices = nil
            return
        }
        var indices: [[UInt8]: Int] = [:]
        var entry = decoding.index + 1
        while entry < document.next(decoding.index) {
            indices[document.keyBytes(entry)] = entry + 1
            entry = document.next(entry + 1)
        }
        self.indices = indices
    }

    var codingPath: [any CodingKey] { decoding.codingPath }

    var allKeys: [Key] {
        var keys: [Key] = []
        var seen: Set<[UInt8]> = []
        var entry = decoding.index + 1
        while entry < decoding.document.next(decoding.index) {
            let text = decoding.document.text(entry)
            if let key = Key(stringValue: text), seen.insert(decoding.document.keyBytes(entry)).inserted {
                keys.append(key)
            }
            entry = decoding.document.next(entry + 1)
        }
        return keys
    }

    /// The entry of a key's value. The last of several equal keys counts.
    @inline(__always)
    private func index(_ key: some CodingKey) -> Int? {
        if let indices { return indices[Array(key.stringValue.utf8)] }
        let document = decoding.document
        let name = key.stringValue
        let bytes = name.utf8Span.span
        var found: Int?
        var entry = decoding.index + 1
        let end = document.next(decoding.index)
        while entry < end {
            if document.key(entry, equals: bytes) { found = entry + 1 }
            entry = document.next(entry + 1)
        }
        return found
    }

    @inline(__always)
    private func value(_ key: some CodingKey) throws -> JSONDecoding {
        guard let index = index(key) else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: codingPath, debugDescription: "the member '\(key.stringValue)' is missing"))
        }
        return JSONDecoding(decoding.document, at: index, path: codingPath + [key])
    }

    func contains(_ key: Key) -> Bool { index(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try value(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key).string() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key).floating(type) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key).floating(type) }
    func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try value(key).integer(type)
    }
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try value(key).integer(type) }
    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try value(key).integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try value(key).decode(type) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
        -> KeyedDecodingContainer<Nested>
    {
        try value(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try value(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { try value(JSONPathKey.superKey) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try value(key) }
}

/// The elements of an array during decoding.
struct JSONUnkeyedDecoding: UnkeyedDecodingContainer {
    private let decoding: JSONDecoding
    private let end: Int
    private var entry: Int
    private(set) var currentIndex = 0

    init(_ decoding: JSONDecoding) {
        self.decoding = decoding
        end = decoding.document.next(decoding.index)
        entry = decoding.index + 1
    }

    var codingPath: [any CodingKey] { decoding.codingPath }
    var isAtEnd: Bool { entry >= end }

    var count: Int? {
        var count = 0
        var entry = decoding.index + 1
        while entry < end {
            count += 1
            entry = decoding.document.next(entry)
        }
        return count
    }

    private func here(_ type: Any.Type) throws -> JSONDecoding {
        let path = codingPath + [JSONPathKey(currentIndex)]
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                type, .init(codingPath: path, debugDescription: "the array has only \(currentIndex) elements"))
        }
        return JSONDecoding(decoding.document, at: entry, path: path)
    }

    /// Reads an element and advances, unless reading fails.
    private mutating func take<Value>(_ type: Value.Type, _ read: (JSONDecoding) throws -> Value) throws -> Value {
        let value = try read(try here(type))
        entry = decoding.document.next(entry)
        currentIndex += 1
        return value
    }

    private mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        try take(type) { try $0.integer(type) }
    }

    mutating func decodeNil() throws -> Bool {
        guard try here(Never.self).isNull else { return false }
        return try take(Bool.self) { _ in true }
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try take(type) { try $0.bool() } }
    mutating func decode(_ type: String.Type) throws -> String { try take(type) { try $0.string() } }
    mutating func decode(_ type: Double.Type) throws -> Double { try take(type) { try $0.floating(type) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try take(type) { try $0.floating(type) } }
    mutating func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type) throws -> Value { try integer(type) }
    mutating func decode(_ type: Int128.Type) throws -> Int128 { try integer(type) }
    mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try integer(type) }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try take(type) { try $0.decode(type) }
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested>
    {
        try take(KeyedDecodingContainer<Nested>.self) { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try take((any UnkeyedDecodingContainer).self) { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try take((any Decoder).self) { $0 } }
}

/// A single value during decoding.
struct JSONSingleDecoding: SingleValueDecodingContainer {
    private let decoding: JSONDecoding

    init(_ decoding: JSONDecoding) { self.decoding = decoding }

    var codingPath: [any CodingKey] { decoding.codingPath }

    func decodeNil() -> Bool { decoding.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try decoding.bool() }
    func decode(_ type: String.Type) throws -> String { try decoding.string() }
    func decode(_ type: Double.Type) throws -> Double { try decoding.floating(type) }
    func decode(_ type: Float.Type) throws -> Float { try decoding.floating(type) }
    func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type) throws -> Value { try decoding.integer(type) }
    func decode(_ type: Int128.Type) throws -> Int128 { try decoding.integer(type) }
    func decode(_ type: UInt128.Type) throws -> UInt128 { try decoding.integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoding.decode(type) }
}
