import Foundation

/// The project's own files, found from where this file lies.
enum SourceTree {
    /// The folder that holds Package.swift.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// All Swift files below `Sources`, sorted by path.
    static let sources = swiftFiles(below: "Sources")

    /// All Swift files below `Tests`.
    static let tests = swiftFiles(below: "Tests")

    /// All Markdown files of the project, those in the root included.
    static let documents: [TextFile] = {
        let top = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return files(below: "docs", ending: ".md") + files(below: "Sources", ending: ".md")
            + top.filter { $0.hasSuffix(".md") }.sorted().compactMap(TextFile.init(path:))
    }()

    static func swiftFiles(below folder: String) -> [SwiftFile] {
        files(below: folder, ending: ".swift").map(SwiftFile.init)
    }

    /// Files with this ending below a folder of the root, sorted by path; build products are elsewhere.
    static func files(below folder: String, ending: String) -> [TextFile] {
        let paths =
            FileManager.default.enumerator(atPath: root.appending(path: folder).path)?.compactMap { $0 as? String }
            ?? []
        return paths.filter { $0.hasSuffix(ending) }.sorted().compactMap { TextFile(path: "\(folder)/\($0)") }
    }

    /// One file by its path from the root.
    static func file(_ path: String) throws -> TextFile {
        guard let file = TextFile(path: path) else {
            throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: path])
        }
        return file
    }
}

/// A file of the project as text.
struct TextFile: Sendable, CustomStringConvertible {
    /// From the root: `Sources/SluiceBase/Hex.swift`.
    let path: String
    let text: String
    let lines: [Substring]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    init?(path: String) {
        guard let text = try? String(contentsOf: SourceTree.root.appending(path: path), encoding: .utf8) else {
            return nil
        }
        self.init(path: path, text: text)
    }

    var description: String { path }
}

/// A Swift file, with its code apart from comments and string literals.
struct SwiftFile: Sendable, CustomStringConvertible {
    let file: TextFile
    /// The lines with comments and the insides of string literals blanked out; as many as the file has.
    let code: [String]
    let functions: [FoundFunction]

    init(_ file: TextFile) {
        self.file = file
        self.code = SwiftMask.mask(file.text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        self.functions = FunctionFinder.functions(in: code)
    }

    /// The module or test target that the file belongs to.
    var module: String { String(file.path.split(separator: "/")[1]) }
    var path: String { file.path }
    var description: String { path }
}
