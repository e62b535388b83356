import SluiceJSON
import Testing

@Suite("keys of objects, and integers, without their text", .serialized)
struct KeyTableTests {
    /// The positions of an object's keys in a table.
    private func positions(_ text: String, _ keys: [String]) throws -> [Int?] {
        let table = JSONKeyTable(keys)
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        var positions: [Int?] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            positions.append(key.position(in: table))
            try reader.skipValue()
        }
        return positions
    }

    @Test("a key is found by its bytes, escapes resolved, and nothing shorter, longer or differently written is")
    func found() throws {
        let keys = ["id", "name", "e", "é", "", "a\"b"]
        #expect(try positions(#"{"name":1,"id":2,"\u0069d":3,"é":4,"":5,"a\"b":6}"#, keys) == [1, 0, 0, 3, 4, 5])
        #expect(
            try positions(#"{"nam":1,"names":2,"Name":3,"e\u0301":4,"\u00e9":5,"a\\b":6}"#, keys) == [
                nil, nil, nil, nil, 3, nil,
            ])
        #expect(try positions(#"{"id":1}"#, []) == [nil])
    }

    @Test("each of many keys is found at its place, and those between them are not")
    func many() throws {
        let keys = (0..<500).map { "key\($0 * 7 % 500 * 2)" }
        let object = "{" + (0..<1000).map { "\"key\($0)\":0" }.joined(separator: ",") + "}"
        #expect(try positions(object, keys) == (0..<1000).map { number in keys.firstIndex(of: "key\(number)") })
    }

    @Test(
        "an integer is what Zizq keeps digit by digit: neither fraction nor exponent, 64 bits, no negative zero",
        arguments: [
            ("0", true), ("7", true), ("-7", true), ("9223372036854775808", true), ("18446744073709551615", true),
            ("-9223372036854775808", true), ("18446744073709551616", false), ("-9223372036854775809", false),
            ("-0", false), ("1.0", false),
            ("1e2", false), ("1E2", false), ("-1.5", false), ("0.0", false), ("100000000000000000000000", false),
        ])
    func integers(text: String, expected: Bool) throws {
        let bytes = Array("\(text) ".utf8)
        var reader = JSONReader(bytes.span)
        #expect(try reader.skipInteger() == expected)
        try reader.finish()
    }

    @Test("a value that is not a number is left unread")
    func noNumber() throws {
        let bytes = Array("true".utf8)
        var reader = JSONReader(bytes.span)
        do throws(JSONError) {
            _ = try reader.skipInteger()
            Issue.record("true is no number")
        } catch {
            #expect(error == JSONError(.wrongKind(expected: .number, found: .true), at: 0))
        }
        let read = try reader.readBool()
        #expect(read)
    }
}
