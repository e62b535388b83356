internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRoutes

/// `sluice explain`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says step by step what the route files make of one request, and why.",
        usage: """
            sluice explain [<folder>] --path <path> [<options>]
            sluice explain [<folder>] --delivery <id> [<options>]
            """,
        discussion: """
            The request is what the options say, and nothing is stored or sent; or with --delivery one that a gateway \
            has taken and kept \
            (with its dead letter, or because the route says `keep_request: true`), asked from the running gateway, \
            or where none runs \
            from the outbox itself. A request without a signature is signed with the first secret of its route, \
            unless --unsigned is \
            given. In the place of secrets that are not in this environment others are made up, and the account says \
            so. It shows bodies. \
            Exit status 0 if the request would be taken, 65 if it would be refused, 1 where route files or settings \
            are wrong.

            sluice explain --path /github --header 'X-GitHub-Event: push' --body-file push.json
            """)

    /// How the account is printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case human
        case json
    }

    @OptionGroup(title: "The request") var request: ExplainedRequest

    @Option(name: .long, help: ArgumentHelp("A delivery that was kept, by its id.", valueName: "id")) var delivery:
        String?
    @Option(name: .long, help: "How to print the account: human, or json (one document).") var format = Format.human
    @Flag(name: .long, help: "Let route files hold secrets themselves (`value:`).") var allowInlineSecrets = false
    @OptionGroup var options: SettingsOptions

    /// The folder stands among what the options of settings are taken from: a command has one list of free words.
    private var folders: [String] = []

    private enum CodingKeys: String, CodingKey {
        case request, delivery, format, allowInlineSecrets, options
    }

    mutating func validate() throws {
        let (rest, words) = SettingsOption.split(options.settings)
        options.settings = rest
        folders = words
        guard let delivery else { return try request.check() }
        guard request.isEmpty else {
            throw ValidationError("--delivery brings its own request; leave out what else describes one")
        }
        guard ControlRequest.isDeliveryID(delivery) else {
            throw ValidationError("--delivery is the id of a delivery, as its answer and the log have it")
        }
    }

    func run() async throws {
        let environment = ProcessEnvironment.variables()
        let settings = try options.read(defaults: Settings(), environment: environment, checksRules: false).values
        // Behind the settings, of which one that is misspelt leaves its value here.
        if folders.count > 1 {
            throw StartupError(.usage, "'\(PrintableText.escape(folders[1], limit: 80))' is one folder too many")
        }
        let explainer = Explainer(try table(settings, environment))
        let explanation: Explanation
        if let delivery {
            explanation = try await explain(delivery, explainer, settings)
        } else {
            explanation = explainer.explain(
                try request.request(), request.arrival(trusting: settings.trustedProxies), signs: !request.unsigned)
        }
        print(explanation)
        guard let code = explanation.refusal else { return }
        throw StartupError(.refused, "the request would be refused: \(code.httpStatus) \(code.rawValue)")
    }

    private func table(_ settings: Settings, _ environment: [String: String]) throws -> RouteTable {
        let folder = folders.first ?? settings.routes
        var routeOptions = RouteOptions(settings, allowsInlineSecrets: allowInlineSecrets)
        routeOptions.secrets = .whereThere
        let compilation = FolderSnapshot.read(folder: folder, secretFiles: [])
            .compile(folder: folder, environment: environment, options: routeOptions)
        if let table = compilation.table { return table }
        let lines = compilation.problems.map { PrintableText.escape($0.description, limit: 1000) }
        let count = "\(lines.count) \(lines.count == 1 ? "error" : "errors") in \(PrintableText.escape(folder))"
        throw StartupError(.wrongInput, (lines + [count]).joined(separator: "\n"))
    }

    private func explain(_ id: String, _ explainer: Explainer, _ settings: Settings) async throws -> Explanation {
        let bytes = try await ControlClient.ask(.delivery(id), settings)
        let delivery = try ControlCoding.decode(ControlDocuments.Delivery.self, bytes)
        guard let request = delivery.request.flatMap({ Base64.decode(Array($0.utf8).span) }) else {
            throw StartupError(
                .wrongInput,
                "the request of the delivery \(id) is not kept; it is with a dead letter, and where the route says "
                    + "'keep_request: true'"
            )
        }
        let arrival = Explainer.Arrival(
            sender: nil, receivedAtMilliseconds: delivery.receivedAt, deliveryID: delivery.delivery)
        let fate = Explanation.Fate(route: delivery.route, lines: ConsoleText.fateLines(delivery))
        guard let explanation = KeptRequestReading.read(request, { explainer.explain(taken: $0, arrival, fate) }) else {
            throw StartupError(.wrongInput, "the request of the delivery \(id) cannot be read any more")
        }
        return explanation
    }

    private func print(_ explanation: Explanation) {
        switch format {
        case .json: Terminal.say(explanation.json)
        case .human:
            var form = ExplanationTextForm()
            form.hasColours = Terminal.hasColours
            for line in explanation.lines(form) { Terminal.say(line) }
        }
    }
}
