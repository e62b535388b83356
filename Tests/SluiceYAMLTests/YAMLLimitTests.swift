import SluiceYAML
import Testing

@Suite(.serialized) struct YAMLLimitTests {
    @Test("a file over its size limit is not looked into")
    func bytes() {
        let document = YAMLDocument.parse([UInt8](repeating: 0x61, count: (1 << 20) + 1), file: "f")
        #expect(described(document.problems) == ["1:1: the file has 1048577 bytes; the limit is 1048576"])
    }

    @Test("64 levels are read, one more is refused")
    func depth() {
        #expect(problems(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) == [])
        #expect(
            problems(String(repeating: "[", count: 65) + String(repeating: "]", count: 65))
                == ["1:65: nested too deeply: the limit is 64 levels"])
    }

    @Test(
        "a mebibyte of nothing but nesting ends at the limit",
        arguments: ["[", "{a: ", "- ", "? ", "{? ", "[{"])
    func deepNesting(unit: String) {
        let document = parse(String(repeating: unit, count: (1 << 20) / unit.utf8.count))
        #expect(document.isBroken)
        #expect(document.problems.last?.message == "nested too deeply: the limit is 64 levels")
        #expect(document.problems.count <= 65)
    }

    @Test("values are counted, keys included, and reading ends at the limit")
    func nodes() {
        var limits = YAMLLimits()
        limits.nodes = 6
        #expect(problems("a: [1, 2, 3]\n", limits: limits) == [])
        #expect(parse("a: [1, 2, 3]\n").nodeCount == 6)
        #expect(problems("a: [1, 2, 3, 4]\n", limits: limits) == ["1:14: too many values: the limit is 6"])
    }

    @Test("an alias bomb is a list of problems, not an expansion")
    func aliasBomb() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...200 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n" }
        let document = parse(text)
        #expect(document.problems.count == 101)
        #expect(document.problems.last?.message == "too many problems; the rest of the file was not read")
        #expect(document.isBroken)
    }

    @Test("aliases as keys cost nothing either")
    func aliasKeys() {
        var text = "- &a0 {x: y}\n"
        for level in 1...40 { text += "- &a\(level) {? *a\(level - 1) : 1, ? [*a\(level - 1)] : 2}\n" }
        let document = parse(text)
        #expect(document.isBroken)
        #expect(document.problems.allSatisfy { !$0.message.isEmpty })
    }

    @Test("a mebibyte of distinct keys is read")
    func manyKeys() {
        var text = ""
        var count = 0
        while text.utf8.count < (1 << 20) - 32 {
            text += "key number \(count): 1\n"
            count += 1
        }
        guard case .mapping(let entries)? = parse(text).root?.content else {
            Issue.record("not a mapping")
            return
        }
        #expect(entries.count == count)
    }
}
