internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRouteFiles
internal import SluiceRouteTools

/// `sluice providers`
struct ProvidersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "providers",
        abstract: "Lists the providers that a route can name, and shows what a preset contains.",
        subcommands: [List.self, Show.self, Arm.self, Secret.self], defaultSubcommand: List.self)

    /// `sluice providers list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the built-in providers.",
            discussion: "sluice providers list hmac-sha1")

        @Argument(help: "A part of a name, an alias or a signature algorithm.") var part: String?

        func run() throws {
            let found = ProviderCatalog.all.map(ProviderSummary.init).filter { summary in
                part.map { summary.matches($0) } ?? true
            }
            guard !found.isEmpty else {
                throw StartupError(
                    .wrongInput,
                    "no provider matches '\(PrintableText.escape(part ?? ""))'; describe it with 'verify' in the route")
            }
            let rows = found.map { [$0.preset.name, $0.preset.title, $0.scheme, $0.uniqueKey] }
            for line in Table.lines(
                ["PROVIDER", "TITLE", "SIGNATURE", "UNIQUE KEY"], rows,
                width: TerminalSize.isKnown ? TerminalSize.columns : nil)
            { Terminal.say(line) }
        }
    }

    /// `sluice providers show`
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows what a preset contains and how to set up the provider.",
            discussion: """
                With --yaml, prints the keys of the preset as YAML. To change them, copy them \
                into 'providers' under another name, or into a route in place of 'provider' \
                (only if they do not contain 'account').
                """)

        @Argument(help: "The provider, or an alias.") var name: String
        @Flag(name: .long, help: "Print the keys of the preset as YAML.") var yaml = false

        func run() throws {
            guard let preset = ProviderCatalog.preset(named: name) else {
                throw StartupError(.wrongInput, ProviderCatalog.complaint(about: name))
            }
            if yaml {
                Terminal.write(ProviderCatalog.routeKeys(of: preset.name))
                return
            }
            for line in ProviderSummary(preset).lines { Terminal.say(line) }
        }
    }
}
