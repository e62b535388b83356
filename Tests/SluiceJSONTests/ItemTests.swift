import SluiceJSON
import Testing

/// Paths that look into each element of an array.
@Suite(.serialized) struct ItemTests {
    @Test(
        "each element gives a value for each path, in one scan",
        arguments: [
            (#"[{"a":1},{"a":2}]"#, [[1, 2]]), (#"[]"#, [[]]), (#"[{"b":1},{"a":2}]"#, [[nil, 2]]),
            (#"[1,{"a":2},null]"#, [[nil, 2, nil]]),
        ] as [(String, [[Int?]])])
    func elements(text: String, expected: [[Int?]]) throws {
        let found = try Self.scan(text, [[.each], [.each, .key("a")]])
        #expect((0..<found.itemCount).map { Self.number(text, found, 1, $0) } == expected[0])
        #expect(found.itemMisses == 0)
    }

    @Test("paths through several arrays flatten them in the order of the text")
    func flattened() throws {
        let text = #"{"entry":[{"changes":[{"id":1},{"id":2}]},{"changes":[]},{"changes":[{"id":3}]}]}"#
        let each: [JSONPath.Step] = [.key("entry"), .each, .key("changes"), .each]
        let found = try Self.scan(text, [each, each + [.key("id")], [.key("entry")]])
        #expect((0..<found.itemCount).map { Self.number(text, found, 1, $0) } == [1, 2, 3])
        #expect(found.range(of: 2) == 9..<(text.utf8.count - 1))
        #expect(
            (0..<3).map { Self.text(text, found.range(of: 0, item: $0)) } == [#"{"id":1}"#, #"{"id":2}"#, #"{"id":3}"#])
    }

    @Test("a path to one element and paths into each of them do not disturb each other")
    func elementAndEach() throws {
        let text = #"{"l":[{"a":1,"b":{"c":7}},{"a":2,"b":{"c":8}}]}"#
        let each: [JSONPath.Step] = [.key("l"), .each]
        let found = try Self.scan(
            text, [each, each + [.key("b"), .key("c")], [.key("l"), .index(0), .key("a")], [.key("l"), .index(1)]])
        #expect((0..<2).map { Self.number(text, found, 1, $0) } == [7, 8])
        #expect(Self.number(text, found, 2, 0) == 1)
        #expect(Self.text(text, found.range(of: 3)) == #"{"a":2,"b":{"c":8}}"#)
        #expect(Self.text(text, found.range(of: 0, item: 0)) == #"{"a":1,"b":{"c":7}}"#)
    }

    @Test(
        "of equal keys on the way the last one has the elements",
        arguments: [
            (#"{"l":[{"a":1},{"a":2}],"l":[{"a":3}]}"#, [3]), (#"{"l":[{"a":1}],"l":[]}"#, []),
            (#"{"l":[{"a":1,"a":2}]}"#, [2]),
            (#"{"x":0,"l":[{"a":1}],"x":1}"#, [1]),
        ])
    func lastWins(text: String, expected: [Int]) throws {
        let found = try Self.scan(text, [[.key("l"), .each], [.key("l"), .each, .key("a")]])
        #expect((0..<found.itemCount).compactMap { Self.number(text, found, 1, $0) } == expected)
    }

    @Test("of equal keys inside of one element of the outer array only that element's results are removed")
    func lastWinsBelow() throws {
        let text = #"{"e":[{"c":[{"id":1}]},{"c":[{"id":2}],"c":[{"id":3},{"id":4}]}]}"#
        let each: [JSONPath.Step] = [.key("e"), .each, .key("c"), .each]
        let found = try Self.scan(text, [each, each + [.key("id")]])
        #expect((0..<found.itemCount).map { Self.number(text, found, 1, $0) } == [1, 3, 4])
    }

    @Test(
        "values that are missing or not an array are counted",
        arguments: [
            (#"{"e":[{"c":[1]}]}"#, 0), (#"{"e":[]}"#, 0), (#"{"e":[{"c":[]}]}"#, 0), (#"{}"#, 1), (#"{"e":null}"#, 1),
            (#"{"e":{}}"#, 1),
            (#"{"e":[{"c":[1]},{}]}"#, 1), (#"{"e":[{"c":1},{"c":null},7]}"#, 3), (#"[]"#, 1), (#"1"#, 1),
        ])
    func misses(text: String, expected: Int) throws {
        #expect(try Self.scan(text, [[.key("e"), .each, .key("c"), .each]]).itemMisses == expected)
    }

    @Test("elements beyond the limit are counted and not looked into")
    func limit() throws {
        let count = JSONFindings.maximumItems + 5
        let text = "[" + Array(repeating: "7", count: count).joined(separator: ",") + "]"
        let found = try Self.scan(text, [[.each]])
        #expect(found.itemCount == count)
        #expect(found.range(of: 0, item: JSONFindings.maximumItems - 1) != nil)
        #expect(found.range(of: 0, item: JSONFindings.maximumItems) == nil)
    }

    private static func scan(_ text: String, _ paths: [[JSONPath.Step]]) throws -> JSONFindings {
        var findings = JSONFindings()
        try JSONScanner.scan(Array(text.utf8).span, paths: JSONPathSet(paths.map { JSONPath($0) }), into: &findings)
        return findings
    }

    private static func text(_ text: String, _ range: Range<Int>?) -> String? {
        range.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
    }

    private static func number(_ text: String, _ found: JSONFindings, _ path: Int, _ item: Int) -> Int? {
        self.text(text, found.range(of: path, item: item)).flatMap { Int($0) }
    }
}
