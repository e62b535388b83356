internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceHTTP
internal import SluiceNet

/// `sluice health`
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Checks whether the gateway's admin listener answers; exit status 0 if it does, 69 if not.",
        discussion:
            "Without --ready, suitable for a container's health check: a gateway with a full outbox is still healthy."
    )

    @Flag(name: .long, help: "Check /readyz, whether it can accept deliveries, instead of /healthz.")
    var ready = false

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try options.read(
            defaults: Settings(), environment: ProcessEnvironment.variables(), checksRules: false)
        guard let address = settings.values.admin.address else {
            throw StartupError(.wrongInput, "the admin listener is off; set admin to an address")
        }
        let answer = try await OneRequest.answer(
            to: HTTPClientRequest(method: "GET", target: ready ? "/readyz" : "/healthz", timeout: .seconds(3)),
            from: reachable(address))
        let text = PrintableText.escape(String(decoding: answer.body, as: UTF8.self))
        guard answer.status == 200 else {
            throw StartupError(.unavailable, "the gateway answers \(answer.status): \(text)")
        }
        Terminal.say(text)
    }

    /// Replaces a wildcard address with loopback.
    private func reachable(_ address: PeerAddress) -> HTTPClientConfiguration {
        let isEverywhere = address.isIPv4 ? address.description == "0.0.0.0" : address.address == SIMD16()
        let host = isEverywhere ? (address.isIPv4 ? "127.0.0.1" : "::1") : address.description
        var configuration = HTTPClientConfiguration(
            endpoint: .host(host, port: address.port), authority: address.hostAndPort)
        configuration.connectTimeout = .seconds(3)
        return configuration
    }
}
