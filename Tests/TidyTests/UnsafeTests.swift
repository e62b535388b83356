import Testing

/// Where the compiler's checking is left, and that each such place says why it may.
@Suite(.serialized) struct UnsafeTests {
    private static let modules: Set<String> = ["SluiceBase", "SluiceNet", "SluiceCrypto", "SluiceOutbox", "SluiceYAML"]

    /// The lines, counted from 0, that leave the compiler's checking.
    private static func unsafeLines(_ file: SwiftFile) -> [Int] {
        file.code.indices.filter {
            file.code[$0].hasWord(of: ["unsafe", "@unchecked", "@safe"])
                && file.code[$0].firstMatch(
                    of: /(^|\W)unsafe\s|@unchecked\s+Sendable|nonisolated\(unsafe\)|@unsafe(\W|$)|@safe(\W|$)/)
                    != nil
        }
    }

    @Test("unsafe code is in the modules that talk to C and memory, and nowhere else", arguments: SourceTree.sources)
    func modules(file: SwiftFile) {
        guard !Self.modules.contains(file.module) else { return }
        for line in Self.unsafeLines(file) {
            Issue.record("\(file.path):\(line + 1): no unsafe code in \(file.module)")
        }
    }

    @Test("each unsafe place has a comment that says why it is sound", arguments: SourceTree.sources)
    func reasons(file: SwiftFile) {
        guard Self.modules.contains(file.module) else { return }
        for line in Self.unsafeLines(file) {
            #expect(Self.hasReason(file, line), "\(file.path):\(line + 1): say in a comment why this is sound")
        }
    }

    /// A comment in the function or right above its declaration, or one that holds for the whole type: above a stored
    /// pointer, saying who owns it, or in the type's documentation, saying why it is `@safe`.
    private static func hasReason(_ file: SwiftFile, _ line: Int) -> Bool {
        let enclosing = file.functions.filter { $0.lines.contains(line + 1) }.max {
            $0.lines.lowerBound < $1.lines.lowerBound
        }
        var first = enclosing.map { $0.lines.lowerBound - 1 } ?? line
        let last = enclosing.map { $0.lines.upperBound - 1 } ?? line
        while first > 0, isCommentOrAttribute(file.file.lines[first - 1]) { first -= 1 }
        // A function that is itself `@unsafe` leaves the reason to each of its callers.
        return (first...last).contains { isComment(file, $0) || file.code[$0].contains("@unsafe") }
            || holdsForType(file)
    }

    private static func holdsForType(_ file: SwiftFile) -> Bool {
        file.code.indices.dropFirst().contains { line in
            guard isComment(file, line - 1) else { return false }
            if file.file.lines[line - 1].contains("`@safe`") { return true }
            return file.code[line].firstMatch(
                of: /^\s+((package|private|internal)\s+)*(let|var)\s+\w+:\s*(OpaquePointer|Unsafe)/) != nil
        }
    }

    private static func isComment(_ file: SwiftFile, _ line: Int) -> Bool {
        file.file.lines[line].contains("//") && !file.code[line].contains("//")
    }

    private static func isCommentOrAttribute(_ line: Substring) -> Bool {
        let text = line.drop { $0 == " " }
        return text.hasPrefix("//") || text.hasPrefix("@")
    }

    @Test("the check sees a place with a reason and one without")
    func check() {
        let text = """
            // Why it is sound.
            final class A: @unchecked Sendable {}

            final class B: @unchecked Sendable {}
            func f() {
                g()
                unsafe h()
            }
            func k() {
                // The pointer is valid here.
                unsafe h()
            }
            """
        let owner = """
            struct C: ~Copyable {
                // Freed here alone.
                private let pointer: OpaquePointer
                deinit { unsafe free(pointer) }
            }
            """
        let file = SwiftFile(TextFile(path: "Sources/SluiceNet/X.swift", text: text))
        #expect(Self.unsafeLines(file) == [1, 3, 6, 10])
        #expect(Self.unsafeLines(file).map { Self.hasReason(file, $0) } == [true, false, false, true])
        let owning = SwiftFile(TextFile(path: "Sources/SluiceNet/C.swift", text: owner))
        #expect(Self.unsafeLines(owning).map { Self.hasReason(owning, $0) } == [true])
    }
}
