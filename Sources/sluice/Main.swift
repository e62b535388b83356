internal import ArgumentParser
internal import Glibc
internal import SluiceBase
internal import SluiceCrypto
internal import SluiceNet

/// Parses the command line, runs one command, and reports errors as a line and an exit status.
@main
enum Main {
    static func main() async {
        ProcessMemory.limitPools()
        OpenSSLState.keepAtExit()
        do {
            var command = try SluiceCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as StartupError {
            end(error)
        } catch {
            end(parsing: error)
        }
    }

    private static func end(_ error: StartupError) -> Never {
        for line in error.sentence.split(separator: "\n") { Terminal.complain("sluice: \(line)") }
        exit(error.status.rawValue)
    }

    /// Help and version are written to standard output with status 0; anything else is a wrong command line.
    private static func end(parsing error: any Error) -> Never {
        let message = SluiceCommand.fullMessage(for: error)
        guard SluiceCommand.exitCode(for: error) != .success else {
            Terminal.say(message)
            exit(ExitStatus.success.rawValue)
        }
        if !message.isEmpty { Terminal.complain(message) }
        exit(ExitStatus.usage.rawValue)
    }
}

/// `sluice`: the list of its commands.
struct SluiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Receives webhooks and sends them as typed jobs to a Zizq queue.",
        discussion: """
            Exit status: 0 success, 1 the input is wrong (settings, route files, a file that is not an outbox), 2 the \
            command line is wrong, 65 the request of `sluice explain` would be refused, 69 something required is \
            unavailable, 70 a bug.
            """,
        version: SluiceVersion.current,
        subcommands: [
            ServeCommand.self, DevCommand.self, CheckCommand.self, ExplainCommand.self, KindsCommand.self,
            SchemaCommand.self, ProvidersCommand.self,
            SendCommand.self, OutboxCommand.self, DeadCommand.self, QuarantineCommand.self, RoutesCommand.self,
            ReloadCommand.self,
            HealthCommand.self,
            DevQueueCommand.self,
        ])
}
