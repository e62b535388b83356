internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceOutbox

/// `sluice outbox`
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Shows what lies in the outbox, of a running gateway or of one at rest.",
        subcommands: [Status.self, List.self, Show.self])

    /// `sluice outbox status`
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "How many jobs and dead letters there are, and how large it is.")

        @Flag(name: .long, help: "Print JSON.") var json = false
        @OptionGroup var options: SettingsOptions

        func run() async throws {
            let bytes = try await Console.ask(.status, options)
            if json { return Terminal.say(String(decoding: bytes, as: UTF8.self)) }
            let status = try ControlCoding.decode(ControlDocuments.Status.self, bytes)
            for line in ConsoleText.lines(status) { Terminal.say(line) }
        }
    }

    /// `sluice outbox list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists jobs, oldest first.")

        @Option(name: .long, help: "Which ones: pending, delivered or parked.") var state = JobState.pending
        @Option(name: .long, help: ArgumentHelp("Begin behind this job.", valueName: "number")) var after: Int64 = 0
        @Option(name: .long, help: ArgumentHelp("At most so many, 1 to 500.", valueName: "count")) var limit = 50
        @Flag(name: .long, help: "Print JSON.") var json = false
        @OptionGroup var options: SettingsOptions

        func validate() throws {
            guard (1...500).contains(limit) else { throw ValidationError("--limit must be between 1 and 500") }
        }

        func run() async throws {
            let bytes = try await Console.ask(.jobs(state, after: after, limit: limit), options)
            if json { return Terminal.say(String(decoding: bytes, as: UTF8.self)) }
            let page = try ControlCoding.decode(ControlDocuments.Page<ControlDocuments.Job>.self, bytes)
            for line in ConsoleText.lines(page, state) { Terminal.say(line) }
        }
    }

    /// `sluice outbox show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one job with its payload.")

        @Argument(help: "The job's number, as `sluice outbox list` shows it.") var number: Int64
        @Flag(name: .long, help: "Print JSON.") var json = false
        @OptionGroup var options: SettingsOptions

        func run() async throws {
            let bytes = try await Console.ask(.job(number), options)
            if json { return Terminal.say(String(decoding: bytes, as: UTF8.self)) }
            let content = try ControlCoding.decode(ControlDocuments.JobContent.self, bytes)
            for line in ConsoleText.lines(content) { Terminal.say(line) }
        }
    }
}

extension JobState: ExpressibleByArgument {}
