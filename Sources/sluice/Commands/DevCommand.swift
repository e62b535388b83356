internal import ArgumentParser
internal import DevQueue
internal import Logging
internal import SluiceBase
internal import SluiceGateway
internal import SluiceNet
internal import SluiceRouteFiles
internal import SluiceRoutes

/// `sluice dev`
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Runs the gateway for development: own certificate, example routes, an embedded development queue.",
        discussion: """
            Listens only on this machine and keeps everything in .sluice/. The development queue is a stand-in for a \
            Zizq server that keeps jobs in memory only. If zizq.url is set, it is not started and jobs go to that \
            server.


            """ + SettingsOption.help(defaults: .development))

    @Option(name: .long, help: ArgumentHelp("Port of the development queue.", valueName: "port")) var queuePort:
        UInt16 = 7890
    @Flag(
        name: .long,
        help: "Let the development queue accept unique keys and batches, like a Zizq server with a Pro licence.")
    var licensed = false
    @Flag(name: .long, help: "Let route files contain secrets (`value:`).") var allowInlineSecrets = false
    @OptionGroup var options: SettingsOptions

    func run() async throws {
        ProcessMemory.disableDumps()
        let environment = ProcessEnvironment.variables()
        var defaults = Settings.development
        defaults.zizq.url = ServerURL(scheme: .http, host: "127.0.0.1", port: queuePort)
        var settings = try options.read(defaults: defaults, environment: environment)
        try Self.checkRoutes(settings.values.routes)
        let (logger, log) = LogStart.start(settings.values)
        try DevelopmentFiles.prepare(settings.values)
        let invented = Self.standIns(settings.values, environment)
        let queue = try await startQueue(settings)
        if let queue { settings.useDevelopmentQueue(port: queue.address.port, isLicensed: licensed) }

        var configuration = GatewayConfiguration(settings: settings, environment: environment)
        configuration.log = log
        configuration.allowsInlineSecrets = allowInlineSecrets
        configuration.secretStandIn = DevelopmentSecret.text
        configuration.show = { entry in
            for line in DevelopmentText.lines(entry) { Terminal.say(line) }
        }
        let gateway = try await Gateway.start(configuration, logger: logger)
        for line in DevelopmentText.greeting(gateway, queue: queue?.url(), invented: invented) { Terminal.say(line) }
        await gateway.run()
        await queue?.stop()
    }

    /// Fails before anything is created if the folder is not a routes folder.
    private static func checkRoutes(_ folder: String) throws {
        guard (try? FileAccess.status(of: folder)) == nil else { return }
        let name = PrintableText.escape(folder)
        throw StartupError(
            .wrongInput,
            "no folder \(name) here; run sluice dev in the folder that contains it, or name the folder with "
                + "--routes"
        )
    }

    /// The unset variables of the routes' secrets, each with a generated value.
    private static func standIns(_ settings: Settings, _ environment: [String: String]) -> [(
        name: String, value: String
    )] {
        let snapshot = FolderSnapshot.read(folder: settings.routes, secretFiles: [])
        var options = RouteOptions()
        // The names and formats of the variables can be read without their values.
        options.secrets = .throwAway
        let compilation = snapshot.compile(folder: settings.routes, environment: environment, options: options)
        let missing = compilation.environmentNames.filter { (environment[$0] ?? "").isEmpty }
        return missing.map { (name: $0, value: compilation.secret(for: DevelopmentSecret.text, in: $0)) }
    }

    private func startQueue(_ settings: EffectiveSettings) async throws -> DevQueueServer? {
        guard settings.origin(of: "zizq.url") == .byDefault else { return nil }
        let address = PeerAddress(ipv4: (127, 0, 0, 1), port: queuePort)
        let store = DevQueueStore(configuration: DevQueueConfiguration(isLicensed: licensed))
        do throws(SystemCallError) {
            return try await DevQueueServer(store: store, address: .inet(address))
        } catch {
            throw StartupError(
                .unavailable,
                "the development queue cannot listen on \(address.hostAndPort): \(error); set --queue-port, or "
                    + "--zizq-url to use the "
                    + "running server")
        }
    }
}
