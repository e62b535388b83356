import Foundation
import Testing

/// The plan of the code base: which folder may use which, how small a file may be, what a declaration and a text look
/// like.
@Suite(.serialized) struct StructureTests {
    enum Rule: String, CaseIterable {
        case arrow, short, labels, noun, comments, columns, voice

        /// A sentence for each place that breaks the rule.
        var violations: [String] {
            switch self {
            case .arrow: FolderPlan.violations
            case .short: StructureTests.short
            case .labels: StructureTests.labels
            case .noun: StructureTests.noun
            case .comments: StructureTests.comments
            case .columns: StructureTests.columns
            case .voice: VoicePlan.violations
            }
        }
    }

    @Test("the code base follows its plan", arguments: Rule.allCases)
    func plan(rule: Rule) { for violation in rule.violations { Issue.record("\(violation)") } }

    /// Names that a sentence may begin with.
    private static let properNames: Set<Substring> = ["Stripe", "Zizq", "Prometheus", "Codable", "Base64", "Swift"]

    @Test("the output of a compiler is not at the top level") func topLevel() throws {
        let endings = [
            ".h", ".o", ".d", ".swiftmodule", ".swiftdoc", ".swiftinterface", ".swiftsourceinfo", ".abi.json",
        ]
        let names = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path)
        #expect(names.filter { name in endings.contains(where: name.hasSuffix) } == [])
    }

    @Test("a test is named by a sentence in lower case", arguments: SourceTree.tests)
    func testNames(file: SwiftFile) {
        for match in file.file.text.matches(of: /@Test\b(?!`)(?:\(\s*#?"([^"\s]+))?/) {
            // In this file the word is also part of a pattern.
            guard file.path != "Tests/TidyTests/StructureTests.swift" else { return }
            guard let word = match.1 else {
                Issue.record("\(file.path): a test without a sentence")
                continue
            }
            let name = word.prefix { $0.isLetter || $0.isNumber }
            let isCapital = name.first?.isUppercase == true && !name.dropFirst().contains { $0.isUppercase }
            #expect(
                !isCapital || name.count == 1 || Self.properNames.contains(name),
                "\(file.path): a test begins with '\(word)'")
        }
    }

    // MARK: - Files and declarations

    /// Files with fewer than 30 lines of code, by path, each with its reason.
    private static let shortFiles: [String: String] = [
        "Sources/EmbedPresets/EmbedPresets.swift": "a plugin of the build, which needs a separate target",
        "Sources/SluiceNet/ProcessLimits.swift": "what the process asks of the system once, at its start",
    ]

    private static var short: [String] {
        SourceTree.sources.compactMap { file in
            let lines = file.code.count { line in line.contains { !$0.isWhitespace } }
            switch (lines < 30, shortFiles[file.path] != nil) {
            case (true, false): return "\(file.path) has \(lines) lines of code; put them where they serve"
            case (false, true): return "\(file.path) has \(lines) lines of code: it is no exception any more"
            case (true, true), (false, false): return nil
            }
        }
    }

    private static var labels: [String] {
        SourceTree.sources.flatMap { file in
            file.functionHeads.compactMap { line, name, parameters in
                let unlabelled = parameters.count { $0.hasPrefix("_ ") }
                guard unlabelled >= 3 else { return nil }
                let message = "\(file.path):\(line): \(name) has \(unlabelled) parameters without a label"
                return message
            }
        }
    }

    /// A type that is an `Error`, also by way of a protocol whose name must end in it as well.
    private static var errorDeclaration: Regex<(Substring, Substring)> {
        /\b(?:struct|enum|class|actor|protocol|extension)\s+([\w.]+)(?:<[^>{]*>)?\s*:[^{]*\b\w*Error\b/
    }

    private static var noun: [String] {
        SourceTree.sources.flatMap { file in
            file.code.joined(separator: "\n").matches(of: errorDeclaration).compactMap { match in
                match.1.hasSuffix("Error") ? nil : "\(file.path): \(match.1) is an Error; its name ends with 'Error'"
            }
        }
    }

    /// Functions whose protocol says what they do.
    private static let witnesses: Set = [
        "hash", "becameReady", "deadlinePassed", "log", "wallMilliseconds", "monotonicNanoseconds", "add",
        "beginElement", "sender", "refused",
    ]

    /// Types and functions that other modules use, without a doc comment.
    private static var comments: [String] {
        let declaration =
            /^ *(?:(?:package|static|final|mutating|indirect) )+(?:func|struct|enum|class|protocol|actor) (\w+)/
        return SourceTree.sources.flatMap { file in
            file.code.enumerated().compactMap { index, line in
                guard line.contains("package "), let match = line.firstMatch(of: declaration),
                    !witnesses.contains(String(match.1)),
                    let above = file.file.lines[..<index].last(where: { !$0.drop(while: \.isWhitespace).hasPrefix("@") }
                    ),
                    !above.drop(while: \.isWhitespace).hasPrefix("///")
                else { return nil }
                let message = "\(file.path):\(index + 1): say what '\(match.1)' is, in a '///' comment"
                return message
            }
        }
    }

    private static var columns: [String] {
        let benchmarks = SourceTree.swiftFiles(below: "Benchmarks")
        let sources = (SourceTree.sources + benchmarks).map { ($0, $0.file.lines.map(String.init)) }
        // What tests send and expect may be longer: strings, which are blank in the code, count one column each.
        // Patterns cannot be wrapped, and what a program wrote is not read.
        let tests = SourceTree.tests.filter { !($0.file.lines.first?.contains("Do not edit") ?? false) }.map { file in
            let lines = zip(file.code, file.file.lines).map { code, line in
                if line.trimmingPrefix(/\s*/).hasPrefix("//") { return String(line) }
                return code.hasPattern ? "" : code.replacing(/[ ]{2,}/) { _ in " " }
            }
            return (file, lines)
        }
        return (sources + tests).compactMap { file, lines in
            guard let index = lines.firstIndex(where: { $0.trimmingSuffix(while: \.isWhitespace).count > 120 }) else {
                return nil
            }
            return "\(file.path):\(index + 1) has more than 120 columns"
        }
    }
}

extension String {
    /// Whether the line is a regular expression.
    fileprivate var hasPattern: Bool { contains(/^\s*\/.*\/$/) }
}

/// Which folder of a module may use which.
private enum FolderPlan {
    /// The folders of each module, lowest first: a file uses types of its own folder and of those before it. The
    /// module's own folder has the name "". A module without a row has files in that folder only.
    static let folders: [String: [String]] = [
        "SluiceCrypto": ["", "Certificates"],
        "SluiceGateway": ["Settings", "Observe", "Ingest", "Services", "Control", ""],
        "SluiceHTTP": ["Message", "Client", "Server"],
        "SluiceOutbox": ["", "Keys", "SQLite", "Schema", "Files", "Model", "Reader", "Store", "Writer"],
        "SluiceRoutes": ["References", "Body", "Admission", "Rules", "Verify", "Handshake", ""],
        "SluiceRouteFiles": ["Language", "Providers", "Lint", "Compiler", "Reload"],
        "SluiceRouteTools": ["", "Examples", "Check", "Explain", "Schema", "Types", "Providers"],
        "Zizq": ["Errors", "Configuration", "Coding", "Jobs", "Answers", "Client", "Query", "Bulk", "Work"],
        "sluice": ["Terminal", "Commands", ""],
    ]

    static var violations: [String] {
        Dictionary(grouping: SourceTree.sources, by: \.module).flatMap { violations(of: $0, files: $1) }
    }

    private static func violations(of module: String, files: [SwiftFile]) -> [String] {
        let order = folders[module] ?? [""]
        let homes = Dictionary(files.flatMap { file in file.typeNames.map { ($0, [file.folder] as Set) } }) {
            $0.union($1)
        }
        return files.flatMap { file in
            let allowed = order.prefix { $0 != file.folder } + [file.folder]
            return file.words.compactMap { word -> String? in
                guard let home = homes[word], home.count == 1, let folder = home.first, !allowed.contains(folder) else {
                    return nil
                }
                let message = "\(file.path) uses \(word) of '\(folder)', which is not below '\(file.folder)'"
                return message
            }
        }
    }
}

/// Words that `CONTRIBUTING.md` tells authors to avoid, in texts, documents and comments.
private enum VoicePlan {
    /// Not allowed in documents, and in code, texts and comments of sources and tests.
    private static let words = [
        "in force", "whoever", "anew", "what came of", "what comes of", "at hand", "for want of", "all the same",
        "of our own", "mend", "mends", "mended", "convict", "genuine", "stands still", "well again", "grave",
        "has not got", "have not got", "to be had", "that is none", "which is none", "to blame", "look away",
        "stranger", "strangers",
    ]

    /// Not allowed in comments: words with a plainer one of the same meaning.
    private static let commentWords = [
        "beside", "stands in", "stand in", "passed over", "is gone", "turned away", "turns away", "tried again",
        "try again", "tries again", "what became of", "what becomes of", "becomes of", "anybody", "somebody",
        "under way", "looked at",
    ]

    static var violations: [String] {
        // These contain the words as examples.
        let exempt = ["CONTRIBUTING.md", "Tests/TidyTests/StructureTests.swift"]
        let others = ["Tests", "Benchmarks"].flatMap { folder in
            [".md", ".py", ".yaml", "/run", "/providers", "/scale", "/relay", "/client", "/counts"].flatMap {
                SourceTree.files(below: folder, ending: $0)
            }
        }
        let swift = SourceTree.sources + SourceTree.tests + SourceTree.swiftFiles(below: "Benchmarks")
        let files = SourceTree.documents + others + swift.map(\.file)
        return files.filter { !exempt.contains($0.path) }.flatMap { violations(in: $0) }
    }

    private static func violations(in file: TextFile) -> [String] {
        let lines = file.text.lowercased().split(separator: "\n").map { $0.drop { $0 == " " } }
        let mark = file.path.hasSuffix(".swift") ? "//" : "#"
        let comments = file.path.hasSuffix(".md") ? [] : lines.filter { $0.hasPrefix(mark) }
        return (found(words, in: lines) + found(commentWords, in: comments)).map { "\(file.path): '\($0)'" }
    }

    /// - Returns: the words that occur, also where a phrase continues on the next line.
    private static func found(_ words: [String], in lines: [Substring]) -> [String] {
        let text = lines.map { $0.drop { "/# ".contains($0) } }.joined(separator: " ")
        return words.filter { word in
            text.ranges(of: word).contains { range in
                !(text[..<range.lowerBound].last?.isLetter ?? false)
                    && !(text[range.upperBound...].first?.isLetter ?? false)
            }
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return rest
    }
}

extension SwiftFile {
    /// The folder inside the module: "" for the module's own.
    var folder: String { path.split(separator: "/").dropFirst(2).dropLast().joined(separator: "/") }

    /// The types that the file declares for other files.
    var typeNames: [String] {
        let pattern =
            /^(?:@\w+(?:\(\w+\))? )*(?:(?:public|package|internal|final|indirect) )*(?:struct|class|enum|protocol|actor|typealias) (\w+)/
        return code.compactMap { line in line.firstMatch(of: pattern).map { String($0.1) } }
    }

    /// The words of the code that begin with a capital.
    var words: Set<String> {
        var found: Set<String> = []
        for line in code {
            for word in line.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") })
            where word.first?.isUppercase == true {
                found.insert(String(word))
            }
        }
        return found
    }

    /// The functions and initialisers with their parameters as they are written.
    fileprivate var functionHeads: [(line: Int, name: String, parameters: [Substring])] {
        let text = code.joined(separator: "\n")
        return text.matches(
            of: /\b(?:func\s+(\w+|[^\w\s(]+)|(init|subscript)[?!]?)\s*(?:<(?:[^<>(]|<[^<>]*>)*>)?\(/
        ).map { match in
            let line = text[..<match.range.lowerBound].count { $0 == "\n" } + 1
            let name = String(match.1 ?? match.2 ?? "")
            return (line, name, Self.parameters(text[match.range.upperBound...]))
        }
    }

    /// What stands between the commas up to the closing parenthesis.
    private static func parameters(_ text: Substring) -> [Substring] {
        var depth = 0
        var parts: [Substring] = []
        var start = text.startIndex
        for index in text.indices {
            switch text[index] {
            case "(", "[": depth += 1
            case "]": depth -= 1
            case ")":
                if depth == 0 { return parts + [trimmed(text[start..<index])] }
                depth -= 1
            case "," where depth == 0:
                parts.append(trimmed(text[start..<index]))
                start = text.index(after: index)
            default: break
            }
        }
        return parts
    }

    private static func trimmed(_ part: Substring) -> Substring { part.drop { $0.isWhitespace } }
}
