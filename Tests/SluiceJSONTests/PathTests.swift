import SluiceJSON
import Testing

@Suite("finding values by path", .serialized)
struct PathTests {
    @Test("a value is found with its exact bytes")
    func exactBytes() throws {
        let text = #" { "a" : { "b" : [ 1 , { "c" : "x\"y" } , -1.5e3 ] } , "d" : true } "#
        #expect(
            try found(in: text, "a", "a.b", "a.b.0", "a.b.1.c", "a.b.2", "d", "", "a.x", "a.b.3", "d.x", "a.0") == [
                #"{ "b" : [ 1 , { "c" : "x\"y" } , -1.5e3 ] }"#, #"[ 1 , { "c" : "x\"y" } , -1.5e3 ]"#, "1", #""x\"y""#,
                "-1.5e3", "true",
                #"{ "a" : { "b" : [ 1 , { "c" : "x\"y" } , -1.5e3 ] } , "d" : true }"#, nil, nil, nil, nil,
            ])
    }

    @Test("the kind of a value is returned")
    func kinds() throws {
        let names = ["o", "a", "s", "n", "t", "f", "z", "missing"]
        let paths = JSONPathSet(names.map { JSONPath([.key($0)]) })
        var findings = JSONFindings()
        try JSONScanner.scan(
            Array(#"{"o":{},"a":[],"s":"","n":0,"t":true,"f":false,"z":null}"#.utf8).span, paths: paths, into: &findings
        )
        #expect(
            names.indices.map { findings.kind(of: $0) } == [
                .object, .array, .string, .number, .true, .false, .null, nil,
            ])
        #expect(findings.kind(of: 8) == nil)
    }

    @Test("of members with the same key the last one counts, however its key is written")
    func lastWins() throws {
        #expect(try found(in: #"{"a":1,"a":2,"\u0061":3}"#, "a") == ["3"])
        #expect(try found(in: #"{"\u0061":3,"a":1}"#, "a") == ["1"])
    }

    @Test("a later member takes back what an earlier one had below it")
    func lastWinsBelow() throws {
        #expect(
            try found(in: #"{"a":{"b":1,"c":[7,8]},"a":{"c":[9]}}"#, "a.b", "a.c.0", "a.c.1", "a.c") == [
                nil, "9", nil, "[9]",
            ])
        #expect(try found(in: #"{"a":{"b":1},"a":2}"#, "a.b", "a") == [nil, "2"])
        #expect(try found(in: #"{"a":{"b":1},"x":{"a":2}}"#, "a.b", "x.a") == ["1", "2"])
    }

    @Test("keys are compared unescaped and byte for byte")
    func keys() throws {
        #expect(try found(in: #"{"full\u005fname":1}"#, "full_name") == ["1"])
        #expect(try found(in: #"{"\ud83d\ude00":1}"#, "😀") == ["1"])
        #expect(try found(in: #"{"\/\"\\\n":1}"#, JSONPath([.key("/\"\\\n")])) == ["1"])
        #expect(try found(in: #"{"":1}"#, JSONPath([.key("")])) == ["1"])
        #expect(try found(in: "{\"e\u{301}\":1}", "\u{E9}") == [nil])
        #expect(try found(in: #"{"A":1,"ab":2,"a ":3}"#, "a") == [nil])
    }

    @Test("half a surrogate pair in a key is the replacement character that it is sent as")
    func repairedKeys() throws {
        #expect(try found(in: #"{"x\ud800":1}"#, "x\u{FFFD}") == ["1"])
    }

    @Test("a position is for arrays and a key for objects")
    func stepKinds() throws {
        #expect(try found(in: #"{"0":"key"}"#, "0", JSONPath([.key("0")])) == [nil, "\"key\""])
        #expect(
            try found(in: "[1,[2,3],4]", "0", "1.1", "2", "3", JSONPath([.key("0")]), JSONPath([.index(-1)])) == [
                "1", "3", "4", nil, nil, nil,
            ])
    }

    @Test("the same path may be asked for twice, and canonically equivalent keys are two paths")
    func samePath() throws {
        #expect(try found(in: #"{"a":1}"#, "a", "a") == ["1", "1"])
        #expect(JSONPath("\u{E9}") != JSONPath("e\u{301}"))
        #expect(try found(in: "{\"\u{E9}\":1,\"e\u{301}\":2}", "\u{E9}", "e\u{301}") == ["1", "2"])
        #expect(Set([JSONPath("\u{E9}"), JSONPath("e\u{301}"), JSONPath("a.0"), JSONPath("a.0"), .root]).count == 4)
    }

    @Test("a scalar root has no members, and the empty set finds nothing")
    func scalarRoot() throws {
        #expect(try found(in: " 42 ", .root, "a") == ["42", nil])
        #expect(JSONPathSet.none.count == 0)
    }

    @Test("findings forget the last text, and a refused one leaves nothing")
    func reuse() throws {
        var findings = JSONFindings()
        let paths = JSONPathSet(["a"])
        try JSONScanner.scan(Array(#"{"a":"\ud800"}"#.utf8).span, paths: paths, into: &findings)
        #expect(findings.range(of: 0) == 5..<13)
        try JSONScanner.scan(Array(#"{"b":1}"#.utf8).span, paths: paths, into: &findings)
        #expect(findings.range(of: 0) == nil)
        #expect(findings.loneSurrogates == [])
        #expect(throws: JSONError.self) {
            try JSONScanner.scan(Array(#"{"a":"\ud800",}"#.utf8).span, paths: paths, into: &findings)
        }
        #expect(findings.range(of: 0) == nil)
        #expect(findings.loneSurrogates == [])
        #expect(findings.depth == 0)
    }
}
