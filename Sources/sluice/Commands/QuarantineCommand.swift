internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceOutbox
internal import SluiceRoutes

/// `sluice quarantine`
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Lists, verifies and drops requests whose signature no secret matched.",
        discussion: """
            A route with 'quarantine' keeps such requests. They were answered 401. After a secret was forgotten or \
            changed, add the right one to the route and verify them again.
            """,
        subcommands: [List.self, Verify.self, Drop.self])

    /// `sluice quarantine list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists quarantined requests, oldest first.")

        @OptionGroup var route: RouteChoice
        @OptionGroup var stretch: ListStretch
        @OptionGroup var options: ConsoleOptions

        func run() async throws {
            let ids = max(0, min(stretch.after, Int64.max - 1)) + 1
            var isEmpty = false
            try await options.show(
                .quarantine(QuarantineRange(route: route.name, ids: ids...Int64.max), limit: stretch.limit),
                as: ControlDocuments.Page<ControlDocuments.QuarantinedRequest>.self
            ) { page in
                isEmpty = page.rows.isEmpty
                return ConsoleText.quarantineLines(page)
            }
            if isEmpty {
                try await QuarantineSelection.range(stretch.after > 0 ? nil : route.name).sayNone(options.settings)
            }
        }
    }

    /// `sluice quarantine verify`
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verifies quarantined requests again and stores the jobs of the valid ones.",
            usage: """
                sluice quarantine verify <number> ... [--config <file>] [<settings> ...]
                sluice quarantine verify --route <route> | --all [--config <file>] [<settings> ...]
                """,
            discussion: """
                Needs a running gateway: each request is verified with the current version of its route, as of the \
                time of receipt. A valid one is stored like a webhook that arrives now and leaves the quarantine; \
                if its unique key is known, it is a duplicate. The others stay, and the reasons are printed.
                """)

        @OptionGroup var arguments: QuarantineArguments

        private var requests = QuarantineSelection.range(nil)

        private enum CodingKeys: String, CodingKey { case arguments }

        mutating func validate() throws { requests = try arguments.selection() }

        func run() async throws {
            var tally = QuarantineTally()
            // Also before an error about a number that does not exist.
            defer { if !tally.isEmpty { for line in tally.lines { Terminal.say(line) } } }
            try await requests.forEach(arguments.options) { number in
                let verdict: ControlDocuments.QuarantineVerdict? = try await Console.find(
                    .verifyQuarantined(number), arguments.options)
                guard let verdict else { return false }
                tally.add(verdict, of: number)
                return true
            }
            if tally.isEmpty { try await requests.sayNone(arguments.options) }
            if tally.refused > 0 {
                throw StartupError(.wrongInput, "\(TraceWords.count(tally.refused, "request")) still in the quarantine")
            }
        }
    }

    /// `sluice quarantine drop`
    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes quarantined requests permanently.",
            usage: """
                sluice quarantine drop <number> ... [--config <file>] [<settings> ...]
                sluice quarantine drop --route <route> | --all [--config <file>] [<settings> ...]
                """)

        @OptionGroup var arguments: QuarantineArguments

        private var requests = QuarantineSelection.range(nil)

        private enum CodingKeys: String, CodingKey { case arguments }

        mutating func validate() throws { requests = try arguments.selection() }

        func run() async throws {
            var dropped = 0
            defer { if dropped > 0 { Terminal.say("\(TraceWords.count(dropped, "request")) dropped") } }
            if case .numbers(let numbers) = requests {
                return try await Console.forEach(numbers, of: QuarantineSelection.noun) { number in
                    let before = dropped
                    try await drop(QuarantineRange(ids: number...number), &dropped)
                    return dropped > before
                }
            }
            if let range = try await requests.range(arguments.options) { try await drop(range, &dropped) }
            if dropped == 0 { try await requests.sayNone(arguments.options) }
        }

        /// - Parameter dropped: counts the dropped requests, also those before an error.
        private func drop(_ range: QuarantineRange, _ dropped: inout Int) async throws {
            var next: Int64? = range.ids.lowerBound
            while let first = next, first <= range.ids.upperBound {
                let stretch = QuarantineRange(route: range.route, ids: first...range.ids.upperBound)
                let answer: ControlDocuments.QuarantineDropped = try await Console.ask(
                    .dropQuarantined(stretch), arguments.options)
                dropped += answer.requests
                next = answer.next
            }
        }
    }
}

