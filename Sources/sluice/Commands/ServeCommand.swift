internal import ArgumentParser
internal import Logging
internal import SluiceBase
internal import SluiceGateway
internal import SluiceNet

/// `sluice serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the gateway.",
        discussion: SettingsOption.help(defaults: Settings()))

    @Flag(name: .long, help: "Print the effective value and source of each setting, and exit.")
    var printSettings = false

    @Flag(name: .long, help: "Let route files contain secrets (`value:`).")
    var allowInlineSecrets = false

    @Flag(name: .long, help: "Accept an outbox on a network file system, where locks and syncs may not work.")
    var allowNetworkFilesystem = false

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let environment = ProcessEnvironment.variables()
        let settings = try options.read(defaults: Settings(), environment: environment)
        if printSettings { return Terminal.say(SettingsText.render(settings)) }
        ProcessMemory.disableDumps()
        let (logger, log) = LogStart.start(settings.values)
        var configuration = GatewayConfiguration(settings: settings, environment: environment)
        configuration.log = log
        configuration.allowsInlineSecrets = allowInlineSecrets
        configuration.allowsNetworkFilesystem = allowNetworkFilesystem
        let gateway = try await Gateway.start(configuration, logger: logger)
        await gateway.run()
    }
}

/// `--config` and an option for every setting, shared by the commands that read settings.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The settings file.", discussion: "Default: sluice.yaml in the working directory, if it exists.",
            valueName: "file"))
    var config: String?

    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp(
            "An option for every setting, such as --zizq-url URL; see the settings reference.",
            valueName: "settings"))
    var settings: [String] = []

    /// Reads settings from the file, the environment and options.
    ///
    /// - Parameters:
    ///   - defaults: of the command.
    ///   - checksRules: whether the settings must be complete for a gateway; commands that query one only need a few.
    func read(defaults: Settings, environment: [String: String], checksRules: Bool = true) throws -> EffectiveSettings {
        let options = try SettingsOption.parse(settings)
        let file = try SettingsFile.load(config: config)
        do throws(SettingsError) {
            return try SettingsReading.read(
                defaults: defaults, file: file, environment: environment, options: options, checksRules: checksRules)
        } catch {
            throw StartupError(.wrongInput, error.description)
        }
    }
}

/// Starts logging, once per process.
enum LogStart {
    static func start(_ settings: Settings) -> (logger: Logger, output: LogOutput) {
        let output = LogOutput(format: settings.log.format)
        output.install(level: settings.log.level)
        return (Logger(label: "sluice"), output)
    }
}
