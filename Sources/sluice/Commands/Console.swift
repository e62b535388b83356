internal import SluiceBase
internal import SluiceGateway

/// Asks the outbox of the settings.
enum Console {
    static func ask(_ request: ControlRequest, _ options: SettingsOptions) async throws -> [UInt8] {
        let settings = try options.read(
            defaults: Settings(), environment: ProcessEnvironment.variables(), checksRules: false)
        return try await ControlClient.ask(request, settings.values)
    }
}
