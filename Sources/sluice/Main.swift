internal import ArgumentParser
internal import Glibc
internal import SluiceBase
internal import SluiceNet

/// Parses the command line, runs one command, and turns what went wrong into a line and an exit status.
@main
enum Main {
    static func main() async {
        ProcessMemory.limitPools()
        do {
            var command = try SluiceCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let problem as FatalProblem {
            end(problem)
        } catch {
            end(parsing: error)
        }
    }

    private static func end(_ problem: FatalProblem) -> Never {
        for line in problem.sentence.split(separator: "\n") { Terminal.complain("sluice: \(line)") }
        exit(problem.status.rawValue)
    }

    /// Help and version go to standard output with status 0; anything else is a wrong command line.
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
