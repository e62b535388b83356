internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceHTTP
internal import SluiceRouteFiles

/// Sends requests to the outbox of the settings.
enum Console {
    static func ask<Document: Decodable>(
        _ request: ControlRequest, _ options: SettingsOptions
    ) async throws -> Document {
        try ControlCoding.decode(Document.self, try await ControlClient.ask(request, try settings(options)))
    }

    /// - Returns: `nil` if it does not exist.
    static func find<Document: Decodable>(
        _ request: ControlRequest, _ options: SettingsOptions
    ) async throws -> Document? {
        let bytes = try await ControlClient.find(request, try settings(options))
        return try bytes.map { try ControlCoding.decode(Document.self, $0) }
    }

    static func settings(_ options: SettingsOptions) throws -> Settings {
        try options.read(defaults: Settings(), environment: ProcessEnvironment.variables(), checksRules: false).values
    }

    /// The numbers among the positional arguments of a command, each once, which are removed from its options.
    ///
    /// - Parameter what: the kind of the numbers, such as `a job`.
    static func numbers(_ options: inout SettingsOptions, of what: String) throws -> [Int64] {
        let (rest, words) = SettingsOption.split(options.settings)
        options.settings = rest
        var seen: Set<Int64> = []
        return try words.compactMap { word in
            guard let number = Int64(word) else {
                throw ValidationError("'\(PrintableText.escape(word, limit: 80))' is not the number of \(what)")
            }
            return seen.insert(number).inserted ? number : nil
        }
    }

    /// The only positional argument of a command, which is removed from its options.
    static func word(_ options: inout SettingsOptions, orSay hint: String) throws -> String {
        guard let word = try optionalWord(&options), !word.isEmpty else { throw ValidationError(hint) }
        return word
    }

    /// The positional argument of a command that may have one, which is removed from its options.
    static func optionalWord(_ options: inout SettingsOptions) throws -> String? {
        let (rest, words) = SettingsOption.split(options.settings)
        options.settings = rest
        guard words.count <= 1 else {
            throw ValidationError("unexpected argument '\(PrintableText.escape(words[1], limit: 80))'")
        }
        return words.first
    }

    /// Refuses the name of a route of which a command found nothing, unless it is loaded.
    ///
    /// - Parameters:
    ///   - found: the routes of which the command found something; `nil` to refuse no name without a gateway.
    ///   - area: where the command searched.
    ///   - nothing: what the command found instead; `nil` for a sentence with `area`.
    static func requireRoute(
        _ name: String, among found: Set<String>?, in area: String = "outbox", saying nothing: String? = nil,
        _ options: SettingsOptions
    ) async throws {
        guard found?.contains(name) != true else { return }
        let loaded = try await loadedRoutes(options)?.map(\.name)
        let known = (found ?? []).union(loaded ?? [])
        guard loaded != nil || found != nil, !known.contains(name) else { return }
        var others = known.sorted().prefix(20).map { PrintableText.escape($0) }.joined(separator: ", ")
        if known.count > 20 { others += " and \(known.count - 20) more" }
        throw StartupError(
            .wrongInput,
            (nothing ?? "the \(area) has nothing of the route '\(PrintableText.escape(name))'")
                + (loaded == nil ? "" : ", and no route with this name is loaded")
                + (others.isEmpty ? "" : "; known routes: \(others)"))
    }

    /// The routes of the running gateway; `nil` if none is running.
    static func loadedRoutes(_ options: SettingsOptions) async throws -> [RouteSummary]? {
        let bytes = try? await ControlClient.ask(.routes, try settings(options))
        return try bytes.map { try ControlCoding.decode(ControlDocuments.Routes.self, $0).routes }
    }

    /// Calls `change` with each number, and then refuses those that do not exist.
    ///
    /// - Parameter change: returns whether there is something with this number.
    static func forEach(
        _ numbers: [Int64], of what: String, _ change: (Int64) async throws -> Bool
    ) async throws {
        var missing: [Int64] = []
        for number in numbers where try await !change(number) { missing.append(number) }
        guard !missing.isEmpty else { return }
        throw StartupError(.wrongInput, "no \(what) \(missing.map(String.init).joined(separator: ", "))")
    }
}

/// The common options of commands that query the outbox: its location, and the output format.
struct ConsoleOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON.") var json = false
    @OptionGroup var settings: SettingsOptions

    /// Sends a request, and prints the answer as received or line by line.
    func show<Document: Decodable>(
        _ request: ControlRequest, as type: Document.Type, lines: (Document) -> [String]
    ) async throws {
        let bytes = try await ControlClient.ask(request, try Console.settings(settings))
        if json {
            Terminal.say(json: bytes)
            return
        }
        for line in lines(try ControlCoding.decode(type, bytes)) { Terminal.say(line) }
    }
}

/// The route that a command is limited to. Given twice it is an error: the last one would silently win.
struct RouteChoice: ParsableArguments {
    @Option(name: .customLong("route"), help: ArgumentHelp("Only those of this route.", valueName: "name"))
    var names: [String] = []

    /// Nil for all routes.
    var name: String? { names.first }

    func validate() throws {
        guard names.count <= 1 else { throw ValidationError("give --route once, and run the command for each route") }
    }
}

/// The part of a list that a command prints.
struct ListStretch: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Start after this number.", valueName: "number")) var after: Int64 = 0
    @Option(name: .long, help: ArgumentHelp("Maximum number of rows, 1 to 500.", valueName: "count")) var limit = 50

    func validate() throws {
        guard (1...500).contains(limit) else { throw ValidationError("--limit must be between 1 and 500") }
    }
}

extension OneRequest {
    /// - Parameter tlsAdvice: advice for a server certificate that is not trusted.
    static func answer(
        to request: HTTPClientRequest, from configuration: HTTPClientConfiguration, tlsAdvice: String? = nil
    ) async throws -> HTTPClientResponse {
        switch try await send(request, to: configuration) {
        case .success(let response): return response
        case .failure(let error):
            let advice = error.kind == .tls ? tlsAdvice.map { "; \($0)" } ?? "" : ""
            throw StartupError(.unavailable, "\(error)\(advice)")
        }
    }
}
