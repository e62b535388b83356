internal import Foundation

/// The examples in the doc comments of the library Zizq, as a source file that compiles where they do.
enum DocCommentExamples {
    private struct Example {
        let path: String
        /// Of its first line, counted from 1.
        let line: Int
        let lines: [Substring]
    }

    /// How many examples `source` has, and the file. An error in one is reported at its line of the doc comment.
    static func source() throws -> (count: Int, text: String) {
        let examples = try files().flatMap { try self.examples(in: $0) }
        let functions = examples.enumerated().map { number, example in
            """
                static func example\(number)(_ names: Names) async throws {
                    let (client, job, id, ids) = (names.client, names.job, names.job.id, [names.job.id])
                    let (token, addresses, jobs, rows) = ("t", ["a"], [SendEmail(to: "a")], AsyncStream<String> { $0.finish() })
                    _ = (client, job, id, ids, token, addresses, jobs, rows)
                    do {
            #sourceLocation(file: "\(example.path)", line: \(example.line))
            \(example.lines.joined(separator: "\n"))
            #sourceLocation()
                    }
                }
            """
        }
        return (examples.count, prelude + functions.joined(separator: "\n") + "\n}\n")
    }

    /// What the examples are about.
    private static let prelude = """
        import FoundationEssentials
        import Zizq

        enum DocCommentExamples {
            struct SendEmail: JobKind {
                static let name = "send_email"
                var to: String
                var subject = "Welcome"
            }
            struct RebuildIndex: JobKind { static let name = "rebuild_index" }
            struct Reindex: JobKind {
                static let name = "reindex"
                var page: Int
            }
            struct Import: JobKind {
                static let name = "import"
                var row: String
            }
            struct Names {
                let client: ZizqClient
                let job: Job
            }
            static func send(_ email: SendEmail) async throws {}

        """

    private static func files() -> [String] {
        let names = FileManager.default.enumerator(
            atPath: ProjectFiles.root.appendingPathComponent("Sources/Zizq").path)
        return (names?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }.sorted().map {
            "Sources/Zizq/\($0)"
        }
    }

    private static func examples(in path: String) throws -> [Example] {
        var examples: [Example] = []
        var open: (line: Int, lines: [Substring])?
        for (index, line) in try ProjectFiles.text(path).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let text = line.drop { $0 == " " }
            guard text.hasPrefix("///") else { continue }
            let comment = text.dropFirst(3)
            if comment == " ```swift" {
                open = (index + 2, [])
            } else if comment == " ```", let example = open {
                examples.append(Example(path: path, line: example.line, lines: example.lines))
                open = nil
            } else {
                open?.lines.append(comment)
            }
        }
        return examples
    }
}
