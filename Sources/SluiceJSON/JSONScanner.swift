/// Checks a JSON text and finds values in it, in one pass over the bytes.
///
/// It accepts what Zizq accepts as a payload, so that a job which passed here cannot make a whole batch unreadable there: RFC 8259
/// without extensions, well-formed UTF-8, no byte-order mark, finite numbers, bounded nesting. The one exception is an escaped surrogate
/// without its other half, which is accepted and noted; `appendRepairingSurrogates` replaces it before the text is sent.
package enum JSONScanner {
    /// Scans `bytes` from its first to its last.
    ///
    /// Runs on any thread. Nothing recurses: depth costs memory of `findings` and no stack.
    ///
    /// - Parameters:
    ///   - paths: what to look for. Of members with the same key the last one counts, as in Zizq.
    ///   - maximumDepth: how many arrays and objects may lie inside one another.
    ///   - findings: overwritten; empty if the scan throws.
    package static func scan(
        _ bytes: Span<UInt8>, paths: JSONPathSet, maximumDepth: Int = JSONLimits.bulkDepth, into findings: inout JSONFindings
    ) throws(JSONError) {
        findings.begin(paths)
        do throws(JSONError) {
            findings.depth = try pass(bytes, paths, maximumDepth, &findings)
        } catch {
            findings.reset()
            throw error
        }
    }

    /// - Returns: the deepest nesting.
    private static func pass(
        _ bytes: Span<UInt8>, _ paths: JSONPathSet, _ maximumDepth: Int, _ findings: inout JSONFindings
    ) throws(JSONError) -> Int {
        var walker = JSONWalker(JSONLexer(bytes), paths: paths, maximumDepth: maximumDepth)
        walker.exchange(with: &findings)
        defer { walker.exchange(with: &findings) }
        try walker.lexer.beginText()
        try walker.walk(from: JSONPathSet.rootNode)
        try walker.lexer.finishText()
        return walker.deepest
    }
}
