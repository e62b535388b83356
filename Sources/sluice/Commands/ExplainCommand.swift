internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRouteFiles
internal import SluiceRouteTools
internal import SluiceRoutes

/// `sluice explain`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows step by step what the route files do with one request, and why.",
        usage: """
            sluice explain [<folder>] --path <path> [<options>]
            sluice explain [<folder>] --delivery <id> [<options>]
            """,
        discussion: """
            Shows the processing of the request described by the options, without storing or sending anything. \
            <folder> contains the route files; default: the setting `routes`. With \
            --delivery it uses a delivery that a gateway accepted and whose request was kept (in a dead letter, or \
            because the route says `keep_request: true`), from the running gateway or, if none runs, from the outbox. \
            A request without a signature is signed with the first secret of its route, unless --unsigned is given. \
            Secrets that are missing in this environment are replaced by generated ones, and the output says so. The \
            output contains bodies. The exit status is 0 if the request would be accepted, 65 if it would be refused, \
            1 if route files or settings are wrong.

            sluice explain --path /github --header 'X-GitHub-Event: push' --body-file push.json
            """)

    /// The output format.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case human
        case json
    }

    @OptionGroup(title: "The request") var request: ExplainedRequest

    @Option(name: .long, help: ArgumentHelp("Id of a delivery whose request was kept.", valueName: "id")) var delivery:
        String?
    @Option(name: .long, help: "Output format: human, or json (one document).") var format = Format.human
    @Flag(name: .long, help: "Let route files contain secrets (`value:`).") var allowInlineSecrets = false
    @OptionGroup var options: SettingsOptions

    /// The folder is among the settings' positional arguments: a command has one list of them.
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
            throw ValidationError("--delivery cannot be combined with options that describe a request")
        }
        guard ControlRequest.isDeliveryID(delivery) else {
            throw ValidationError("--delivery must be the id of a delivery, as in its answer and in the log")
        }
    }

    func run() async throws {
        let environment = ProcessEnvironment.variables()
        let settings = try options.read(defaults: Settings(), environment: environment, checksRules: false).values
        // After the settings are parsed: a misspelled option leaves its value in `folders`.
        if folders.count > 1 {
            throw StartupError(
                .usage, "'\(PrintableText.escape(folders[1], limit: 80))' is unexpected: only one folder is allowed")
        }
        let explainer = try explainer(settings, environment)
        let explanation: Explanation
        if let delivery {
            explanation = try await explain(delivery, explainer, settings: settings)
        } else {
            explanation = explainer.explain(
                try request.request(), request.arrival(trusting: settings.trustedProxies), signs: !request.unsigned)
        }
        print(explanation)
        guard let code = explanation.refusal else { return }
        throw StartupError(.refused, "the request would be refused: \(code.httpStatus) \(code.rawValue)")
    }

    private func explainer(_ settings: Settings, _ environment: [String: String]) throws -> Explainer {
        let folder = folders.first ?? settings.routes
        var routeOptions = RouteOptions(settings, allowsInlineSecrets: allowInlineSecrets)
        routeOptions.secrets = .whereThere
        let compilation = FolderSnapshot.read(folder: folder, secretFiles: [])
            .compile(folder: folder, environment: environment, options: routeOptions)
        if let explainer = Explainer(compilation) { return explainer }
        let lines = compilation.problems.map { PrintableText.escape($0.description, limit: 1000) }
        let count = "\(lines.count) \(lines.count == 1 ? "error" : "errors") in \(PrintableText.escape(folder))"
        throw StartupError(.wrongInput, (lines + [count]).joined(separator: "\n"))
    }

    private func explain(_ id: String, _ explainer: Explainer, settings: Settings) async throws -> Explanation {
        let bytes = try await ControlClient.ask(.delivery(id), settings)
        let delivery = try ControlCoding.decode(ControlDocuments.Delivery.self, bytes)
        guard let request = delivery.request.flatMap({ Base64.decode(Array($0.utf8).span) }) else {
            throw StartupError(
                .wrongInput,
                "the request of the delivery \(id) was not kept; it is kept in a dead letter, or if the route says "
                    + "'keep_request: true'"
            )
        }
        let arrival = RequestArrival(
            sender: nil, isStored: true, receivedAtMilliseconds: delivery.receivedAt, deliveryID: delivery.delivery)
        let deliveryState = Explanation.DeliveryState(route: delivery.route, lines: ConsoleText.deliveryLines(delivery))
        guard
            let explanation = KeptRequestReading.read(
                request, { explainer.explain(stored: $0, arrival, deliveryState) })
        else {
            throw StartupError(.wrongInput, "the request of the delivery \(id) can no longer be read")
        }
        return explanation
    }

    private func print(_ explanation: Explanation) {
        switch format {
        case .json: Terminal.say(json: Array(explanation.json.utf8))
        case .human:
            for line in explanation.lines(hasColours: Terminal.hasColours) { Terminal.say(coloured: line) }
        }
    }
}
