internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceOutbox
internal import SluiceRouteFiles
internal import SluiceRoutes

/// `sluice outbox`
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox",
        abstract: "Shows and changes the contents of the outbox, with or without a running gateway.",
        subcommands: [
            Status.self, List.self, Show.self, Bury.self, Forget.self, Replay.self, Backup.self,
            Salvage.self,
        ])

    /// `sluice outbox status`
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the number of jobs and dead letters, and the sizes.")

        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            try await options.show(.status, as: ControlDocuments.Status.self, lines: ConsoleText.lines)
        }
    }

    /// `sluice outbox list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists jobs, oldest first.")

        @Option(name: .long, help: "Which jobs: pending, delivered or parked.") var state = JobState.pending
        @OptionGroup var stretch: ListStretch
        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            try await options.show(
                .jobs(state, after: stretch.after, limit: stretch.limit), as: ControlDocuments.Page.self
            ) { page in
                ConsoleText.lines(page, state)
            }
        }
    }

    /// `sluice outbox show`
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows one job with its payload.")

        @Argument(help: "The number of the job in `sluice outbox list`.") var number: Int64
        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            try await options.show(.job(number), as: ControlDocuments.JobContent.self, lines: ConsoleText.lines)
        }
    }

    /// `sluice outbox bury`
    struct Bury: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Moves pending or parked jobs to the dead letters, so that they are not sent.",
            usage: "sluice outbox bury <number> ... [--config <file>] [<settings> ...]",
            discussion: """
                A job that is being sent at this moment cannot be buried. `sluice dead retry` puts a buried job back \
                into the sending order.
                """)

        @OptionGroup var options: SettingsOptions

        private var numbers: [Int64] = []

        private enum CodingKeys: String, CodingKey {
            case options
        }

        mutating func validate() throws {
            numbers = try Console.numbers(&options, of: "a job")
            guard !numbers.isEmpty else {
                throw ValidationError("give the numbers of jobs, as shown by `sluice outbox list`")
            }
        }

        func run() async throws {
            try await Console.forEach(numbers, of: "pending or parked job") { number in
                let found: ControlDocuments.Buried? = try await Console.find(.bury(number), options)
                guard let buried = found else { return false }
                Terminal.say("job \(number): now dead letter \(buried.deadLetter)")
                return true
            }
        }
    }

    /// `sluice outbox forget`
    struct Forget: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forgets a unique key, so that the provider can send the delivery again.",
            usage: """
                sluice outbox forget --delivery <id> [--config <file>] [<settings> ...]
                sluice outbox forget --key <route> [--config <file>] [<settings> ...] [--] <key>
                """,
            discussion: """
                The delivery is accepted as new when it is sent again. Its jobs then get the key with the next \
                generation, such as github:72d3~1, so that Zizq does not drop them as duplicates. Write -- before a \
                key that begins with a dash.
                """)

        @Option(name: .long, help: ArgumentHelp("Id of the delivery, from its answer.", valueName: "id"))
        var delivery: String?
        @Option(
            name: .long,
            help: ArgumentHelp(
                "The route's name, followed by the key as shown after that name by `sluice outbox list`: if the path "
                    + "has parameters, their values come first, as in `--key orders acme:17`.",
                valueName: "route"))
        var key: String?
        @OptionGroup var options: SettingsOptions

        /// Sent one after the other until one forgets a key.
        private var requests: [ControlRequest] = []

        private enum CodingKeys: String, CodingKey {
            case delivery, key, options
        }

        mutating func validate() throws {
            let (rest, words) = SettingsOption.split(options.settings)
            options.settings = rest
            switch (delivery, key, words.count) {
            case (let id?, nil, 0):
                guard ControlRequest.isDeliveryID(id) else {
                    throw ValidationError("'\(PrintableText.escape(id, limit: 80))' is not the id of a delivery")
                }
                requests = [.forgetDelivery(id)]
            case (nil, let route?, 1):
                requests = DeliveryKey.readings(route: route, listed: words[0]).map {
                    .forgetKey($0.hashes, job: $0.job)
                }
            case (nil, .some, 0) where rest.contains { $0.hasPrefix("-") && $0 != "--" }:
                throw ValidationError(
                    "use --delivery ID or --key ROUTE KEY; if the key begins with a dash, write -- before it")
            default: throw ValidationError("use --delivery ID or --key ROUTE KEY")
            }
        }

        func run() async throws {
            var forgotten: ControlDocuments.Forgotten?
            for request in requests where forgotten.map({ $0.keys == 0 }) ?? true {
                forgotten = try await Console.ask(request, options) as ControlDocuments.Forgotten
            }
            guard let forgotten, forgotten.keys > 0 else {
                if let route = key {
                    let nothing = "no delivery with this key is remembered"
                    try await Console.requireRoute(route, among: nil, saying: nothing, options)
                    let advice = try await Self.advice(onKeysOf: route, options)
                    let state = advice == nil ? ", so it is accepted as new" : ""
                    let found = requests.count == 1 ? state : ", and no job in the outbox is listed with it"
                    throw StartupError(.wrongInput, nothing + found + (advice.map { "; \($0)" } ?? ""))
                }
                throw StartupError(
                    .wrongInput,
                    "no unique key of the delivery is remembered, so it is accepted as new when it is sent again")
            }
            Terminal.say(forgotten.keys == 1 ? "1 key forgotten" : "\(forgotten.keys) keys forgotten")
            if forgotten.isUndelivered {
                Terminal.say(
                    "a job of the delivery is still pending, parked or dead: when the delivery is sent again, there "
                        + "will be a second one"
                )
            }
        }

        /// How to write a key of a route whose path has parameters, as far as its path is known.
        private static func advice(onKeysOf route: String, _ options: SettingsOptions) async throws -> String? {
            let shown = "which 'sluice outbox list' shows after the route's name"
            guard let routes = try await Console.loadedRoutes(options) else {
                return "if the path of the route has parameters, write their values before the key, as in VALUE:KEY, "
                    + shown
            }
            guard let path = routes.first(where: { $0.name == route })?.path else { return nil }
            let names = path.matches(of: /\{[^}]+\}/).map { PrintableText.escape($0.output) }
            guard !names.isEmpty else { return nil }
            let noun = names.count == 1 ? "the value of" : "the values of"
            return "with the path \(PrintableText.escape(path)), write \(noun) \(names.joined(separator: ", ")) "
                + "before the key, as in \(names.map { _ in "VALUE:" }.joined())KEY, \(shown)"
        }
    }
}

extension JobState: ExpressibleByArgument {}
extension DeadLetterReason: ExpressibleByArgument {}
