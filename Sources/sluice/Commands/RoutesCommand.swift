internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRouteFiles
internal import SluiceRoutes

/// `sluice routes`
struct RoutesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes",
        abstract: "Shows the loaded route table, or the table of the files in a folder.",
        usage: """
            sluice routes [--json] [--config <file>] [<settings> ...]
            sluice routes <folder> [--json] [--config <file>] [<settings> ...]
            """,
        discussion: """
            Without a folder, asks the running gateway which table it serves and since when, the result of the last \
            reload, and whether the files on disk are the loaded ones. With a folder, reads its files here, \
            without secrets; if they have errors, prints all problems and exits with status 1.

            On a terminal, columns are cut to its width; in a pipe or a file nothing is cut.
            """)

    @Flag(name: .long, help: "Print JSON.") var json = false
    @OptionGroup var options: SettingsOptions

    /// The folder is among the settings' positional arguments: a command has one list of them.
    private var folder: String?

    private enum CodingKeys: String, CodingKey {
        case json, options
    }

    mutating func validate() throws { folder = try Console.optionalWord(&options) }

    func run() async throws {
        if let folder { return try showFolder(folder) }
        let bytes = try await ControlClient.ask(.routes, try Console.settings(options))
        if json {
            Terminal.say(json: bytes)
            return
        }
        say(try ControlCoding.decode(ControlDocuments.Routes.self, bytes))
    }

    private func showFolder(_ folder: String) throws {
        // The table of routes does not depend on secrets.
        var options = RouteOptions(try Console.settings(options), allowsInlineSecrets: true)
        options.secrets = .throwAway
        let compilation = FolderSnapshot.read(folder: folder, secretFiles: []).compile(
            folder: folder, environment: [:], options: options)
        let problems = compilation.problems + [compilation.emptyFolderDiagnostic(of: folder)].compactMap(\.self)
        let document = ControlDocuments.Routes(
            problems: problems.map(\.description),
            routes: compilation.table == nil ? [] : compilation.details.map(\.summary),
            notices: MountedFiles.warnings(of: compilation.files.sorted()).map(\.description))
        if json { Terminal.say(json: ControlCoding.encode(document)) }
        guard problems.isEmpty else {
            let lines = document.problems.map { PrintableText.escape($0, limit: 1000) }
            throw StartupError(.wrongInput, lines.joined(separator: "\n"))
        }
        if !json { say(document) }
    }

    private func say(_ document: ControlDocuments.Routes) {
        for line in RoutesText.lines(document, width: TerminalSize.isKnown ? TerminalSize.columns : nil) {
            Terminal.say(line)
        }
    }
}

/// `sluice reload`
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Makes the running gateway reload its route files, secrets and certificate.",
        discussion:
            "Replaces the whole table or nothing. If any file has a problem, the exit status is 1 and the last "
            + "good table "
            + "stays loaded; the same applies to the certificate and its key.")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let reloaded: ReloadReport = try await Console.ask(.reload, options)
        for warning in reloaded.warnings { Terminal.complain(PrintableText.escape(warning, limit: 1000)) }
        let certificate = reloaded.certificateProblem.map { [PrintableText.escape($0, limit: 1000)] } ?? []
        guard reloaded.problems.isEmpty else {
            let lines = reloaded.problems.map { PrintableText.escape($0, limit: 1000) }
            let routes = "reload failed; keeping route table \(reloaded.version)"
            throw StartupError(.wrongInput, (lines + [routes] + certificate).joined(separator: "\n"))
        }
        Terminal.say("loaded route table \(reloaded.version) (\(TraceWords.count(reloaded.routes, "route")))")
        for notice in reloaded.notices ?? [] { Terminal.say(PrintableText.escape(notice, limit: 1000)) }
        if let problem = certificate.first { throw StartupError(.wrongInput, problem) }
    }
}
