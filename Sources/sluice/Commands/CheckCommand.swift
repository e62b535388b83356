internal import ArgumentParser
internal import SluiceBase
internal import SluiceRoutes

/// `sluice check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reads and checks route files and runs their examples: every problem of every file in one run.",
        discussion: """
            Secrets that routes name must be there, as for the gateway: run it with the gateway's environment, or with \
            --without-secrets. The examples need none: they are signed with secrets of their own. Exit status 1 where \
            a file would not \
            be put in force, or an example comes out otherwise; warnings alone are no failure.
            """)

    /// How the report is printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case human
        case json
        case github
    }

    @Argument(help: "The folder with the route files.")
    var folder = "routes"

    @Option(
        name: .long,
        help: "How to print what is found: human, json (one document), or github (annotations of a workflow).")
    var format = Format.human

    @Flag(name: .long, help: "Do not look for the secrets that routes name: for where they are not, such as in CI.")
    var withoutSecrets = false

    @Flag(name: .long, help: "Let route files hold secrets themselves (`value:`).")
    var allowInlineSecrets = false

    func run() throws {
        var options = RouteOptions()
        options.allowsInlineSecrets = allowInlineSecrets
        options.secrets = withoutSecrets ? .throwAway : .configured
        let report = CheckReport.make(
            folder: folder, environment: ProcessEnvironment.variables(), options: options,
            atMilliseconds: SystemTime().wallMilliseconds())
        switch format {
        case .human: for line in report.lines(Terminal.checkForm) { Terminal.say(line) }
        case .json: Terminal.say(String(decoding: report.json, as: UTF8.self))
        case .github: for line in report.annotations { Terminal.say(line) }
        }
        guard report.errors == 0 else { throw StartupError(.wrongInput, complaint(about: report)) }
    }

    private func complaint(about report: CheckReport) -> String {
        let errors = "\(report.errors) \(report.errors == 1 ? "error" : "errors") in \(PrintableText.escape(folder))"
        guard report.lacksSecretsOnly else { return errors }
        return "\(errors); with --without-secrets the secrets are not looked for"
    }
}

/// `sluice schema`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of a route file, for editors.",
        discussion: """
            JSON Schema 2020-12. It knows every key, but not which kinds there are, nor whether names and paths are \
            taken: `sluice check` \
            does.
            """)

    func run() { Terminal.say(RouteSchema.document) }
}
