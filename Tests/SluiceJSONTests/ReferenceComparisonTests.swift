import SluiceBase
import SluiceJSON
import TestSupport
import Testing

@Suite("scanner and reader against a slow reference", .serialized)
struct ReferenceComparisonTests {
    @Test("every path leads to the same value as in a tree", arguments: UInt64(0)..<8)
    func paths(seed: UInt64) throws {
        var source = RandomJSON(random: SeededRandom(seed: seed))
        var findings = JSONFindings()
        for _ in 0..<250 {
            let text = Array(source.text(depth: Int.random(in: 1...8, using: &source.random)).utf8)
            let tree = try #require(ReferenceJSON.parse(text, maximumDepth: JSONLimits.bulkDepth))
            let paths = (0..<12).map { _ in source.path() }
            try JSONScanner.scan(text.span, paths: JSONPathSet(paths), into: &findings)
            for (position, path) in paths.enumerated() {
                let expected = tree.value(at: path.steps)
                #expect(
                    findings.range(of: position) == expected?.range,
                    "\(path.steps) in \(String(decoding: text, as: UTF8.self))")
                #expect(findings.kind(of: position) == expected?.kind)
            }
        }
    }

    @Test(
        "a damaged text is accepted exactly if the reference accepts it, by scanner and reader alike",
        arguments: UInt64(100)..<108)
    func validity(seed: UInt64) {
        var source = RandomJSON(random: SeededRandom(seed: seed))
        var accepted = 0
        for _ in 0..<1_000 {
            let text = source.damaged(Array(source.text(depth: Int.random(in: 0...5, using: &source.random)).utf8))
            let isValid = ReferenceJSON.parse(text, maximumDepth: 4) != nil
            accepted += isValid ? 1 : 0
            #expect((refusal(of: text, maximumDepth: 4) == nil) == isValid, "\(String(decoding: text, as: UTF8.self))")
            #expect(isReadable(text, maximumDepth: 4) == isValid, "\(String(decoding: text, as: UTF8.self))")
        }
        #expect(accepted > 50 && accepted < 950)
    }

    private func isReadable(_ text: [UInt8], maximumDepth: Int) -> Bool {
        var reader = JSONReader(text.span, maximumDepth: maximumDepth, acceptsLoneSurrogates: true)
        do throws(JSONError) {
            try readAll(&reader)
            try reader.finish()
            return true
        } catch {
            return false
        }
    }

    /// Reads every value by the call that is meant for its kind.
    private func readAll(_ reader: inout JSONReader) throws(JSONError) {
        switch try reader.peek() {
        case .object:
            try reader.beginObject()
            while try reader.nextKey() != nil { try readAll(&reader) }
        case .array:
            try reader.beginArray()
            while try reader.nextElement() { try readAll(&reader) }
        case .string: _ = try reader.readString()
        case .number: try reader.skipValue()
        case .true, .false: _ = try reader.readBool()
        case .null: _ = try reader.readNull()
        }
    }
}
