internal import SluiceJSON

/// JSON that stands in a route file itself.
enum JSONLiteral {
    private static let root = JSONPathSet([.root])

    /// Whether the bytes are one string, number, `true`, `false` or `null` that Zizq takes, without blanks around it.
    static func isScalar(_ bytes: Span<UInt8>) -> Bool {
        var findings = JSONFindings()
        do {
            try JSONScanner.scan(bytes, paths: root, maximumDepth: 0, into: &findings)
        } catch {
            return false
        }
        return findings.range(of: 0) == 0..<bytes.count
    }
}
