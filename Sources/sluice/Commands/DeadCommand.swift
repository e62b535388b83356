internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway

/// `sluice dead`
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Shows, retries, discards, exports and imports dead letters.",
        subcommands: [List.self, Show.self, Retry.self, Discard.self, Export.self, Import.self])

    /// `sluice dead list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists dead letters, oldest first.")

        @OptionGroup var stretch: ListStretch
        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            try await options.show(
                .deadLetters(after: stretch.after, limit: stretch.limit), as: ControlDocuments.Page.self,
                lines: ConsoleText.lines)
        }
    }

    /// `sluice dead show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one dead letter with its contents.")

        @Argument(help: "The number of the dead letter in `sluice dead list`.") var number: Int64
        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            try await options.show(
                .deadLetter(number), as: ControlDocuments.DeadLetterContent.self, lines: ConsoleText.lines)
        }
    }

    /// `sluice dead retry`
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts dead letters back into the sending order.",
            usage: """
                sluice dead retry <number> ... [--changed] [--config <file>] [<settings> ...]
                sluice dead retry --all [--changed] [--config <file>] [<settings> ...]
                """,
            discussion: """
                A dead letter that contains a job is sent unchanged. One that contains a request is processed again \
                with the current version of its route; this requires a running gateway. If the result would be a \
                different job, because its rule was changed or another rule now matches, the dead letter stays and the \
                difference is printed; --changed sends it anyway.
                """)

        @Flag(name: .long, help: "All dead letters that exist when the command starts.") var all = false
        @Flag(name: .long, help: "Also retry dead letters that would now become a different job.") var changed =
            false
        @OptionGroup var options: SettingsOptions

        private var letters = DeadLetterSelection.all

        private enum CodingKeys: String, CodingKey {
            case all, changed, options
        }

        mutating func validate() throws { letters = try DeadLetterSelection.read(all: all, &options) }

        func run() async throws {
            try await letters.forEach(options) { number in
                try await Console.find(.retry(number, acceptsChanges: changed), options).map { Self.say(number, $0) }
            }
        }

        private static func say(_ number: Int64, _ retried: ControlDocuments.Retried) -> Bool {
            guard let problem = retried.problem else {
                Terminal.say("dead letter \(number): now job \(retried.jobs.map(String.init).joined(separator: ", "))")
                return true
            }
            let hint = retried.wouldChange ? "; use --changed to send it anyway" : ""
            Terminal.say("dead letter \(number): \(PrintableText.escape(problem, limit: 1000))\(hint)")
            return false
        }
    }

    /// `sluice dead discard`
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes dead letters permanently.",
            usage: """
                sluice dead discard <number> ... [--forget-key] [--config <file>] [<settings> ...]
                sluice dead discard --all [--forget-key] [--config <file>] [<settings> ...]
                """,
            discussion: """
                Their contents are deleted. The gateway still remembers the unique key of the delivery, so a repeated \
                delivery is a duplicate; with --forget-key it is accepted as new.
                """)

        @Flag(name: .long, help: "All dead letters that exist when the command starts.") var all = false
        @Flag(
            name: .long, help: "Forget the unique keys of their deliveries, so that the provider can send them again.")
        var forgetKey = false
        @OptionGroup var options: SettingsOptions

        private var letters = DeadLetterSelection.all

        private enum CodingKeys: String, CodingKey {
            case all, forgetKey, options
        }

        mutating func validate() throws { letters = try DeadLetterSelection.read(all: all, &options) }

        func run() async throws {
            try await letters.forEach(options) { number in
                let request = ControlRequest.discard(number, forgetsKey: forgetKey)
                let forgotten: ControlDocuments.Forgotten? = try await Console.find(request, options)
                guard let keys = forgotten?.keys else { return nil }
                let key = keys > 0 ? ", its key is forgotten" : "; no key of its delivery is remembered"
                Terminal.say("dead letter \(number): discarded\(forgetKey ? key : "")")
                return true
            }
        }
    }
}

/// The dead letters that a command changes.
enum DeadLetterSelection {
    case numbers([Int64])
    /// Those that exist when the command starts; later ones, such as one that is rejected again, are not changed.
    case all

    /// - Parameter options: contain the numbers, because a command has one list of positional arguments.
    static func read(all: Bool, _ options: inout SettingsOptions) throws -> DeadLetterSelection {
        let numbers = try Console.numbers(&options, of: "a dead letter")
        guard numbers.isEmpty == all else { throw ValidationError("give the numbers of dead letters, or --all") }
        return all ? .all : .numbers(numbers)
    }

    /// Calls `change` for each of them.
    ///
    /// - Parameter change: returns whether the dead letter is removed; `nil` if there is none with this number.
    func forEach(_ options: SettingsOptions, _ change: (Int64) async throws -> Bool?) async throws {
        var staying = 0
        switch self {
        case .numbers(let numbers):
            try await Console.forEach(numbers, of: "dead letter") { number in
                guard let isGone = try await change(number) else { return false }
                if !isGone { staying += 1 }
                return true
            }
        case .all:
            let status: ControlDocuments.Status = try await Console.ask(.status, options)
            if status.lastDeadLetter == 0 { Terminal.say("no dead letters") }
            var after: Int64 = 0
            while after < status.lastDeadLetter {
                let page = try await Self.letters(after, options).map(\.id).filter { $0 <= status.lastDeadLetter }
                // A dead letter that was removed in the meantime counts as done.
                for number in page where try await change(number) == false { staying += 1 }
                after = page.last ?? status.lastDeadLetter
            }
        }
        if staying > 0 {
            throw StartupError(
                .wrongInput, staying == 1 ? "1 dead letter was not retried" : "\(staying) dead letters were not retried"
            )
        }
    }

    /// A page of the list.
    static func letters(_ after: Int64, _ options: SettingsOptions) async throws -> [ControlDocuments.DeadLetter] {
        let page: ControlDocuments.Page<ControlDocuments.DeadLetter> = try await Console.ask(
            .deadLetters(after: after, limit: 500), options)
        return page.rows
    }
}
