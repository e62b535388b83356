import SluiceJSON
import Testing

/// What a scan of `text` says: `nil` if it is accepted, else why and where it is refused.
func refusal(of text: String, maximumDepth: Int = JSONLimits.bulkDepth) -> String? {
    refusal(of: Array(text.utf8), maximumDepth: maximumDepth)
}

func refusal(of bytes: [UInt8], maximumDepth: Int = JSONLimits.bulkDepth) -> String? {
    var findings = JSONFindings()
    do throws(JSONError) {
        try JSONScanner.scan(bytes.span, paths: .none, maximumDepth: maximumDepth, into: &findings)
        return nil
    } catch {
        return error.description
    }
}

/// What a scan of `text` finds at each of `paths`: the exact text there.
func found(in text: String, _ paths: JSONPath...) throws -> [String?] {
    let bytes = Array(text.utf8)
    var findings = JSONFindings()
    try JSONScanner.scan(bytes.span, paths: JSONPathSet(paths), into: &findings)
    return paths.indices.map { findings.range(of: $0).map { String(decoding: bytes[$0], as: UTF8.self) } }
}

/// `[[[…]]]`, so many levels deep.
func nested(_ levels: Int) -> String { String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }

extension JSONPath: ExpressibleByStringLiteral {
    /// `a.b.0`: keys, and positions where a step is all digits; enough for the paths of these tests.
    public init(stringLiteral path: String) {
        self.init(path.split(separator: ".").map { step in Int(step).map { .index($0) } ?? .key(String(step)) })
    }
}
