internal import ArgumentParser
internal import SluiceBase

/// `sluice`: the names of its commands and nothing else.
struct SluiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Takes webhooks in, and sends typed jobs to a Zizq queue.",
        discussion: """
            Exit status: 0 fine, 1 the input is wrong (settings, route files, an outbox that is none), 2 the command line is wrong, \
            65 the request of `sluice explain` would be refused, 69 something it needs is not to be had, 70 a bug.
            """,
        version: SluiceVersion.current,
        subcommands: [
            ServeCommand.self, DevCommand.self, CheckCommand.self, ExplainCommand.self, KindsCommand.self, SchemaCommand.self,
            SendCommand.self, OutboxCommand.self, DeadCommand.self, RoutesCommand.self, ReloadCommand.self, HealthCommand.self,
            DevQueueCommand.self,
        ])
}
