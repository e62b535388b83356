internal import Foundation
import Testing

/// The guide to the client, `docs/zizq`: its suites, and the jobs that its examples are about.
enum Guide {}

/// A page of the guide, and the examples of it that a test runs: each is in the test's source between `// example
/// NAME` and `// end`, and in the page as a block of Swift, word for word.
struct GuidePage {
    struct Example: Equatable {
        let name: String
        let text: String
    }

    /// First lines of blocks that are no part of a program's inside: `ZizqPackageTests` builds and runs what they
    /// begin.
    private static let runAsPackages = ["// swift-tools-version: 6.2", "// Package.swift", "import Zizq"]

    let path: String
    let text: String
    /// The page's blocks of Swift.
    let blocks: [String]

    /// - Parameter name: below `docs/zizq`.
    init(_ name: String) throws {
        path = "docs/zizq/\(name)"
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        blocks = Self.parts(of: text) { line in
            line == "```swift" ? "" : nil
        } isEnd: {
            $0 == "```"
        }.map(\.text)
    }

    /// The examples in a file of tests, without the indentation that they have in common.
    static func examples(inFile path: String) throws -> [Example] {
        let text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        let start = "// example "
        return parts(of: text) { line in
            let line = line.drop { $0 == " " }
            return line.hasPrefix(start) ? String(line.dropFirst(start.count)) : nil
        } isEnd: {
            $0.drop { $0 == " " } == "// end"
        }
    }

    /// Expects that every block of the page is an example of the file, and every example of the file a block of the
    /// page.
    func expectExamples(of file: String = #filePath) throws {
        let examples = try Self.examples(inFile: file)
        #expect(Set(examples.map(\.name)).count == examples.count, "an example's name is there twice")
        for block in blocks where !Self.runAsPackages.contains(String(block.prefix { $0 != "\n" })) {
            #expect(examples.contains { $0.text == block }, "\(path) shows what no test runs:\n\(block)")
        }
        for example in examples {
            #expect(blocks.contains(example.text), "\(path) does not show '\(example.name)', which is\n\(example.text)")
        }
    }

    /// The lines between a start and an end.
    private static func parts(of text: String, nameIn start: (Substring) -> String?, isEnd: (Substring) -> Bool)
        -> [Example]
    {
        var parts: [Example] = []
        var open: (name: String, lines: [Substring])?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let part = open {
                if isEnd(line) {
                    parts.append(Example(name: part.name, text: dedented(part.lines)))
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if let name = start(line) {
                open = (name, [])
            }
        }
        return parts
    }

    private static func dedented(_ lines: [Substring]) -> String {
        let indentation = lines.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { $0.dropFirst(indentation) }.joined(separator: "\n")
    }
}

extension Guide {
    @Suite struct Pages {
        @Test("an example is the text between its marks, without the common indentation")
        func finds() throws {
            let examples = try GuidePage.examples(inFile: #filePath).map { $0 }
            #expect(examples == [GuidePage.Example(name: "of two lines", text: "let one = [\n    1\n]")])
            // example of two lines
            let one = [
                1
            ]
            // end
            #expect(one.count == 1)
        }

        @Test(
            "every page of the guide has a suite that runs its examples",
            arguments: [
                "README", "installation", "defining-jobs", "enqueuing", "unique-jobs", "batched-jobs", "budgets",
                "workers", "querying",
                "errors",
            ])
        func areThere(page: String) throws {
            #expect(try !GuidePage("\(page).md").blocks.isEmpty)
        }
    }
}
