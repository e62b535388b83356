internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway

/// `--config` and an option for every setting, shared by the commands that read settings.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The settings file.", discussion: "Without it sluice.yaml in the working folder, if there is one.", valueName: "file"))
    var config: String?

    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp(
            "An option for every setting, such as --zizq-url URL; the reference page of settings has them all.", valueName: "settings"))
    var settings: [String] = []

    /// Reads file, environment and options.
    ///
    /// - Parameters:
    ///   - defaults: of the command.
    ///   - checksRules: whether the settings must make a gateway; a command that asks about one needs a few of them only.
    func read(defaults: Settings, environment: [String: String], checksRules: Bool = true) throws -> SettingsInForce {
        let options = try SettingsOption.parse(settings)
        let file = try SettingsFile.load(config: config)
        do throws(SettingsProblems) {
            return try SettingsReading.read(
                defaults: defaults, file: file, environment: environment, options: options, checksRules: checksRules)
        } catch {
            throw FatalProblem(.wrongInput, error.description)
        }
    }
}
