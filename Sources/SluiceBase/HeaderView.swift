/// The position of one header line in the bytes of a request or an answer.
package struct HeaderField: Sendable, Hashable {
    /// The name, in its original case.
    package var name: Range<Int>
    /// The value, without the white space around it.
    package var value: Range<Int>

    package init(name: Range<Int>, value: Range<Int>) {
        self.name = name
        self.value = value
    }
}

/// The header lines of one message, over the received bytes; nothing is copied until it is requested.
package struct HeaderView: ~Escapable {
    private let bytes: Span<UInt8>
    private let fields: [HeaderField]

    /// - Parameters:
    ///   - bytes: the bytes of the ranges in `fields`.
    ///   - fields: in the order of arrival.
    @_lifetime(copy bytes)
    package init(bytes: Span<UInt8>, fields: [HeaderField]) {
        self.bytes = bytes
        self.fields = fields
    }

    package var count: Int { fields.count }

    /// The name of a field, as received.
    @_lifetime(copy self)
    package func name(at index: Int) -> Span<UInt8> { bytes.extracting(fields[index].name) }

    /// The value of a field, without the white space around it.
    @_lifetime(copy self)
    package func value(at index: Int) -> Span<UInt8> { bytes.extracting(fields[index].value) }

    /// The position of the first line with this name from `start` on.
    ///
    /// - Parameter name: in lower case; names are compared without case (RFC 9110 §5.1).
    package func firstIndex(of name: HeaderName, from start: Int = 0) -> Int? {
        var index = start
        while index < fields.count {
            if name.matches(bytes.extracting(fields[index].name)) { return index }
            index += 1
        }
        return nil
    }

    /// The value of the first line with this name, as text.
    package func text(of name: HeaderName) -> String? {
        firstIndex(of: name).map { value(at: $0).text }
    }
}

/// A header name to search for, converted to lower case once, when the route or the program is loaded.
package struct HeaderName: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// In lower case.
    package let lowercased: [UInt8]

    package init(_ name: String) { lowercased = Array(name.lowercased().utf8) }
    package init(stringLiteral name: String) { self.init(name) }
    package init(lowercased: [UInt8]) { self.lowercased = lowercased }

    /// In lower case.
    package var description: String { String(decoding: lowercased, as: UTF8.self) }

    /// Whether `name`, in any case, is this one.
    package func matches(_ name: Span<UInt8>) -> Bool { name.equalsIgnoringCase(lowercased.span) }
}
