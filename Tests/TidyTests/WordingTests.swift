import Testing

/// Words that do not belong into the sources.
@Suite(.serialized) struct WordingTests {
    @Test(
        "nothing prints but the command line, which is the only one that talks to a person",
        arguments: SourceTree.sources)
    func printing(file: SwiftFile) {
        guard file.module != "sluice" else { return }
        expectNone(
            of: /(^|[^.\w])(print|debugPrint|dump|NSLog)\(/, with: ["rint(", "dump(", "NSLog("], in: file.code,
            at: file.path, "log, or return what is to be said")
    }

    @Test("nothing crashes on purpose if an error could be returned", arguments: SourceTree.sources)
    func crashing(file: SwiftFile) {
        expectNone(
            of: /\btry!|\bas!|\bfatalError\(|\bassert\(|\bassertionFailure\(/,
            with: ["try!", "as!", "fatalError(", "assert(", "assertionFailure("], in: file.code, at: file.path,
            "throw, or use precondition with a sentence")
        expectNone(
            of: /[\w\])]!([.)\s,\]]|$)/, with: ["!"], in: file.code, at: file.path, "do not unwrap by force")
    }

    @Test(
        "nothing is left for later",
        arguments: SourceTree.sources + SourceTree.tests.filter { $0.module != "TidyTests" })
    func unfinished(file: SwiftFile) {
        let pattern = /\b(TODO|FIXME|XXX|HACK)\b|[Nn]ot implemented|\b[Ff]or now\b/
        expectNone(
            of: pattern, with: Self.unfinishedWords, in: file.file.lines.map(String.init), at: file.path,
            "finish it or take it out")
    }

    @Test("documents leave nothing for later either", arguments: SourceTree.documents)
    func unfinishedDocuments(file: TextFile) {
        expectNone(
            of: /\b(TODO|FIXME|XXX)\b|\b[Ff]or now\b/, with: Self.unfinishedWords,
            in: file.lines.map(String.init), at: file.path, "finish it or take it out")
    }

    private static let unfinishedWords = ["TODO", "FIXME", "XXX", "HACK", "ot implemented", "or now"]

    @Test("no path of one machine is in a file", arguments: SourceTree.sources.map(\.file) + SourceTree.documents)
    func paths(file: TextFile) {
        expectNone(
            of: /\/(home|root|Users|work)\/[a-z]/, with: ["/home/", "/root/", "/Users/", "/work/"],
            in: file.lines.map(String.init), at: file.path, "name it from the project's folder")
    }

    @Test(
        "tests and code wait for something that happens, not for time to pass",
        arguments: SourceTree.sources + SourceTree.tests)
    func sleeping(file: SwiftFile) {
        guard Self.mayWait[file.path] == nil else { return }
        expectNone(
            of: /(^|\W)(usleep|nanosleep|sleep)\(/, with: ["sleep("], in: file.code, at: file.path,
            "wait for an event, or use a clock that the test moves")
    }

    @Test("log records name their keys by the one list of them", arguments: SourceTree.sources)
    func logKeys(file: SwiftFile) {
        let pattern = /metadata(Key)?: *\[? *"/
        expectNone(
            of: pattern, with: ["metadata"], in: file.file.lines.map(String.init), at: file.path,
            "use a case of LogKey")
    }

    /// Files that may wait for time to pass, each with its reason.
    private static let mayWait = [
        "Sources/SluiceOutbox/Files/OutboxLock.swift":
            "the kernel tells nobody when another process lets a lock go within a time",
        "Sources/SluiceRelay/Relay.swift": "a back-off is time that passes; tests give it another sleep",
        "Sources/SluiceGateway/Services/RouteReloadService.swift": "the folder is looked at once a second",
        "Sources/SluiceGateway/Services/Housekeeping.swift": "it looks once a second",
        "Sources/SluiceGateway/Gateway+Stop.swift": "limits.drain and limits.shutdown are times that pass",
        "Sources/SluiceHTTP/Server/ConnectionCounts.swift": "a wait with an end",
        "Sources/Zizq/Client/ConnectionSettings.swift": "a back-off is time that passes; tests give it another sleep",
        "Sources/DevQueue/DevQueueEndpoint.swift": "an answer that is late on purpose",
    ]

    /// - Parameter words: one is in each text that the pattern matches. Looking for them is faster than matching.
    private func expectNone(
        of pattern: Regex<some Any>, with words: [String], in lines: [String], at path: String, _ advice: String
    ) {
        let pattern = pattern.wordBoundaryKind(.simple)
        for (index, line) in lines.enumerated() where line.hasWord(of: words) && line.firstMatch(of: pattern) != nil {
            Issue.record("\(path):\(index + 1): '\(line.drop { $0 == " " })': \(advice)")
        }
    }
}
