import Testing

/// Files and functions that a reader can take in.
@Suite(.serialized) struct SizeTests {
    private static let fileLimit = 500
    private static let functionLimit = 70

    /// Files that may be longer, by path, each with its reason.
    private static let longFiles: [String: String] = [
        "Tests/SluiceRoutesTests/SignatureVectors.swift": "published vectors, one after the other"
    ]

    /// Functions that may be longer, as `path:name`, each with its reason.
    private static let longFunctions: [String: String] = [:]

    private static let files = SourceTree.sources + SourceTree.tests

    @Test("no file is longer than 500 lines without a reason", arguments: files)
    func fileLength(file: SwiftFile) {
        let length = file.file.lines.count - 1
        #expect(
            length <= Self.fileLimit || Self.longFiles[file.path] != nil,
            "\(file.path) has \(length) lines; part it by concern")
    }

    @Test("no function is longer than 70 lines without a reason", arguments: files)
    func functionLength(file: SwiftFile) {
        for function in file.functions where function.length > Self.functionLimit {
            let place = "\(file.path):\(function.name)"
            #expect(
                Self.longFunctions[place] != nil,
                "\(file.path):\(function.lines.lowerBound): \(function.name) has \(function.length) lines"
            )
        }
    }

    @Test("nothing is excused that has become short enough, or has gone")
    func excuses() {
        let longFiles = Self.files.filter { $0.file.lines.count - 1 > Self.fileLimit }.map(\.path)
        let longFunctions = Self.files.flatMap { file in
            file.functions.filter { $0.length > Self.functionLimit }.map { "\(file.path):\($0.name)" }
        }
        #expect(Set(Self.longFiles.keys).subtracting(longFiles).isEmpty)
        #expect(Set(Self.longFunctions.keys).subtracting(longFunctions).isEmpty)
    }
}
