internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway

/// `sluice dead`
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Shows dead letters and sends them again.", subcommands: [List.self, Show.self, Retry.self])

    /// `sluice dead list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists dead letters, oldest first.")

        @OptionGroup var stretch: ListStretch
        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            try await options.show(.deadLetters(after: stretch.after, limit: stretch.limit), ControlDocuments.Page.self, ConsoleText.lines)
        }
    }

    /// `sluice dead show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one dead letter with what it holds.")

        @Argument(help: "The dead letter's number, as `sluice dead list` shows it.") var number: Int64
        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            try await options.show(.deadLetter(number), ControlDocuments.DeadLetterContent.self, ConsoleText.lines)
        }
    }

    /// `sluice dead retry`
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts dead letters back into the sending order.",
            usage: """
                sluice dead retry <number> ... [--config <file>] [<settings> ...]
                sluice dead retry --all [--config <file>] [<settings> ...]
                """,
            discussion: """
                A dead letter that holds a job goes as it is. One that holds a request is rendered anew by the route that it came by, \
                as the route is now; for that the gateway must run.
                """)

        @Flag(name: .long, help: "All of them.") var all = false
        @OptionGroup var options: SettingsOptions

        /// The numbers stand among what the options of settings are taken from: a command has one list of free words.
        private var numbers: [Int64] = []

        private enum CodingKeys: String, CodingKey {
            case all, options
        }

        mutating func validate() throws {
            let (rest, words) = SettingsOption.split(options.settings)
            options.settings = rest
            numbers = try words.map { word in
                guard let number = Int64(word) else {
                    throw ValidationError("'\(PrintableText.escape(word, limit: 80))' is not the number of a dead letter")
                }
                return number
            }
            guard numbers.isEmpty == all else { throw ValidationError("name dead letters by their numbers, or say --all") }
        }

        func run() async throws {
            var failed = 0
            if all {
                var after: Int64 = 0
                while let page = try await page(after) {
                    guard !page.rows.isEmpty else {
                        if after == 0 { Terminal.say("there are no dead letters") }
                        break
                    }
                    for letter in page.rows where try await !retry(letter.id) { failed += 1 }
                    after = page.rows.last?.id ?? .max
                }
            } else {
                for number in numbers where try await !retry(number) { failed += 1 }
            }
            if failed > 0 { throw FatalProblem(.wrongInput, failed == 1 ? "1 dead letter stays" : "\(failed) dead letters stay") }
        }

        private func page(_ after: Int64) async throws -> ControlDocuments.Page<ControlDocuments.DeadLetter>? {
            let bytes = try await Console.ask(.deadLetters(after: after, limit: 500), options)
            return try ControlCoding.decode(ControlDocuments.Page<ControlDocuments.DeadLetter>.self, bytes)
        }

        private func retry(_ number: Int64) async throws -> Bool {
            let retried = try ControlCoding.decode(ControlDocuments.Retried.self, try await Console.ask(.retry(number), options))
            if let problem = retried.problem {
                Terminal.say("dead letter \(number): \(PrintableText.escape(problem))")
            } else {
                let jobs = retried.jobs.map(String.init).joined(separator: ", ")
                Terminal.say("dead letter \(number): " + (jobs.isEmpty ? "its route makes no job of it now; removed" : "now job \(jobs)"))
            }
            return retried.problem == nil
        }
    }
}
