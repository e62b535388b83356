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

        @OptionGroup var options: ConsoleOptions

        func run() async throws { try await options.show(.status, ControlDocuments.Status.self, ConsoleText.lines) }
    }

    /// `sluice outbox list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists jobs, oldest first.")

        @Option(name: .long, help: "Which ones: pending, delivered or parked.") var state = JobState.pending
        @OptionGroup var stretch: ListStretch
        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            try await options.show(.jobs(state, after: stretch.after, limit: stretch.limit), ControlDocuments.Page.self) { page in
                ConsoleText.lines(page, state)
            }
        }
    }

    /// `sluice outbox show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one job with its payload.")

        @Argument(help: "The job's number, as `sluice outbox list` shows it.") var number: Int64
        @OptionGroup var options: ConsoleOptions

        func run() async throws { try await options.show(.job(number), ControlDocuments.JobContent.self, ConsoleText.lines) }
    }
}

extension JobState: ExpressibleByArgument {}
