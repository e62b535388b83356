internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway

/// `sluice reload`
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Makes the running gateway read its route files, secrets and certificate again.",
        discussion:
            "The whole table is replaced, or nothing. With a problem in any file the exit status is 1 and the last good table "
            + "stays; the same holds for the certificate with its key.")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let reloaded = try ControlCoding.decode(ControlDocuments.Reloaded.self, try await Console.ask(.reload, options))
        for warning in reloaded.warnings { Terminal.complain(PrintableText.escape(warning, limit: 1000)) }
        let certificate = reloaded.certificateProblem.map { [PrintableText.escape($0, limit: 1000)] } ?? []
        guard reloaded.problems.isEmpty else {
            let lines = reloaded.problems.map { PrintableText.escape($0, limit: 1000) }
            let routes = "nothing was changed; table \(reloaded.version) stays in force"
            throw FatalProblem(.wrongInput, (lines + [routes] + certificate).joined(separator: "\n"))
        }
        Terminal.say("table \(reloaded.version) is in force with \(reloaded.routes) routes")
        if let problem = certificate.first { throw FatalProblem(.wrongInput, problem) }
    }
}
