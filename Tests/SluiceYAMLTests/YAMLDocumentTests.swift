import SluiceYAML
import Testing

@Suite(.serialized) struct YAMLDocumentTests {
    @Test("mappings, lists and flow forms are read in the order of the file")
    func shapes() {
        let text = """
            # a comment
            kinds:
              b: { x: 1, "y z": [on, 2] }
              a: []
            routes:
              - name: one   # another
                on: {}
              - two
            """
        #expect(
            notation(parse(text).root)
                == "{kinds: {b: {x: 1, y z: [\"on\", 2]}, a: []}, routes: [{name: \"one\", on: {}}, \"two\"]}")
        #expect(problems(text) == [])
    }

    @Test("every key and value knows its line and column, counted in characters from 1")
    func positions() throws {
        let root = try #require(parse("é: 1\n\"ü🙂\": [ä, {b: c}]\r\nlast:\n  - x\n").root)
        guard case .mapping(let entries) = root.content else { throw Missing() }
        #expect(
            entries.map { "\($0.key) \($0.position.line):\($0.position.column)" } == ["é 1:1", "ü🙂 2:1", "last 3:1"])
        #expect(entries.map { "\($0.value.position.line):\($0.value.position.column)" } == ["1:4", "2:7", "4:3"])
        guard case .sequence(let list) = entries[1].value.content, case .mapping(let inner) = list[1].content else {
            throw Missing()
        }
        #expect(inner.map { "\($0.position.column) \($0.value.position.column)" } == ["12 15"])
    }

    @Test("a byte-order mark and CRLF change nothing, columns included")
    func windowsFiles() throws {
        let document = YAMLDocument.parse([0xEF, 0xBB, 0xBF] + Array("a: 1\r\nb: |\r\n  x\r\n  y\r\n".utf8), file: "f")
        #expect(notation(document.root) == "{a: 1, b: \"x\ny\n\"}")
        #expect(document.root?.position == YAMLPosition(line: 1, column: 1))
    }

    @Test("a file without a value has no root and no problem", arguments: ["", "\n\n", "# only a comment\n", "   "])
    func emptyFiles(text: String) {
        #expect(notation(parse(text).root) == "nothing")
        #expect(problems(text) == [])
        #expect(!parse(text).isBroken)
    }

    @Test("keys are text, for any notation")
    func keys() {
        #expect(
            notation(parse("on: 1\n1: 2\ntrue: 3\nnull: 4\n'<<': 5\n").root) == "{on: 1, 1: 2, true: 3, null: 4, <<: 5}"
        )
    }

    @Test("a reference in a block needs no quotes")
    func references() {
        #expect(
            notation(parse("a: ${body.x[0].y}\nb: p-${event}#1\n").root)
                == "{a: \"${body.x[0].y}\", b: \"p-${event}#1\"}")
        #expect(problems("a: ${body.x[0].y}\nb: p-${event}#1\n") == [])
    }

    private struct Missing: Error {}
}
