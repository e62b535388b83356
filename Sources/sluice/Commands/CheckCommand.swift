internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRoutes

/// `sluice check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reads and checks route files: every problem of every file in one run.",
        discussion: """
            Secrets that routes name must be there, as for the gateway: run it with the gateway's environment. Exit status 1 where a \
            file would not be put in force.
            """)

    @Argument(help: "The folder with the route files.")
    var folder = "routes"

    @Flag(name: .long, help: "Let route files hold secrets themselves (`value:`).")
    var allowInlineSecrets = false

    func run() throws {
        var options = RouteOptions()
        options.allowsInlineSecrets = allowInlineSecrets
        let snapshot = FolderSnapshot.read(folder: folder, secretFiles: [])
        let compilation = snapshot.compile(folder: folder, environment: ProcessEnvironment.variables(), options: options)
        for line in (compilation.problems + compilation.warnings).sorted() {
            Terminal.say(PrintableText.escape(line.description, limit: 1000))
        }
        guard let table = compilation.table else {
            let count = compilation.problems.count
            throw FatalProblem(.wrongInput, "\(count) \(count == 1 ? "problem" : "problems") in \(folder)")
        }
        let warnings = compilation.warnings.count
        Terminal.say(
            "\(folder): \(snapshot.files.count) files, \(table.routes.count) routes, \(warnings) \(warnings == 1 ? "warning" : "warnings")")
    }
}
