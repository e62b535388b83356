internal import SluiceJSON

/// The members of an object during encoding.
struct JSONKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    private let encoding: JSONEncoding

    init(_ encoding: JSONEncoding) { self.encoding = encoding }

    var codingPath: [any CodingKey] { encoding.codingPath }

    private func integer(_ number: some FixedWidthInteger, _ key: Key) {
        encoding.output.writeKey(key)
        encoding.output.bytes.appendDecimal(number)
    }

    func encodeNil(forKey key: Key) throws {
        encoding.output.writeKey(key)
        encoding.writeNull()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        encoding.output.writeKey(key)
        encoding.write(value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        encoding.output.writeKey(key)
        encoding.output.bytes.appendJSONString(value)
    }

    func encode(_ value: some BinaryFloatingPoint & LosslessStringConvertible & Encodable, forKey key: Key) throws {
        encoding.output.writeKey(key)
        try encoding.write(value, at: key)
    }

    func encode(_ value: some FixedWidthInteger & Encodable, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: Int128, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: UInt128, forKey key: Key) throws { integer(value, key) }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        encoding.output.writeKey(key)
        try encoding.encode(value, at: key)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<
        Nested
    > {
        encoding.output.writeKey(key)
        return encoding.child(at: key).container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoding.output.writeKey(key)
        return encoding.child(at: key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        encoding.output.writeKey(JSONPathKey.superKey)
        return encoding.child(at: JSONPathKey.superKey)
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        encoding.output.writeKey(key)
        return encoding.child(at: key)
    }
}

/// The elements of an array during encoding.
struct JSONUnkeyedEncoding: UnkeyedEncodingContainer {
    private let encoding: JSONEncoding

    init(_ encoding: JSONEncoding) { self.encoding = encoding }

    var codingPath: [any CodingKey] { encoding.codingPath }
    var count: Int { if case .array(let count) = encoding.output.level { count } else { 0 } }

    private func integer(_ number: some FixedWidthInteger) {
        encoding.output.beginElement()
        encoding.output.bytes.appendDecimal(number)
    }

    func encodeNil() throws {
        encoding.output.beginElement()
        encoding.writeNull()
    }

    func encode(_ value: Bool) throws {
        encoding.output.beginElement()
        encoding.write(value)
    }

    func encode(_ value: String) throws {
        encoding.output.beginElement()
        encoding.output.bytes.appendJSONString(value)
    }

    func encode(_ value: some BinaryFloatingPoint & LosslessStringConvertible & Encodable) throws {
        let index = count
        encoding.output.beginElement()
        try encoding.write(value, at: JSONPathKey(index))
    }

    func encode(_ value: some FixedWidthInteger & Encodable) throws { integer(value) }
    func encode(_ value: Int128) throws { integer(value) }
    func encode(_ value: UInt128) throws { integer(value) }

    func encode(_ value: some Encodable) throws {
        let index = count
        encoding.output.beginElement()
        try encoding.encode(value, at: JSONPathKey(index))
    }

    private func child() -> JSONEncoding {
        let index = count
        encoding.output.beginElement()
        return encoding.child(at: JSONPathKey(index))
    }

    func nestedContainer<Nested: CodingKey>(keyedBy keyType: Nested.Type) -> KeyedEncodingContainer<Nested> {
        child().container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }

    func superEncoder() -> any Encoder { child() }
}

/// A single value, not a separate object or array.
struct JSONSingleEncoding: SingleValueEncodingContainer {
    private let encoding: JSONEncoding

    init(_ encoding: JSONEncoding) { self.encoding = encoding }

    var codingPath: [any CodingKey] { encoding.codingPath }

    private func integer(_ number: some FixedWidthInteger) {
        encoding.beginScalar()
        encoding.output.bytes.appendDecimal(number)
    }

    func encodeNil() throws {
        encoding.beginScalar()
        encoding.writeNull()
    }

    func encode(_ value: Bool) throws {
        encoding.beginScalar()
        encoding.write(value)
    }

    func encode(_ value: String) throws {
        encoding.beginScalar()
        encoding.output.bytes.appendJSONString(value)
    }

    func encode(_ value: some BinaryFloatingPoint & LosslessStringConvertible & Encodable) throws {
        encoding.beginScalar()
        try encoding.write(value, at: nil)
    }

    func encode(_ value: some FixedWidthInteger & Encodable) throws { integer(value) }
    func encode(_ value: Int128) throws { integer(value) }
    func encode(_ value: UInt128) throws { integer(value) }

    func encode(_ value: some Encodable) throws {
        encoding.beginScalar()
        try encoding.encode(value)
    }
}
