internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRouteFiles
internal import SluiceRouteTools
internal import SluiceRoutes

/// `sluice check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks route files and runs their examples; reports every problem of every file in one run.",
        usage: "sluice check [<folder>] [<options>] [--config <file>] [<settings> ...]",
        discussion: """
            <folder> contains the route files; default: the setting `routes`. Settings such as `public_url` and \
            `limits.body` apply as in the gateway. \
            Secrets that routes name must exist, as for the gateway: run this command in the gateway's environment, or \
            with --without-secrets. The examples do not need them: they are signed with generated secrets. The exit \
            status is 1 if a file would not load or an example has an unexpected result; warnings do not count.
            """)

    /// The format of the report.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case human
        case json
        case github
    }

    @Option(
        name: .long,
        help: "Output format: human, json (one document), or github (workflow annotations).")
    var format = Format.human

    @Flag(name: .long, help: "Do not read the secrets that routes name; for environments without them, such as CI.")
    var withoutSecrets = false

    @Flag(name: .long, help: "Let route files contain secrets (`value:`).")
    var allowInlineSecrets = false

    @OptionGroup var settings: SettingsOptions

    /// The folder is among the settings' positional arguments: a command has one list of them.
    private var folder: String?

    private enum CodingKeys: String, CodingKey {
        case format, withoutSecrets, allowInlineSecrets, settings
    }

    mutating func validate() throws { folder = try Console.optionalWord(&settings) }

    func run() throws {
        let settings = try Console.settings(settings)
        let folder = folder ?? settings.routes
        var options = RouteOptions(settings, allowsInlineSecrets: allowInlineSecrets)
        options.secrets = withoutSecrets ? .throwAway : .configured
        let report = CheckReport.make(
            folder: folder, environment: ProcessEnvironment.variables(), options: options,
            atMilliseconds: SystemTime().wallMilliseconds())
        switch format {
        case .human: for line in report.lines(Terminal.checkForm) { Terminal.say(coloured: line) }
        case .json: Terminal.say(json: report.json)
        case .github: for line in report.annotations { Terminal.say(line) }
        }
        guard report.errors == 0 else { throw StartupError(.wrongInput, complaint(about: report, of: folder)) }
    }

    private func complaint(about report: CheckReport, of folder: String) -> String {
        let errors = "\(report.errors) \(report.errors == 1 ? "error" : "errors") in \(PrintableText.escape(folder))"
        guard report.lacksSecretsOnly else { return errors }
        return "\(errors); use --without-secrets to check without the secrets"
    }
}

/// `sluice schema`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of a route file, for editors.",
        discussion: """
            JSON Schema 2020-12. It contains every key, but it does not know which kinds exist or which names and \
            paths are used: `sluice check` does.
            """)

    func run() { Terminal.say(RouteSchema.document) }
}
