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

    @Flag(name: .long, help: "Print all settings in force with where each came from, and end.")
    var printSettings = false

    @Flag(name: .long, help: "Let route files hold secrets themselves (`value:`).")
    var allowInlineSecrets = false

    @Flag(name: .long, help: "Accept an outbox on a network file system, where locks and syncs may not hold.")
    var allowNetworkFilesystem = false

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let environment = ProcessEnvironment.variables()
        let settings = try options.read(defaults: Settings(), environment: environment)
        if printSettings { return Terminal.say(SettingsText.render(settings)) }
        ProcessMemory.hide()
        let (logger, log) = LogStart.start(settings.values)
        var configuration = GatewayConfiguration(settings: settings, environment: environment)
        configuration.log = log
        configuration.allowsInlineSecrets = allowInlineSecrets
        configuration.allowsNetworkFilesystem = allowNetworkFilesystem
        let gateway = try await Gateway.start(configuration, logger: logger)
        await gateway.run()
    }
}