/// The arguments of the commands that apply to some quarantined requests.
struct QuarantineArguments: ParsableArguments {
    @Flag(name: .long, help: "All requests that are there when the command starts.") var all = false
    @OptionGroup var route: RouteChoice
    @OptionGroup var options: SettingsOptions

    /// Removes the numbers from the settings' positional arguments.
    mutating func selection() throws -> QuarantineSelection {
        let numbers = try Console.numbers(&options, of: "a quarantined request")
        switch (numbers.isEmpty, all, route.name) {
        case (false, false, nil): return .numbers(numbers)
        case (true, true, nil): return .range(nil)
        case (true, false, let route?): return .range(route)
        default: throw ValidationError("give one of: the numbers of requests, --route ROUTE, --all")
        }
    }
}

/// The quarantined requests that a command applies to.
enum QuarantineSelection {
    case numbers([Int64])
    /// All requests that exist when the command starts, of this route or of every route.
    case range(String?)

    /// Says that there is no request, or refuses the name of a route that is not known.
    func sayNone(_ options: SettingsOptions) async throws {
        if case .range(let route?) = self {
            try await Console.requireRoute(route, among: nil, in: "quarantine", options)
        }
        Terminal.say("no quarantined requests")
    }

    static let noun = "quarantined request"

    /// - Returns: `nil` for numbers, and if nothing is quarantined.
    func range(_ options: SettingsOptions) async throws -> QuarantineRange? {
        guard case .range(let route) = self else { return nil }
        let status: ControlDocuments.Status = try await Console.ask(.status, options)
        guard let last = status.lastQuarantined, last > 0 else { return nil }
        return QuarantineRange(route: route, ids: 1...last)
    }

    /// Calls `change` with each number.
    ///
    /// - Parameter change: returns whether there is a request with this number.
    func forEach(_ options: SettingsOptions, _ change: (Int64) async throws -> Bool) async throws {
        if case .numbers(let numbers) = self { return try await Console.forEach(numbers, of: Self.noun, change) }
        var range = try await range(options)
        while let stretch = range {
            let page: ControlDocuments.Page<ControlDocuments.QuarantinedRequest> = try await Console.ask(
                .quarantine(stretch, limit: 500), options)
            // A request that another command has removed in the meantime is skipped.
            for request in page.rows { _ = try await change(request.id) }
            range = page.next.flatMap { last in
                last < stretch.ids.upperBound
                    ? QuarantineRange(route: stretch.route, ids: (last + 1)...stretch.ids.upperBound) : nil
            }
        }
    }
}

/// The result of verifying several requests.
struct QuarantineTally {
    /// The maximum number of printed reasons.
    private static let maximumReasons = 20

    /// Whether there was no request.
    private(set) var isEmpty = true
    private var verified = 0
    private var jobs = 0
    private var deadLetters = 0
    private var duplicates = 0
    private var ignored = 0
    private(set) var refused = 0
    private var reasons: [String] = []

    mutating func add(_ verdict: ControlDocuments.QuarantineVerdict, of number: Int64) {
        isEmpty = false
        if let problem = verdict.problem {
            refused += 1
            guard refused <= Self.maximumReasons else { return }
            reasons.append("request \(number): still refused: \(PrintableText.escape(problem, limit: 1000))")
            return
        }
        verified += 1
        jobs += verdict.jobs ?? 0
        deadLetters += verdict.deadLetters ?? 0
        duplicates += verdict.duplicates ?? 0
        ignored += verdict.ignored == nil ? 0 : 1
    }

    /// The reasons, and the sum: `12 verified, 9 jobs, 3 duplicates, 2 still refused`.
    var lines: [String] {
        let more = refused > Self.maximumReasons ? ["and \(refused - Self.maximumReasons) more"] : []
        var words = ["\(verified) verified", TraceWords.count(jobs, "job")]
        if deadLetters > 0 { words.append(TraceWords.count(deadLetters, "dead letter")) }
        if duplicates > 0 { words.append(TraceWords.count(duplicates, "duplicate")) }
        if ignored > 0 { words.append("\(ignored) ignored by their rules") }
        if refused > 0 { words.append("\(refused) still refused") }
        return reasons + more + [words.joined(separator: ", ")]
    }
}
