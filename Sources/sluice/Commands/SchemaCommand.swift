internal import ArgumentParser
internal import SluiceRoutes

/// `sluice schema`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of a route file, for editors.",
        discussion: """
            JSON Schema 2020-12. It knows every key, but not which kinds there are, nor whether names and paths are taken: `sluice check` \
            does.
            """)

    func run() { Terminal.say(RouteSchema.document) }
}
